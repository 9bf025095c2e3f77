//! The real agent and Hatchet's SDK under Hatchet's real engine. In the deep run.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::wait::until;

use crate::engine::has_node;
use crate::engine_scene::{EitherEngine, Scene};
use crate::real_engine::RealEngine;
use crate::support::harness;

/// Tasks, and how many of them are there before the drain begins.
const TASKS: usize = 60;
const BEFORE: usize = 20;

/// Four tasks a second.
const APART: Duration = Duration::from_millis(250);

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_under_load_costs_no_task_and_repeats_none() {
    if !has_node() {
        return;
    }
    let Some(engine) = RealEngine::start().await else {
        return;
    };
    let scene = Scene::new(EitherEngine::Real(Box::new(engine)));
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    let token = scene.engine.token().to_owned();
    harness.values.add("HATCHET_CLIENT_TOKEN", &token);
    harness
        .put_secret("HATCHET_CLIENT_TOKEN", &token)
        .await
        .expect("it is stored");
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Ready).await;
    let worker = harness.status().await.and_then(|status| status.worker_id);
    let worker = worker.expect("it has registered");
    let began = Instant::now();
    let seen = loop {
        let seen = scene.worker(&worker).await;
        let labels = seen["labels"].as_array().cloned().unwrap_or_default();
        let has = |key: &str| labels.iter().any(|label| label["key"] == key);
        if has("capacity") && has("adspower") && seen["status"] == "ACTIVE" {
            break seen;
        }
        assert!(began.elapsed() < LIMIT, "{seen}\n{}", harness.agent_log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(seen["slotConfig"]["default"]["limit"], 3, "{seen}");

    // Another host, so that what is given back has somewhere to go.
    let (_other, _) = scene.start_runtime().await;
    for number in 0..TASKS {
        if number == BEFORE {
            let drained = harness.ask(Method::POST, "/v1/drain", "{}").await;
            assert_eq!(drained.map(|answer| answer.status), Ok(202));
        }
        scene.engine.push(&json!({ "ms": 400 })).await;
        tokio::time::sleep(APART).await;
    }
    let ended = || harness.journal_of("ended").len() + scene.events("ended").len();
    until(LIMIT * 2, "every task is done", || ended() >= TASKS).await;
    harness.reaches(State::Stopped).await;
    assert_eq!(
        harness.systemd.active_state(units::RUNTIME),
        Some("inactive")
    );
    let here = harness.journal_of("began").into_iter();
    let mut tasks: Vec<String> = here.filter_map(|line| line.task).collect();
    let of_host = tasks.len();
    tasks.extend(scene.events("began").into_iter().map(|event| event.task));
    let once: BTreeSet<&String> = tasks.iter().collect();
    assert_eq!(
        (once.len(), tasks.len()),
        (TASKS, TASKS),
        "none is begun twice"
    );
    assert!(of_host > 0 && of_host < TASKS, "{of_host} ran on the host");
    let refused = harness.journal_of("refused").len();
    eprintln!("{of_host} of {TASKS} tasks ran on the host that drained, which refused {refused}");
    harness.end().await;
}
