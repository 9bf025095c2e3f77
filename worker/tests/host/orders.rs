//! A person on the host: `status`, `drain`, `resume`, `heal`.

use std::time::Duration;

use serde_json::Value;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::harness::configuration::seconds;
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::imds::SpotAction;
use valet_test_kit::wait::until;

use crate::support::{push, push_running, ready_world, run, until_task};

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_is_ordered_and_taken_back() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let running = push_running(&harness, 1, &serde_json::json!({ "ms": 2500 })).await;
    let (code, printed, said) = run(
        &harness,
        &["drain", "--cause", "a new kernel", "--format", "json"],
    )
    .await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(printed["state"], "draining", "{printed}");
    until_task(&harness, &running[0], "it completes", TaskRun::is_completed).await;
    harness.reaches(State::Stopped).await;
    let (code, printed, _) = run(&harness, &["status", "--format", "json"]).await;
    assert_eq!((code, &printed["state"]), (0, &Value::from("stopped")));

    let (code, _, said) = run(&harness, &["resume", "--format", "json"]).await;
    assert_eq!(code, 0, "{said}");
    harness.reaches(State::Ready).await;
    let task = push(&harness, Duration::from_millis(100));
    until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ec2_ordered_no_person_takes_back() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    harness
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    harness.reaches(State::Draining).await;
    let (code, _, said) = run(&harness, &["resume"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("spot interruption notice"), "{said}");
    harness.reaches(State::Stopped).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heal_restarts_what_is_down_and_nothing_else() {
    // The agent needs two looks as well, and begins with the first one later.
    let Some(harness) = ready_world(|config| {
        config.services.interval_seconds = seconds(3.0);
    })
    .await
    else {
        return;
    };
    let (code, printed, said) = run(&harness, &["heal"]).await;
    assert_eq!(code, 0, "{said}{printed}");
    assert!(
        harness
            .systemd
            .jobs()
            .iter()
            .all(|job| job.kind != "restart")
    );

    let looks = harness.x_server.handshakes();
    until(LIMIT, "the agent has just looked", || {
        harness.x_server.handshakes() > looks
    })
    .await;
    let before = harness.systemd.starts(units::XVFB);
    harness.systemd.kill(units::XVFB).await;
    let (code, printed, said) = run(&harness, &["heal"]).await;
    assert_eq!(code, 0, "{said}{printed}");
    until(LIMIT, "it runs again", || {
        harness.systemd.active_state(units::XVFB) == Some("active")
    })
    .await;
    assert_eq!(harness.systemd.starts(units::XVFB), before + 1);
    let services = printed["services"].as_array().expect("a list");
    let xvfb = services.iter().find(|service| service["name"] == "xvfb");
    let xvfb = xvfb.expect("it was looked at");
    assert_eq!(
        (&xvfb["action"], &xvfb["well"]),
        (&Value::from("restarted"), &Value::from(true)),
        "{printed}"
    );
    let others = harness.systemd.jobs().into_iter();
    let mut others = others.filter(|job| job.kind == "restart" && job.unit != units::XVFB);
    assert_eq!(others.next(), None);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_agent_a_command_says_so() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    harness.agent().kill().await.expect("it ran");
    let (code, _, said) = run(&harness, &["status"]).await;
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("systemctl status valet-worker"), "{said}");
    harness.end().await;
}
