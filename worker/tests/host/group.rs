//! The Auto Scaling group: the launch hook, and the protection of busy hosts.

use std::time::Duration;

use valet_protocol::config::{Config, ScaleInProtection};
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::aws::Fault;
use valet_test_kit::harness::{Harness, LIMIT, configuration};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::wait::until;

use crate::support::{harness, launch_hook, push, push_running, replaced, until_task};

/// How long a call that hangs is waited for: what waits for one comes no sooner.
const HANGS: Duration = Duration::from_secs(15);

/// What a hook was completed with, oldest first.
fn results(harness: &Harness, hook: &str) -> Vec<String> {
    let calls = harness.aws.calls_of("CompleteLifecycleAction").into_iter();
    calls
        .filter(|call| call.parameters["LifecycleHookName"] == hook)
        .map(|call| call.parameters["LifecycleActionResult"].clone())
        .collect()
}

/// What the launch hook was completed with, oldest first.
fn launch_results(harness: &Harness) -> Vec<String> {
    results(harness, &launch_hook().name)
}

/// Waits until the launch hook is completed with this.
async fn until_launched(harness: &Harness, result: &str) {
    until(LIMIT, "the launch hook is completed", || {
        launch_results(harness) == [result]
    })
    .await;
}

/// A host whose group has a launch hook.
async fn with_launch_hook(adjust: impl FnOnce(&mut Config)) -> Option<Harness> {
    harness(|config| {
        config.group.launch_hook = Some(launch_hook());
        adjust(config);
    })
    .await
}

/// The same, whose X server does not come up, so that its start fails soon.
async fn without_an_x_server() -> Option<Harness> {
    let short = configuration::seconds(2.0);
    let harness = with_launch_hook(|config| config.start.services_seconds = short).await?;
    harness.systemd.refuse_starts(units::XVFB, true);
    harness.systemd.kill(units::XVFB).await;
    Some(harness)
}

/// Protects the host while it is busy, and for so long after.
fn protect(config: &mut Config, idle_seconds: f64) {
    let idle_seconds = configuration::seconds(idle_seconds);
    config.group.scale_in_protection = Some(ScaleInProtection { idle_seconds });
}

/// From now on every call of AWS but those of lifecycle hooks ends like this.
fn let_all_but_hooks(harness: &Harness, fault: Fault) {
    for action in [
        "SetInstanceHealth",
        "SetInstanceProtection",
        "DescribeAutoScalingGroups",
    ] {
        harness.aws.set_action(action, fault);
    }
    harness.aws.set_cloudwatch(fault);
}

/// Waits until the terminate hook is completed, and holds that it did not wait for a call that hangs.
async fn completed_in_time(harness: &Harness, why: &str) {
    let began = std::time::Instant::now();
    until(LIMIT, "the terminate hook is completed", || {
        results(harness, &harness.config.group.hook) == ["CONTINUE"]
    })
    .await;
    let took = began.elapsed();
    assert!(took < HANGS, "{why}: {took:?}\n{}", harness.agent_log());
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
    let Some(mut harness) = with_launch_hook(|_| {}).await else {
        return;
    };
    harness.get_ready().await;
    until_launched(&harness, "CONTINUE").await;
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
    let Some(mut harness) = without_an_x_server().await else {
        return;
    };
    harness.run_agent().expect("the agent starts");
    replaced(&harness).await;
    until_launched(&harness, "ABANDON").await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_host_is_protected_once_and_an_idle_one_not() {
    let Some(mut harness) = harness(|config| protect(config, 3.0)).await else {
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

/// A busy host ends, and nothing but its hooks comes through to AWS.
async fn a_busy_host_ends_while_calls(fault: Fault) {
    let Some(mut harness) = with_launch_hook(|config| protect(config, 1.0)).await else {
        return;
    };
    let_all_but_hooks(&harness, fault);
    harness.imds.set_target_state("InService");
    harness.get_ready().await;
    until_launched(&harness, "CONTINUE").await;
    // The hook is extended every ten seconds, a third of the shortest timeout that there may be.
    let tasks = push_running(&harness, 1, &serde_json::json!({ "ms": 16_000 })).await;
    until(LIMIT, "its protection is tried", || {
        protection(&harness).contains(&"true".to_owned())
    })
    .await;
    assert!(!harness.aws.calls_of("DescribeAutoScalingGroups").is_empty());
    assert!(harness.aws.refused_puts() > 0, "a report is tried");
    harness.imds.set_target_state("Terminated");
    until(LIMIT, "the terminate hook is extended", || {
        !harness
            .aws
            .calls_of("RecordLifecycleActionHeartbeat")
            .is_empty()
    })
    .await;
    until_task(&harness, &tasks[0], "it completes", TaskRun::is_completed).await;
    harness.reaches(State::Stopped).await;
    completed_in_time(&harness, &format!("{fault:?}")).await;
    let_all_but_hooks(&harness, Fault::None);
    // What was not sent meanwhile is sent, which the end holds against what CloudWatch has.
    until(LIMIT, "reports come through again", || {
        harness.agent_log().contains("PutMetricData works again")
    })
    .await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_of_a_busy_host_waits_for_no_other_call() {
    tokio::join!(
        a_busy_host_ends_while_calls(Fault::Hanging),
        a_busy_host_ends_while_calls(Fault::Failing(500)),
    );
}

/// A host that does not come up cannot say so to its group, which ends it all the same.
async fn an_unhealthy_host_ends_while_calls(fault: Fault) {
    let Some(mut harness) = without_an_x_server().await else {
        return;
    };
    let_all_but_hooks(&harness, fault);
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Unhealthy).await;
    until(LIMIT, "its health is tried", || {
        !harness.aws.calls_of("SetInstanceHealth").is_empty()
    })
    .await;
    until_launched(&harness, "ABANDON").await;
    harness.imds.set_target_state("Terminated");
    completed_in_time(&harness, &format!("{fault:?}")).await;
    let_all_but_hooks(&harness, Fault::None);
    until(LIMIT, "the group knows in the end", || {
        let log = harness.agent_log();
        log.contains("instance marked unhealthy")
    })
    .await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_of_a_host_whose_health_cannot_be_set_is_completed() {
    tokio::join!(
        an_unhealthy_host_ends_while_calls(Fault::Hanging),
        an_unhealthy_host_ends_while_calls(Fault::Failing(503)),
    );
}
