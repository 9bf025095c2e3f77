//! The Auto Scaling group: the launch hook, and the protection of busy hosts.

use std::time::Duration;

use valet_protocol::config::ScaleInProtection;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::wait::until;
use valet_test_kit::world::{LIMIT, World, configuration};

use crate::support::{launch_hook, push, push_running, replaced, until_task, world};

/// What the launch hook was completed with, oldest first.
fn launch_results(world: &World) -> Vec<String> {
    let calls = world.aws.calls_of("CompleteLifecycleAction").into_iter();
    calls
        .filter(|call| call.parameters["LifecycleHookName"] == launch_hook().name)
        .map(|call| call.parameters["LifecycleActionResult"].clone())
        .collect()
}

/// What the protection was set to, oldest first.
fn protection(world: &World) -> Vec<String> {
    let calls = world.aws.calls_of("SetInstanceProtection").into_iter();
    calls
        .map(|call| call.parameters["ProtectedFromScaleIn"].clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_launch_hook_is_completed_once_when_the_host_is_ready() {
    let Some(mut world) = world(|config| config.group.launch_hook = Some(launch_hook())).await
    else {
        return;
    };
    world.get_ready().await;
    until(LIMIT, "the hook is completed", || {
        launch_results(&world) == ["CONTINUE"]
    })
    .await;
    // A restarted agent does not complete it again.
    world.agent().kill().await.expect("it ran");
    world.run_agent().expect("the agent starts");
    world.reaches(State::Ready).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(launch_results(&world), ["CONTINUE"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_launch_hook_is_abandoned_when_the_start_fails() {
    let Some(mut world) = world(|config| {
        config.group.launch_hook = Some(launch_hook());
        config.start.services_seconds = configuration::seconds(2.0);
    })
    .await
    else {
        return;
    };
    world.systemd.refuse_starts(units::XVFB, true);
    world.systemd.kill(units::XVFB).await;
    world.run_agent().expect("the agent starts");
    replaced(&world).await;
    until(LIMIT, "the hook is abandoned", || {
        launch_results(&world) == ["ABANDON"]
    })
    .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_host_is_protected_once_and_an_idle_one_not() {
    let Some(mut world) = world(|config| {
        let idle_seconds = configuration::seconds(3.0);
        config.group.scale_in_protection = Some(ScaleInProtection { idle_seconds });
    })
    .await
    else {
        return;
    };
    world.imds.set_target_state("InService");
    world.get_ready().await;
    for _ in 0..3 {
        let task = push(&world, Duration::from_millis(200));
        until_task(&world, &task, "it completes", TaskRun::is_completed).await;
    }
    until(LIMIT, "it is protected", || {
        protection(&world).contains(&"true".to_owned())
    })
    .await;
    until(LIMIT, "it is idle", || {
        protection(&world).last().map(String::as_str) == Some("false")
    })
    .await;
    let calls = protection(&world);
    assert!(calls.len() <= 4, "a call per task: {calls:?}");
    push_running(&world, 1, &serde_json::json!({ "ms": 500 })).await;
    until(LIMIT, "it is protected again", || {
        protection(&world).last().map(String::as_str) == Some("true")
    })
    .await;
    world.end().await;
}
