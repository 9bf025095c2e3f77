//! The whole way in TLS, as on an instance: AWS, the Valet API, Hatchet by REST and by gRPC.

use std::time::Duration;

use valet_protocol::local_api::State;
use valet_test_kit::harness::configuration::seconds;
use valet_test_kit::harness::{Harness, LIMIT};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::imds::SpotAction;
use valet_test_kit::tls::Authority;
use valet_test_kit::wait::until;

use crate::support::{harness, push, until_task};

/// Starts the agent in a harness behind TLS, with this file of authorities.
async fn run_behind(harness: &mut Harness, authority: &Authority, trusted: &str) {
    let environment = harness.behind_tls(authority, None).await.expect("ports");
    let mut environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    environment.push(("SSL_CERT_FILE", trusted));
    harness.run_agent_with(&environment).expect("it starts");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_lives_and_drains_behind_tls() {
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    let authority = Authority::new();
    let bundle = harness.folder().join("bundle.pem");
    authority.write_bundle(&bundle).expect("written");
    run_behind(&mut harness, &authority, bundle.to_str().expect("UTF-8")).await;
    harness.reaches(State::Ready).await;
    let task = push(&harness, Duration::from_millis(200));
    until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
    until(LIMIT, "heartbeats and reports arrive", || {
        harness.valet_api.accepted() > 1 && harness.aws.accepted_puts() > 1
    })
    .await;
    until(LIMIT, "its labels came by gRPC", || {
        let workers = harness.engine.workers();
        workers
            .iter()
            .any(|worker| worker.labels.contains_key("capacity"))
    })
    .await;
    harness
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    harness.reaches(State::Stopped).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let Some(mut harness) = harness(|config| config.start.secrets_seconds = seconds(15.0)).await
    else {
        return;
    };
    let strangers = harness.folder().join("strangers.pem");
    Authority::new().write_bundle(&strangers).expect("written");
    let strangers = strangers.to_str().expect("UTF-8").to_owned();
    run_behind(&mut harness, &Authority::new(), &strangers).await;
    harness.reaches(State::Unhealthy).await;
    let status = harness.status().await.expect("it answers");
    assert!(status.cause.contains("certificate"), "{}", status.cause);
    assert_eq!(harness.valet_api.accepted(), 0);
    assert_eq!(harness.aws.accepted_puts(), 0);
    harness.end().await;
}
