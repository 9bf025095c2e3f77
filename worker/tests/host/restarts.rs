//! The agent is stopped or killed, in the middle of a drain and outside of one.

use std::time::{Duration, Instant};

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{ACTION, LIMIT};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::imds::SpotAction;
use valet_test_kit::systemd::Behind;

use crate::support::{push, push_endless, push_running, ready_world, start_again, until_task};

const NOTICE: Duration = Duration::from_secs(22);

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_during_a_drain_ends_the_agent_after_the_task_and_not_before() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_running(&harness, 1, &json!({ "ms": 4000 })).await;
    harness.imds.announce_spot(SpotAction::Terminate, NOTICE);
    harness.reaches(State::Draining).await;
    harness.agent().terminate();
    harness.agent().terminate();
    let ended = harness.agent().end(LIMIT).await;
    assert!(ended.success(), "{ended}");
    let run = harness.engine.task(&task[0]).expect("it was pushed");
    assert!(run.is_completed() && run.attempts.len() == 1, "{run:?}");
    assert_eq!(
        harness.systemd.active_state(units::RUNTIME),
        Some("inactive")
    );
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_a_drain_it_finishes_the_same_drain() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_running(&harness, 2, &json!({ "ms": 7000 })).await;
    let noticed = Instant::now();
    harness.imds.announce_spot(SpotAction::Terminate, NOTICE);
    harness.reaches(State::Draining).await;
    let deadline = |status: &valet_protocol::local_api::Status| {
        let drain = status.drain.clone().expect("it drains");
        (drain.began, drain.deadline)
    };
    let before = deadline(&harness.status().await.expect("the agent answers"));
    harness.agent().kill().await.expect("it ran");
    // The notice is not needed any more: the drain has been written down.
    harness.imds.cancel_spot();
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Draining).await;
    let after = deadline(&harness.status().await.expect("the agent answers"));
    assert_eq!(before.0, after.0);
    assert_eq!(before.1, after.1);
    assert_eq!(
        harness
            .ask(axum::http::Method::POST, "/v1/leases", "{}")
            .await
            .map(|answer| answer.status),
        Ok(409)
    );

    harness.reaches(State::Stopped).await;
    assert!(noticed.elapsed() < NOTICE, "{:?}", noticed.elapsed());
    for task in task {
        let run = harness.engine.task(&task).expect("it was pushed");
        assert!(
            run.is_completed() && run.attempts.len() == 1,
            "{run:?}\n{}",
            harness.agent_log()
        );
    }
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    let jobs = harness.systemd.jobs().into_iter();
    let stops = jobs.filter(|job| job.unit == units::RUNTIME && job.kind == "stop");
    assert_eq!(stops.count(), 1);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_with_a_task_that_never_ends_it_still_meets_the_deadline() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_endless(&harness, 1).await;
    harness
        .engine
        .add_other_host(&[ACTION], 1, Duration::from_millis(100));
    let noticed = Instant::now();
    harness
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_secs(14));
    harness.reaches(State::Draining).await;
    harness.agent().kill().await.expect("it ran");
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Stopped).await;
    assert!(
        noticed.elapsed() < Duration::from_secs(14),
        "{:?}",
        noticed.elapsed()
    );
    until_task(&harness, &task[0], "another host does it", |task| {
        task.is_completed()
    })
    .await;
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_outside_of_a_drain_it_takes_over_the_runtime_and_its_leases() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_running(&harness, 2, &json!({ "ms": 5000 })).await;
    let runtime = harness.systemd.main_pid(units::RUNTIME);
    harness.agent().kill().await.expect("it ran");
    start_again(&mut harness).await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(
        (status.leases, status.tasks_abandoned),
        (2, 0),
        "{}",
        harness.agent_log()
    );
    for task in task {
        until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
        assert_eq!(
            harness.engine.task(&task).map(|task| task.attempts.len()),
            Some(1)
        );
    }
    let next = push(&harness, Duration::from_millis(100));
    until_task(&harness, &next, "it completes", TaskRun::is_completed).await;
    assert_eq!(
        harness.systemd.main_pid(units::RUNTIME),
        runtime,
        "the runtime was restarted"
    );
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_unit_is_no_drain_and_a_stop_is_one() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    let worker = harness.systemd.add(units::WORKER, Behind::Nothing).await;
    worker.expect("it is on the bus");
    let tasks = push_running(&harness, 2, &json!({ "ms": 6000 })).await;
    let runtime = harness.systemd.main_pid(units::RUNTIME);
    let job = harness.systemd.announce_job(units::WORKER, "restart").await;
    job.expect("it is on the bus");
    harness.agent().terminate();
    let ended = harness.agent().end(LIMIT).await;
    assert!(ended.success(), "{ended}");
    assert!(
        !harness.agent_log().contains("drain started"),
        "{}",
        harness.agent_log()
    );
    start_again(&mut harness).await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!((status.leases, status.tasks_abandoned), (2, 0));
    for task in tasks {
        until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
        let attempts = harness.engine.task(&task).map(|task| task.attempts.len());
        assert_eq!(attempts, Some(1));
    }
    assert_eq!(harness.systemd.main_pid(units::RUNTIME), runtime);
    assert_eq!(harness.ran_twice(), Vec::<String>::new());

    let job = harness.systemd.announce_job(units::WORKER, "stop").await;
    job.expect("it is on the bus");
    harness.agent().terminate();
    let ended = harness.agent().end(LIMIT).await;
    assert!(ended.success(), "{ended}");
    assert!(harness.agent_log().contains("drain started"));
    assert_eq!(
        harness.systemd.active_state(units::RUNTIME),
        Some("inactive")
    );
    harness.end().await;
}
