//! Services that die, hang or never come back.

use std::time::Duration;

use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::adspower::Mood;
use valet_test_kit::wait::until;
use valet_test_kit::world::{LIMIT, World};

use crate::support::{push_running, ready_world, replaced, until_task};

/// Kills a service while a task runs: the agent starts it again, and the task ends as if nothing had
/// happened.
async fn killed_and_healed(world: &World, unit: &str) {
    let before = world.systemd.starts(unit);
    let task = push_running(world, 1, &serde_json::json!({ "ms": 1500 })).await;
    world.systemd.kill(unit).await;
    until(LIMIT, "it runs again", || {
        world.systemd.active_state(unit) == Some("active")
    })
    .await;
    assert_eq!(
        world.systemd.starts(unit),
        before + 1,
        "{}",
        world.agent_log()
    );
    until_task(world, &task[0], "the task completes", |task| {
        task.is_completed()
    })
    .await;
    world.reaches(State::Ready).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_that_is_killed_is_started_again() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    for unit in [units::ADSPOWER, units::XVFB, units::NOVNC] {
        killed_and_healed(&world, unit).await;
    }
    assert_eq!(world.aws.calls_of("SetInstanceHealth").len(), 0);
    assert_eq!(world.systemd.starts(units::RUNTIME), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_or_complains_is_started_again() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    for mood in [Mood::Hanging, Mood::Complaining] {
        let before = world.systemd.starts(units::ADSPOWER);
        world.adspower.set_mood(mood);
        until(LIMIT, "it is restarted", || {
            world.systemd.starts(units::ADSPOWER) > before
        })
        .await;
        world.adspower.set_mood(Mood::Well);
        until(LIMIT, "labels say that all is well", || {
            let labels = &world.engine.workers()[0].labels;
            let ready = valet_test_kit::hatchet::Label::Text("ready".to_owned());
            labels.get("adspower") == Some(&ready)
        })
        .await;
    }
    world.reaches(State::Ready).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_come_back_has_the_host_drained_and_replaced() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    let task = push_running(&world, 1, &serde_json::json!({ "ms": 4000 })).await;
    world.systemd.refuse_starts(units::ADSPOWER, true);
    world.systemd.kill(units::ADSPOWER).await;
    replaced(&world).await;
    // What ran had its time.
    assert!(
        world
            .engine
            .task(&task[0])
            .is_some_and(|task| task.is_completed())
    );
    let tries = world
        .systemd
        .jobs()
        .into_iter()
        .filter(|job| job.unit == units::ADSPOWER && job.kind == "restart");
    assert_eq!(tries.count(), 3, "{}", world.agent_log());
    // A host that is given up stays so.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.aws.calls_of("SetInstanceHealth").len(), 1);
    assert_eq!(world.systemd.starts(units::RUNTIME), 1);
    world.end().await;
}
