//! A runtime that crashes or is killed.

use std::time::Duration;

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{ACTION, LIMIT};
use valet_test_kit::hatchet::{AttemptOutcome, Pace, TaskRun};
use valet_test_kit::wait::until;

use crate::support::{
    harness, push, push_running, ready_world, replaced, until_task, world_at_pace,
};

#[tokio::test(flavor = "multi_thread")]
async fn one_that_crashes_again_and_again_has_the_host_replaced() {
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    harness.let_runtime_crash(true).expect("the mark is made");
    harness.run_agent().expect("the agent starts");
    replaced(&harness).await;
    assert_eq!(
        harness.systemd.starts(units::RUNTIME),
        4,
        "one start and three restarts"
    );
    assert!(!harness.agent().notified().contains(&"READY=1".to_owned()));
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_crashes_once_is_started_again() {
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    harness.let_runtime_crash(true).expect("the mark is made");
    harness.run_agent().expect("the agent starts");
    until(LIMIT, "it has crashed", || {
        !harness.journal_of("crashed").is_empty()
    })
    .await;
    harness.let_runtime_crash(false).expect("the mark is gone");
    harness.reaches(State::Ready).await;
    let task = push(&harness, Duration::from_millis(100));
    until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_with_leases_frees_them_and_its_successor_works() {
    let pace = Pace {
        reassign_after: Duration::from_secs(7),
        ..Pace::default()
    };
    let Some(mut harness) = world_at_pace(pace, |_| {}).await else {
        return;
    };
    harness.get_ready().await;
    let tasks = push_running(&harness, 3, &json!({ "ms": 2000 })).await;
    let first = harness.systemd.main_pid(units::RUNTIME);
    harness.systemd.kill(units::RUNTIME).await;
    until(LIMIT, "another one runs", || {
        let pid = harness.systemd.main_pid(units::RUNTIME);
        pid.is_some() && pid != first
    })
    .await;
    until(LIMIT, "it has registered", || {
        harness.journal_of("registered").len() == 2
    })
    .await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(
        (status.leases, status.tasks_abandoned),
        (0, 3),
        "{status:?}"
    );
    harness.reaches(State::Ready).await;
    let (workers, registered) = (harness.engine.workers(), harness.journal_of("registered"));
    assert_eq!(
        registered[1].details["worker"].as_str(),
        Some(workers[1].id.as_str())
    );

    // The engine gives the tasks up when the first worker's heartbeats have been missing for long
    // enough, and the second one does them.
    for task in tasks {
        until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
        let run = harness.engine.task(&task).expect("it was pushed");
        assert!(
            matches!(
                &run.attempts[0].ended,
                Some((_, AttemptOutcome::Reassigned))
            ),
            "{run:?}"
        );
        assert_eq!(run.attempts[1].worker, workers[1].id);
    }
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    assert_eq!(harness.aws.calls_of("SetInstanceHealth").len(), 0);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_never_holds_more_leases_than_slots() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let tasks = push_running(&harness, 3, &json!({ "ms": 1500 })).await;
    let fourth = harness.engine.push(ACTION, &json!({}), 0);
    assert!(
        harness
            .engine
            .task(&fourth)
            .is_some_and(|task| task.is_queued())
    );
    let extra = harness
        .ask(axum::http::Method::POST, "/v1/leases", "{}")
        .await;
    let extra = extra.expect("the agent answers");
    assert_eq!(extra.status, 409);
    assert!(extra.body.contains("no_slots"), "{}", extra.body);
    for task in tasks.iter().chain([&fourth]) {
        until_task(&harness, task, "it completes", TaskRun::is_completed).await;
    }
    harness.end().await;
}
