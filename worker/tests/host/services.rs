//! Services that die, hang or never come back.

use std::time::Duration;

use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::adspower::Fault;
use valet_test_kit::harness::{Harness, LIMIT};
use valet_test_kit::wait::until;

use crate::support::{push_running, ready_world, replaced, until_task};

/// Kills a service while a task runs: the agent starts it again, and the task ends as if nothing had
/// happened.
async fn killed_and_healed(harness: &Harness, unit: &str) {
    let before = harness.systemd.starts(unit);
    let task = push_running(harness, 1, &serde_json::json!({ "ms": 1500 })).await;
    harness.systemd.kill(unit).await;
    until(LIMIT, "it runs again", || {
        harness.systemd.active_state(unit) == Some("active")
    })
    .await;
    assert_eq!(
        harness.systemd.starts(unit),
        before + 1,
        "{}",
        harness.agent_log()
    );
    until_task(harness, &task[0], "the task completes", |task| {
        task.is_completed()
    })
    .await;
    harness.reaches(State::Ready).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_that_is_killed_is_started_again() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    for unit in [units::ADSPOWER, units::XVFB, units::NOVNC] {
        killed_and_healed(&harness, unit).await;
    }
    assert_eq!(harness.aws.calls_of("SetInstanceHealth").len(), 0);
    assert_eq!(harness.systemd.starts(units::RUNTIME), 1);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_or_complains_is_started_again() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    for fault in [Fault::Hanging, Fault::Complaining] {
        let before = harness.systemd.starts(units::ADSPOWER);
        harness.adspower.set_fault(fault);
        until(LIMIT, "it is restarted", || {
            harness.systemd.starts(units::ADSPOWER) > before
        })
        .await;
        harness.adspower.set_fault(Fault::None);
        until(LIMIT, "labels say that all is well", || {
            let labels = &harness.engine.workers()[0].labels;
            let ready = valet_test_kit::hatchet::Label::Text("ready".to_owned());
            labels.get("adspower") == Some(&ready)
        })
        .await;
    }
    harness.reaches(State::Ready).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_come_back_has_the_host_drained_and_replaced() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_running(&harness, 1, &serde_json::json!({ "ms": 4000 })).await;
    harness.systemd.refuse_starts(units::ADSPOWER, true);
    harness.systemd.kill(units::ADSPOWER).await;
    replaced(&harness).await;
    // What ran had its time.
    assert!(
        harness
            .engine
            .task(&task[0])
            .is_some_and(|task| task.is_completed())
    );
    let tries = harness
        .systemd
        .jobs()
        .into_iter()
        .filter(|job| job.unit == units::ADSPOWER && job.kind == "restart");
    assert_eq!(tries.count(), 3, "{}", harness.agent_log());
    // A host that is given up stays so.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(harness.aws.calls_of("SetInstanceHealth").len(), 1);
    assert_eq!(harness.systemd.starts(units::RUNTIME), 1);
    harness.end().await;
}
