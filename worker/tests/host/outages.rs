//! What is outside does not answer: the host goes on with its work, and catches up.

use std::time::Duration;

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::aws::Mood;
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::wait::until;
use valet_test_kit::world::{LIMIT, World};

use crate::support::{push, ready_world, until_task};

/// Twenty heartbeats and ten reports: ten minutes at the pace of a real host.
const LONG: Duration = Duration::from_secs(10);

/// A task runs as on any other day.
async fn works(world: &World) {
    let task = push(world, Duration::from_millis(200));
    until_task(world, &task, "a task completes", TaskRun::is_completed).await;
    let status = world.status().await.expect("the agent answers");
    assert_eq!(status.state, State::Ready, "{}", world.agent_log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_valet_api_is_down_for_ten_minutes() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    until(LIMIT, "a heartbeat", || {
        !world.valet_api.heartbeats().is_empty()
    })
    .await;
    world.valet_api.set_failing(Some(503));
    tokio::time::sleep(LONG / 2).await;
    world.valet_api.server().stop();
    works(&world).await;
    tokio::time::sleep(LONG / 2).await;
    works(&world).await;
    // A few tries soon, then about two in a second; without a pause it would be hundreds.
    let tries = world.valet_api.refused();
    assert!((3..30).contains(&tries), "{tries} tries");

    let before = world.valet_api.heartbeats().len();
    world.valet_api.set_failing(None);
    world
        .valet_api
        .server()
        .restart()
        .await
        .expect("the port is free");
    until(LIMIT, "heartbeats come again", || {
        world.valet_api.heartbeats().len() >= before + 3
    })
    .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_valet_api_orders_a_drain_and_takes_it_back() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    world
        .valet_api
        .set_answer(json!({ "drain": { "cause": "the fleet moves" } }));
    world.reaches(State::Stopped).await;
    world.valet_api.set_answer(json!({ "resume": true }));
    world.reaches(State::Ready).await;
    works(&world).await;
    assert_eq!(world.systemd.starts(units::RUNTIME), 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudwatch_throttles_and_then_fails() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    until(LIMIT, "a report", || !world.aws.puts().is_empty()).await;
    for mood in [Mood::Throttling, Mood::Failing(500), Mood::Failing(503)] {
        let refused = world.aws.refused_puts();
        world.aws.set_cloudwatch(mood);
        until(LIMIT, "it has refused some", || {
            world.aws.refused_puts() > refused + 2
        })
        .await;
        works(&world).await;
        world.aws.set_cloudwatch(Mood::Well);
        let before = world.aws.puts().len();
        until(LIMIT, "reports come again", || {
            world.aws.puts().len() > before
        })
        .await;
    }
    // That none is missing, `end` finds out.
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hatchets_stream_is_cut() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    world.engine.cut_streams();
    until(LIMIT, "the runtime listens again", || {
        world.engine.workers()[0].streams == 2
    })
    .await;
    works(&world).await;
    assert_eq!(world.systemd.starts(units::RUNTIME), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hatchets_engine_is_restarted() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    until(LIMIT, "the agent sees the worker", || {
        world.agent_log().contains(r#""connection":"connected""#)
    })
    .await;
    world.engine.server().stop();
    until(LIMIT, "the agent sees that it is gone", || {
        let gone = world.aws.data("HatchetConnectionStatus");
        gone.last().is_some_and(|datum| datum.value == 0.0)
    })
    .await;
    assert_eq!(
        world.status().await.map(|status| status.state),
        Some(State::Ready)
    );
    world
        .engine
        .server()
        .restart()
        .await
        .expect("the port is free");
    works(&world).await;
    until(LIMIT, "the agent sees the worker again", || {
        let back = world.aws.data("HatchetConnectionStatus");
        back.last().is_some_and(|datum| datum.value == 1.0)
    })
    .await;
    assert_eq!(world.systemd.starts(units::RUNTIME), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hatchets_token_has_expired_and_a_new_one_is_put_there() {
    let Some(mut world) = ready_world(|_| {}).await else {
        return;
    };
    world.engine.expire_tokens();
    until(LIMIT, "the agent sees it", || {
        let gone = world.aws.data("HatchetConnectionStatus");
        gone.last().is_some_and(|datum| datum.value == 0.0)
    })
    .await;
    let token = world.engine.token(Duration::from_hours(24 * 90));
    world.values.add("the second token", &token);
    world
        .put_secret("HATCHET_CLIENT_TOKEN", &token)
        .await
        .expect("moto takes it");
    until(LIMIT, "another worker is active", || {
        let workers = world.engine.workers();
        workers.len() == 2 && workers[1].status == "ACTIVE"
    })
    .await;
    world.reaches(State::Ready).await;
    works(&world).await;
    world.end().await;
}
