//! What is outside does not answer: the host goes on with its work, and catches up.

use std::time::Duration;

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::aws::Fault;
use valet_test_kit::harness::{Harness, LIMIT};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::wait::until;

use crate::support::{push, ready_world, until_task};

/// Twenty heartbeats and ten reports: ten minutes at the pace of a real host.
const LONG: Duration = Duration::from_secs(10);

/// A task runs as on any other day.
async fn works(harness: &Harness) {
    let task = push(harness, Duration::from_millis(200));
    until_task(harness, &task, "a task completes", TaskRun::is_completed).await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(status.state, State::Ready, "{}", harness.agent_log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_valet_api_is_down_for_ten_minutes() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    until(LIMIT, "a heartbeat", || {
        !harness.valet_api.heartbeats().is_empty()
    })
    .await;
    harness.valet_api.set_failing(Some(503));
    tokio::time::sleep(LONG / 2).await;
    harness.valet_api.server().stop();
    works(&harness).await;
    tokio::time::sleep(LONG / 2).await;
    works(&harness).await;
    // A few tries soon, then about two in a second; without a pause it would be hundreds.
    let tries = harness.valet_api.refused();
    assert!((3..30).contains(&tries), "{tries} tries");

    let before = harness.valet_api.heartbeats().len();
    harness.valet_api.set_failing(None);
    harness
        .valet_api
        .server()
        .restart()
        .await
        .expect("the port is free");
    until(LIMIT, "heartbeats come again", || {
        harness.valet_api.heartbeats().len() >= before + 3
    })
    .await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_valet_api_orders_a_drain_and_takes_it_back() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    harness
        .valet_api
        .set_answer(json!({ "drain": { "cause": "the fleet moves" } }));
    harness.reaches(State::Stopped).await;
    harness.valet_api.set_answer(json!({ "resume": true }));
    harness.reaches(State::Ready).await;
    works(&harness).await;
    assert_eq!(harness.systemd.starts(units::RUNTIME), 2);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudwatch_throttles_and_then_fails() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    until(LIMIT, "a report", || !harness.aws.puts().is_empty()).await;
    for fault in [Fault::Throttling, Fault::Failing(500), Fault::Failing(503)] {
        let refused = harness.aws.refused_puts();
        harness.aws.set_cloudwatch(fault);
        until(LIMIT, "it has refused some", || {
            harness.aws.refused_puts() > refused + 2
        })
        .await;
        works(&harness).await;
        harness.aws.set_cloudwatch(Fault::None);
        let before = harness.aws.puts().len();
        until(LIMIT, "reports come again", || {
            harness.aws.puts().len() > before
        })
        .await;
    }
    // That none is missing, `end` finds out.
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hatchets_stream_is_cut() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    harness.engine.cut_streams();
    until(LIMIT, "the runtime listens again", || {
        harness.engine.workers()[0].streams == 2
    })
    .await;
    works(&harness).await;
    assert_eq!(harness.systemd.starts(units::RUNTIME), 1);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hatchets_engine_is_restarted() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    until(LIMIT, "the agent sees the worker", || {
        harness.agent_log().contains(r#""connection":"connected""#)
    })
    .await;
    harness.engine.server().stop();
    until(LIMIT, "the agent sees that it is gone", || {
        let gone = harness.aws.data("HatchetConnectionStatus");
        gone.last().is_some_and(|datum| datum.value == 0.0)
    })
    .await;
    assert_eq!(
        harness.status().await.map(|status| status.state),
        Some(State::Ready)
    );
    harness
        .engine
        .server()
        .restart()
        .await
        .expect("the port is free");
    works(&harness).await;
    until(LIMIT, "the agent sees the worker again", || {
        let back = harness.aws.data("HatchetConnectionStatus");
        back.last().is_some_and(|datum| datum.value == 1.0)
    })
    .await;
    assert_eq!(harness.systemd.starts(units::RUNTIME), 1);
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hatchets_token_has_expired_and_a_new_one_is_put_there() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    harness.engine.expire_tokens();
    until(LIMIT, "the agent sees it", || {
        let gone = harness.aws.data("HatchetConnectionStatus");
        gone.last().is_some_and(|datum| datum.value == 0.0)
    })
    .await;
    let token = harness.engine.token(Duration::from_hours(24 * 90));
    harness.values.add("the second token", &token);
    harness
        .put_secret("HATCHET_CLIENT_TOKEN", &token)
        .await
        .expect("moto takes it");
    until(LIMIT, "another worker is active", || {
        let workers = harness.engine.workers();
        workers.len() == 2 && workers[1].status == "ACTIVE"
    })
    .await;
    harness.reaches(State::Ready).await;
    works(&harness).await;
    harness.end().await;
}
