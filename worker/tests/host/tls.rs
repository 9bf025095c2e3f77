//! The whole way in TLS, as on an instance: AWS, the Valet API, Hatchet by REST and by gRPC.

use std::time::Duration;

use valet_protocol::local_api::State;
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::imds::SpotAction;
use valet_test_kit::tls::Authority;
use valet_test_kit::wait::until;
use valet_test_kit::world::configuration::seconds;
use valet_test_kit::world::{LIMIT, World};

use crate::support::{push, until_task, world};

/// Starts the agent in a world behind TLS, with this file of authorities.
async fn run_behind(world: &mut World, authority: &Authority, trusted: &str) {
    let environment = world.behind_tls(authority, None).await.expect("ports");
    let mut environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    environment.push(("SSL_CERT_FILE", trusted));
    world.run_agent_with(&environment).expect("it starts");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_lives_and_drains_behind_tls() {
    let Some(mut world) = world(|_| {}).await else {
        return;
    };
    let authority = Authority::new();
    let bundle = world.folder().join("bundle.pem");
    authority.write_bundle(&bundle).expect("written");
    run_behind(&mut world, &authority, bundle.to_str().expect("UTF-8")).await;
    world.reaches(State::Ready).await;
    let task = push(&world, Duration::from_millis(200));
    until_task(&world, &task, "it completes", TaskRun::is_completed).await;
    until(LIMIT, "heartbeats and reports arrive", || {
        world.valet_api.accepted() > 1 && world.aws.accepted_puts() > 1
    })
    .await;
    until(LIMIT, "its labels came by gRPC", || {
        let workers = world.engine.workers();
        workers
            .iter()
            .any(|worker| worker.labels.contains_key("capacity"))
    })
    .await;
    world
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    world.reaches(State::Stopped).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_vouches_for_is_told_nothing() {
    let Some(mut world) = world(|config| config.start.secrets_seconds = seconds(15.0)).await else {
        return;
    };
    let strangers = world.folder().join("strangers.pem");
    Authority::new().write_bundle(&strangers).expect("written");
    let strangers = strangers.to_str().expect("UTF-8").to_owned();
    run_behind(&mut world, &Authority::new(), &strangers).await;
    world.reaches(State::Unhealthy).await;
    let status = world.status().await.expect("it answers");
    assert!(status.cause.contains("certificate"), "{}", status.cause);
    assert_eq!(world.valet_api.accepted(), 0);
    assert_eq!(world.aws.accepted_puts(), 0);
    world.end().await;
}
