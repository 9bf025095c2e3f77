//! The agent is stopped or killed, in the middle of a drain and outside of one.

use std::time::{Duration, Instant};

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::imds::SpotAction;
use valet_test_kit::wait::until;
use valet_test_kit::world::{ACTION, LIMIT};

use crate::support::{push, push_endless, push_running, ready_world, until_task};

const NOTICE: Duration = Duration::from_secs(22);

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_during_a_drain_ends_the_agent_after_the_task_and_not_before() {
    let Some(mut world) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_running(&world, 1, &json!({ "ms": 4000 })).await;
    world.imds.announce_spot(SpotAction::Terminate, NOTICE);
    world.reaches(State::Draining).await;
    world.agent().terminate();
    world.agent().terminate();
    let ended = world.agent().end(LIMIT).await;
    assert!(ended.success(), "{ended}");
    let run = world.engine.task(&task[0]).expect("it was pushed");
    assert!(run.is_completed() && run.attempts.len() == 1, "{run:?}");
    assert_eq!(world.systemd.active_state(units::RUNTIME), Some("inactive"));
    assert_eq!(world.ran_twice(), Vec::<String>::new());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_a_drain_it_finishes_the_same_drain() {
    let Some(mut world) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_running(&world, 2, &json!({ "ms": 7000 })).await;
    let noticed = Instant::now();
    world.imds.announce_spot(SpotAction::Terminate, NOTICE);
    world.reaches(State::Draining).await;
    let deadline = |status: &valet_protocol::local_api::Status| {
        let drain = status.drain.clone().expect("it drains");
        (drain.began, drain.deadline)
    };
    let before = deadline(&world.status().await.expect("the agent answers"));
    world.agent().kill().await.expect("it ran");
    // The notice is not needed any more: the drain has been written down.
    world.imds.cancel_spot();
    world.run_agent().expect("the agent starts");
    world.reaches(State::Draining).await;
    let after = deadline(&world.status().await.expect("the agent answers"));
    assert_eq!(before.0, after.0);
    assert_eq!(before.1, after.1);
    assert_eq!(
        world
            .ask(axum::http::Method::POST, "/v1/leases", "{}")
            .await
            .map(|answer| answer.status),
        Ok(409)
    );

    world.reaches(State::Stopped).await;
    assert!(noticed.elapsed() < NOTICE, "{:?}", noticed.elapsed());
    for task in task {
        let run = world.engine.task(&task).expect("it was pushed");
        assert!(
            run.is_completed() && run.attempts.len() == 1,
            "{run:?}\n{}",
            world.agent_log()
        );
    }
    assert_eq!(world.ran_twice(), Vec::<String>::new());
    let jobs = world.systemd.jobs().into_iter();
    let stops = jobs.filter(|job| job.unit == units::RUNTIME && job.kind == "stop");
    assert_eq!(stops.count(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_with_a_task_that_never_ends_it_still_meets_the_deadline() {
    let Some(mut world) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_endless(&world, 1).await;
    world
        .engine
        .add_other_host(&[ACTION], 1, Duration::from_millis(100));
    let noticed = Instant::now();
    world
        .imds
        .announce_spot(SpotAction::Terminate, Duration::from_secs(14));
    world.reaches(State::Draining).await;
    world.agent().kill().await.expect("it ran");
    world.run_agent().expect("the agent starts");
    world.reaches(State::Stopped).await;
    assert!(
        noticed.elapsed() < Duration::from_secs(14),
        "{:?}",
        noticed.elapsed()
    );
    until_task(&world, &task[0], "another host does it", |task| {
        task.is_completed()
    })
    .await;
    assert_eq!(world.ran_twice(), Vec::<String>::new());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_outside_of_a_drain_it_takes_over_the_runtime_and_its_leases() {
    let Some(mut world) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_running(&world, 2, &json!({ "ms": 5000 })).await;
    let runtime = world.systemd.main_pid(units::RUNTIME);
    world.agent().kill().await.expect("it ran");
    world.run_agent().expect("the agent starts");
    world.reaches(State::Ready).await;
    until(LIMIT, "the runtime has said again who it is", || {
        world.agent_log().matches("runtime registered").count() == 2
    })
    .await;
    let status = world.status().await.expect("the agent answers");
    assert_eq!(
        (status.leases, status.tasks_abandoned),
        (2, 0),
        "{}",
        world.agent_log()
    );
    for task in task {
        until_task(&world, &task, "it completes", TaskRun::is_completed).await;
        assert_eq!(
            world.engine.task(&task).map(|task| task.attempts.len()),
            Some(1)
        );
    }
    let next = push(&world, Duration::from_millis(100));
    until_task(&world, &next, "it completes", TaskRun::is_completed).await;
    assert_eq!(
        world.systemd.main_pid(units::RUNTIME),
        runtime,
        "the runtime was restarted"
    );
    assert_eq!(world.ran_twice(), Vec::<String>::new());
    world.end().await;
}
