//! The spot notice: nothing new begins, what runs ends in time, and nothing runs twice.

use std::time::{Duration, Instant};

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{ACTION, Harness, LIMIT};
use valet_test_kit::imds::SpotAction;
use valet_test_kit::wait::until;

use crate::support::{push, push_endless, push_running, ready_world, until_task};

/// The notice is shorter than EC2's two minutes, so that the deadline comes within a test.
const NOTICE: Duration = Duration::from_secs(14);

/// The margin of the worlds' configuration.
const MARGIN: Duration = Duration::from_secs(4);

/// How long after the notice the worker is paused at the latest, and a task may still begin.
const LATE: Duration = Duration::from_secs(3);

/// Announces the end of the instance, and says when that was.
fn announce(harness: &Harness) -> Instant {
    harness.imds.announce_spot(SpotAction::Terminate, NOTICE);
    Instant::now()
}

/// The host has stopped before its instance ends, with nothing done twice.
async fn assert_clean_end(harness: &Harness, noticed: Instant) {
    harness.reaches(State::Stopped).await;
    assert!(
        noticed.elapsed() < NOTICE,
        "{:?}\n{}",
        noticed.elapsed(),
        harness.agent_log()
    );
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    assert_eq!(
        harness.systemd.active_state(units::RUNTIME),
        Some("inactive")
    );
    let worker = &harness.engine.workers()[0];
    let paused = worker
        .paused
        .expect("the worker is paused")
        .duration_since(noticed);
    assert!(paused < LATE, "paused after {paused:?}");
    let late = harness
        .engine
        .tasks()
        .into_iter()
        .flat_map(|task| task.attempts);
    let late: Vec<_> = late
        .filter(|attempt| attempt.worker == worker.id && attempt.assigned > noticed + LATE)
        .collect();
    assert!(late.is_empty(), "assigned too late: {late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_host_stops_and_takes_nothing_new() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let noticed = announce(&harness);
    until(LIMIT, "the worker is paused", || {
        harness.engine.workers()[0].paused.is_some()
    })
    .await;
    // The scheduler has not heard of the pause: what it still assigns is refused, and moves on.
    let late = push(&harness, Duration::from_secs(1));
    harness
        .engine
        .add_other_host(&[ACTION], 1, Duration::from_millis(100));
    assert_clean_end(&harness, noticed).await;
    until_task(&harness, &late, "another host does it", |task| {
        task.is_completed()
    })
    .await;
    assert!(harness.journal_of("began").is_empty(), "it began here");
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_tasks_that_run_end_by_themselves() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let tasks = push_running(&harness, 3, &json!({ "ms": 5000 })).await;
    let noticed = announce(&harness);
    assert_clean_end(&harness, noticed).await;
    for task in tasks {
        let run = harness.engine.task(&task).expect("it was pushed");
        assert!(run.is_completed() && run.attempts.len() == 1, "{run:?}");
    }
    assert_eq!(harness.journal_of("aborted").len(), 0);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_never_ends_is_given_back_at_the_deadline() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let tasks = push_endless(&harness, 2).await;
    harness
        .engine
        .add_other_host(&[ACTION], 3, Duration::from_millis(100));
    let noticed = announce(&harness);
    until(LIMIT, "they are given back", || {
        harness.journal_of("aborted").len() == 2
    })
    .await;
    let given_back = noticed.elapsed();
    let deadline = NOTICE.saturating_sub(MARGIN);
    // IMDS writes whole seconds, so the deadline is up to one second early.
    assert!(
        given_back + Duration::from_millis(1500) > deadline,
        "too early: {given_back:?}"
    );
    assert!(
        given_back < deadline + Duration::from_secs(1),
        "too late: {given_back:?}"
    );
    assert_clean_end(&harness, noticed).await;
    for task in tasks {
        until_task(&harness, &task, "another host does it", |task| {
            task.is_completed()
        })
        .await;
    }
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_does_not_heed_its_signal_is_given_back_too() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let tasks = push_running(&harness, 1, &json!({ "endless": true, "stubborn": true })).await;
    let noticed = announce(&harness);
    harness.reaches(State::Stopped).await;
    assert!(noticed.elapsed() < NOTICE, "{:?}", noticed.elapsed());
    // Its process is gone, so another host may have it.
    let pid = harness.journal_of("began")[0].pid;
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}")).exists(),
        "it runs on"
    );
    harness
        .engine
        .add_other_host(&[ACTION], 1, Duration::from_millis(100));
    until_task(&harness, &tasks[0], "another host does it", |task| {
        task.is_completed()
    })
    .await;
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_is_read_150_times_is_one_drain() {
    let Some(harness) = ready_world(|config| {
        config.notices.interval_seconds = valet_test_kit::harness::configuration::seconds(0.02);
    })
    .await
    else {
        return;
    };
    let path = "/latest/meta-data/spot/instance-action";
    harness
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    until(LIMIT, "it was read 150 times", || {
        harness.imds.count(path, 200) >= 150
    })
    .await;
    harness.reaches(State::Stopped).await;
    let log = harness.agent_log();
    assert_eq!(log.matches("drain started").count(), 1, "{log}");
    assert_eq!(log.matches("drain updated").count(), 0, "{log}");
    assert_eq!(harness.systemd.starts(units::RUNTIME), 1);
    let stops = harness
        .systemd
        .jobs()
        .into_iter()
        .filter(|job| job.kind == "stop");
    assert_eq!(stops.count(), 1);
    harness.end().await;
}
