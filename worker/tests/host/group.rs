//! The Auto Scaling group: the launch hook, and the protection of busy hosts.

use std::time::Duration;

use valet_protocol::config::ScaleInProtection;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{Harness, LIMIT, configuration};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::wait::until;

use crate::support::{harness, launch_hook, push, push_running, replaced, until_task};

/// What the launch hook was completed with, oldest first.
fn launch_results(harness: &Harness) -> Vec<String> {
    let calls = harness.aws.calls_of("CompleteLifecycleAction").into_iter();
    calls
        .filter(|call| call.parameters["LifecycleHookName"] == launch_hook().name)
        .map(|call| call.parameters["LifecycleActionResult"].clone())
        .collect()
}

/// What the protection was set to, oldest first.
fn protection(harness: &Harness) -> Vec<String> {
    let calls = harness.aws.calls_of("SetInstanceProtection").into_iter();
    calls
        .map(|call| call.parameters["ProtectedFromScaleIn"].clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_launch_hook_is_completed_once_when_the_host_is_ready() {
    let Some(mut harness) = harness(|config| config.group.launch_hook = Some(launch_hook())).await
    else {
        return;
    };
    harness.get_ready().await;
    until(LIMIT, "the hook is completed", || {
        launch_results(&harness) == ["CONTINUE"]
    })
    .await;
    // A restarted agent does not complete it again.
    harness.agent().kill().await.expect("it ran");
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Ready).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(launch_results(&harness), ["CONTINUE"]);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_launch_hook_is_abandoned_when_the_start_fails() {
    let Some(mut harness) = harness(|config| {
        config.group.launch_hook = Some(launch_hook());
        config.start.services_seconds = configuration::seconds(2.0);
    })
    .await
    else {
        return;
    };
    harness.systemd.refuse_starts(units::XVFB, true);
    harness.systemd.kill(units::XVFB).await;
    harness.run_agent().expect("the agent starts");
    replaced(&harness).await;
    until(LIMIT, "the hook is abandoned", || {
        launch_results(&harness) == ["ABANDON"]
    })
    .await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_host_is_protected_once_and_an_idle_one_not() {
    let Some(mut harness) = harness(|config| {
        let idle_seconds = configuration::seconds(3.0);
        config.group.scale_in_protection = Some(ScaleInProtection { idle_seconds });
    })
    .await
    else {
        return;
    };
    harness.imds.set_target_state("InService");
    harness.get_ready().await;
    for _ in 0..3 {
        let task = push(&harness, Duration::from_millis(200));
        until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
    }
    until(LIMIT, "it is protected", || {
        protection(&harness).contains(&"true".to_owned())
    })
    .await;
    until(LIMIT, "it is idle", || {
        protection(&harness).last().map(String::as_str) == Some("false")
    })
    .await;
    let calls = protection(&harness);
    assert!(calls.len() <= 4, "a call per task: {calls:?}");
    push_running(&harness, 1, &serde_json::json!({ "ms": 500 })).await;
    until(LIMIT, "it is protected again", || {
        protection(&harness).last().map(String::as_str) == Some("true")
    })
    .await;
    harness.end().await;
}
