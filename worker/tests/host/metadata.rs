//! The metadata service in every fault, and every kind of notice.

use std::time::Duration;

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{Harness, LIMIT};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::imds::{Fault, SpotAction};
use valet_test_kit::wait::until;

use crate::support::{harness, push, push_running, ready_world, until_task};

const SPOT: &str = "/latest/meta-data/spot/instance-action";

/// The agent still looks, and nothing has happened to the host.
async fn still_looks(harness: &Harness) {
    let before = harness.imds.count(SPOT, 404);
    until(LIMIT, "it looks again", || {
        harness.imds.count(SPOT, 404) > before + 2
    })
    .await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(status.state, State::Ready, "{}", harness.agent_log());
    assert_eq!(harness.agent_log().matches("drain started").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_are_renewed() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    for _ in 0..3 {
        harness.imds.forget_tokens();
        still_looks(&harness).await;
    }
    harness.imds.limit_token_life(Duration::from_millis(300));
    harness.imds.forget_tokens();
    still_looks(&harness).await;
    harness
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    harness.reaches(State::Stopped).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_stalls_are_no_notice_and_hide_none_for_long() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(404),
        Fault::Status(401),
        Fault::Stall(Duration::from_secs(2)),
    ];
    for fault in faults {
        harness.imds.set_fault(Some(fault));
        let before = harness.imds.asked().len();
        until(LIMIT, "it has asked", || {
            harness.imds.asked().len() > before + 8
        })
        .await;
        let task = push(&harness, Duration::from_millis(100));
        until_task(&harness, &task, "work goes on", TaskRun::is_completed).await;
        harness.imds.set_fault(None);
        still_looks(&harness).await;
    }
    harness.imds.server().stop();
    tokio::time::sleep(Duration::from_secs(1)).await;
    harness
        .imds
        .server()
        .restart()
        .await
        .expect("the port is free");
    still_looks(&harness).await;
    harness.imds.set_fault(Some(Fault::Status(500)));
    harness
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    tokio::time::sleep(Duration::from_secs(1)).await;
    harness.imds.set_fault(None);
    harness.reaches(State::Stopped).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_during_a_drain_takes_nothing_back() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let running = push_running(&harness, 1, &json!({ "ms": 4000 })).await;
    harness
        .imds
        .announce_spot(SpotAction::Stop, Duration::from_mins(2));
    harness.reaches(State::Draining).await;
    harness.imds.set_fault(Some(Fault::Status(500)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    harness.imds.set_fault(Some(Fault::Status(404)));
    until_task(&harness, &running[0], "it completes", TaskRun::is_completed).await;
    harness.reaches(State::Stopped).await;
    assert_eq!(harness.agent_log().matches("drain started").count(), 1);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_late_at_boot_is_waited_for() {
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    harness.imds.set_fault(Some(Fault::Status(500)));
    harness.run_agent().expect("the agent starts");
    tokio::time::sleep(Duration::from_secs(3)).await;
    harness.imds.set_fault(None);
    harness.reaches(State::Ready).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hibernation_drains_like_the_other_actions() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    harness
        .imds
        .announce_spot(SpotAction::Hibernate, Duration::from_mins(2));
    harness.reaches(State::Stopped).await;
    assert!(harness.agent_log().contains("hibernate"));
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_group_ends_the_instance_and_its_hook_is_held_and_completed() {
    // A hook that is patient for 30 s is held every 10 s.
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let running = push_running(&harness, 1, &json!({ "ms": 12_000 })).await;
    harness.imds.set_target_state("Terminated");
    harness.reaches(State::Draining).await;
    let calls = || harness.aws.calls_of("CompleteLifecycleAction");
    until(LIMIT, "the hook is held", || {
        !harness
            .aws
            .calls_of("RecordLifecycleActionHeartbeat")
            .is_empty()
    })
    .await;
    assert!(calls().is_empty(), "completed while a task runs");
    until(LIMIT, "the hook is completed", || !calls().is_empty()).await;
    assert!(
        harness
            .engine
            .task(&running[0])
            .is_some_and(|task| task.is_completed())
    );
    assert_eq!(calls()[0].parameters["LifecycleActionResult"], "CONTINUE");
    assert_eq!(
        calls()[0].parameters["LifecycleHookName"],
        harness.config.group.hook
    );
    assert_ne!(harness.systemd.active_state(units::RUNTIME), Some("active"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(calls().len(), 1);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_that_is_cancelled_lets_the_host_work_again() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let path = "/latest/meta-data/events/maintenance/scheduled";
    harness
        .imds
        .schedule_maintenance("instance-retirement", Duration::from_hours(24));
    let before = harness.imds.count(path, 200);
    until(LIMIT, "it was read", || {
        harness.imds.count(path, 200) > before + 2
    })
    .await;
    // Days ahead, nothing happens yet.
    assert_eq!(
        harness.status().await.map(|status| status.state),
        Some(State::Ready)
    );
    harness
        .imds
        .schedule_maintenance("instance-retirement", Duration::from_secs(40));
    harness.reaches(State::Stopped).await;
    harness.imds.cancel_maintenance();
    harness.reaches(State::Ready).await;
    let task = push(&harness, Duration::from_millis(100));
    until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebalance_recommendation_drains_without_a_deadline() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let running = push_running(&harness, 1, &json!({ "ms": 3000 })).await;
    harness.imds.recommend_rebalance(true);
    harness.reaches(State::Draining).await;
    let drain = harness.status().await.and_then(|status| status.drain);
    assert_eq!(drain.map(|drain| drain.deadline), Some(None));
    harness.reaches(State::Stopped).await;
    assert!(
        harness
            .engine
            .task(&running[0])
            .is_some_and(|task| task.is_completed())
    );
    harness.end().await;
}
