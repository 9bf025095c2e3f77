//! The spot notice: nothing new begins, what runs ends in time, and nothing runs twice.

use std::time::{Duration, Instant};

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::imds::SpotAction;
use valet_test_kit::wait::until;
use valet_test_kit::world::{ACTION, LIMIT, World};

use crate::support::{push, push_endless, push_running, ready_world, until_task};

/// The notice is shorter than EC2's two minutes, so that the deadline comes within a test.
const NOTICE: Duration = Duration::from_secs(14);

/// The margin of the worlds' configuration.
const MARGIN: Duration = Duration::from_secs(4);

/// How long after the notice a task may still begin.
const LATE: Duration = Duration::from_secs(3);

/// Announces the end of the instance, and says when that was.
fn announce(world: &World) -> Instant {
    world.imds.announce_spot(SpotAction::Terminate, NOTICE);
    Instant::now()
}

/// The host has stopped before its instance ends, with nothing done twice.
async fn assert_clean_end(world: &World, noticed: Instant) {
    world.reaches(State::Stopped).await;
    assert!(
        noticed.elapsed() < NOTICE,
        "{:?}\n{}",
        noticed.elapsed(),
        world.agent_log()
    );
    assert_eq!(world.ran_twice(), Vec::<String>::new());
    assert_eq!(world.systemd.active_state(units::RUNTIME), Some("inactive"));
    let worker = &world.engine.workers()[0];
    let paused = worker
        .paused
        .expect("the worker is paused")
        .duration_since(noticed);
    assert!(
        paused < Duration::from_millis(1500),
        "paused after {paused:?}"
    );
    let late = world
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
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    let noticed = announce(&world);
    until(LIMIT, "the worker is paused", || {
        world.engine.workers()[0].paused.is_some()
    })
    .await;
    // The scheduler has not heard of the pause: what it still assigns is refused, and moves on.
    let late = push(&world, Duration::from_secs(1));
    world
        .engine
        .add_other_host(&[ACTION], 1, Duration::from_millis(100));
    assert_clean_end(&world, noticed).await;
    until_task(&world, &late, "another host does it", |task| {
        task.is_completed()
    })
    .await;
    assert!(world.journal_of("began").is_empty(), "it began here");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_tasks_that_run_end_by_themselves() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    let tasks = push_running(&world, 3, &json!({ "ms": 5000 })).await;
    let noticed = announce(&world);
    assert_clean_end(&world, noticed).await;
    for task in tasks {
        let run = world.engine.task(&task).expect("it was pushed");
        assert!(run.is_completed() && run.attempts.len() == 1, "{run:?}");
    }
    assert_eq!(world.journal_of("aborted").len(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_never_ends_is_given_back_at_the_deadline() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    let tasks = push_endless(&world, 2).await;
    world
        .engine
        .add_other_host(&[ACTION], 3, Duration::from_millis(100));
    let noticed = announce(&world);
    until(LIMIT, "they are given back", || {
        world.journal_of("aborted").len() == 2
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
    assert_clean_end(&world, noticed).await;
    for task in tasks {
        until_task(&world, &task, "another host does it", |task| {
            task.is_completed()
        })
        .await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_does_not_heed_its_signal_is_given_back_too() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    let tasks = push_running(&world, 1, &json!({ "endless": true, "stubborn": true })).await;
    let noticed = announce(&world);
    world.reaches(State::Stopped).await;
    assert!(noticed.elapsed() < NOTICE, "{:?}", noticed.elapsed());
    // Its process is gone, so another host may have it.
    let pid = world.journal_of("began")[0].pid;
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}")).exists(),
        "it runs on"
    );
    world
        .engine
        .add_other_host(&[ACTION], 1, Duration::from_millis(100));
    until_task(&world, &tasks[0], "another host does it", |task| {
        task.is_completed()
    })
    .await;
    assert_eq!(world.ran_twice(), Vec::<String>::new());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_is_read_150_times_is_one_drain() {
    let Some(world) = ready_world(|config| {
        config.notices.interval_seconds = valet_test_kit::world::configuration::seconds(0.02);
    })
    .await
    else {
        return;
    };
    let path = "/latest/meta-data/spot/instance-action";
    world
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    until(LIMIT, "it was read 150 times", || {
        world.imds.count(path, 200) >= 150
    })
    .await;
    world.reaches(State::Stopped).await;
    let log = world.agent_log();
    assert_eq!(log.matches("drain started").count(), 1, "{log}");
    assert_eq!(log.matches("drain updated").count(), 0, "{log}");
    assert_eq!(world.systemd.starts(units::RUNTIME), 1);
    let stops = world
        .systemd
        .jobs()
        .into_iter()
        .filter(|job| job.kind == "stop");
    assert_eq!(stops.count(), 1);
    world.end().await;
}
