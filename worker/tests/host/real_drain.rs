//! The real agent and Hatchet's SDK under Hatchet's real engine. In the deep run.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{Harness, LIMIT};
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

/// A host whose agent and runtime talk to the real engine, ready, with its worker's id.
async fn host_under_the_real_engine() -> Option<(Scene, Harness, String)> {
    if !has_node() {
        return None;
    }
    let engine = RealEngine::start().await?;
    let scene = Scene::new(EitherEngine::Real(Box::new(engine)));
    let mut harness = harness(|_| {}).await?;
    let token = scene.engine.token().to_owned();
    harness.values.add("HATCHET_CLIENT_TOKEN", &token);
    harness
        .put_secret("HATCHET_CLIENT_TOKEN", &token)
        .await
        .expect("it is stored");
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Ready).await;
    let worker = harness.status().await.and_then(|status| status.worker_id);
    Some((scene, harness, worker.expect("it has registered")))
}

/// Waits until the engine shows the worker so.
async fn until_seen(
    scene: &Scene,
    harness: &Harness,
    worker: &str,
    is_so: impl Fn(&Value) -> bool,
) {
    let began = Instant::now();
    loop {
        let seen = scene.worker(worker).await;
        if is_so(&seen) {
            return;
        }
        assert!(began.elapsed() < LIMIT, "{seen}\n{}", harness.agent_log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn label<'a>(worker: &'a Value, key: &str) -> Option<&'a str> {
    let labels = worker["labels"].as_array()?;
    let label = labels.iter().find(|label| label["key"] == key)?;
    label["value"].as_str()
}

/// Sends a signal to the runtime.
fn send(harness: &Harness, signal: Signal) {
    let pid = harness.systemd.main_pid(units::RUNTIME).expect("it runs");
    let pid = Pid::from_raw(pid as i32).expect("a process");
    kill_process(pid, signal).expect("it is ours");
}

/// Waits until the agent knows of so many leases.
async fn until_leases(harness: &Harness, leases: u32, limit: Duration) {
    let began = Instant::now();
    while harness
        .status()
        .await
        .is_none_or(|status| status.leases != leases)
    {
        assert!(began.elapsed() < limit, "{}", harness.agent_log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stood_still_is_done_elsewhere_and_not_twice() {
    let Some((scene, mut harness, worker)) = host_under_the_real_engine().await else {
        return;
    };
    // No report is sent while the process stands still.
    harness.clock_jumps = true;
    // The host freezes with two tasks, and a third is sent to it before the engine misses its heartbeats.
    for _ in 0..2 {
        scene.engine.push(&json!({ "ms": 15_000 })).await;
    }
    until(LIMIT, "both run", || harness.journal_of("began").len() == 2).await;
    until_seen(&scene, &harness, &worker, |seen| {
        label(seen, "capacity") == Some("1")
    })
    .await;
    send(&harness, Signal::STOP);
    harness.agent().freeze();
    scene.engine.push(&json!({ "ms": 1000 })).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (mut other, _) = scene.start_runtime().await;
    scene.until_events("began", 3, LIMIT * 2).await;
    harness.agent().thaw();
    send(&harness, Signal::CONT);
    until(LIMIT, "all three are aborted", || {
        harness.journal_of("revoked").len() == 3
    })
    .await;
    scene.until_events("ended", 3, LIMIT).await;
    assert_eq!(
        harness.journal_of("began").len(),
        2,
        "the third never began here"
    );
    assert_eq!(
        harness.journal_of("ended").len(),
        0,
        "{}",
        harness.agent_log()
    );
    until_leases(&harness, 0, LIMIT).await;

    // The runtime alone stands still: the engine's view of the worker tells the agent, while it lasts.
    other.child.kill().await.expect("it ran");
    tokio::time::sleep(Duration::from_secs(6)).await;
    scene.engine.push(&json!({ "ms": 300_000 })).await;
    until(LIMIT, "it runs", || harness.journal_of("began").len() == 3).await;
    send(&harness, Signal::STOP);
    until_leases(&harness, 0, LIMIT * 2).await;
    assert!(
        harness
            .agent_log()
            .contains("Hatchet heard nothing of the worker"),
        "{}",
        harness.agent_log()
    );
    send(&harness, Signal::CONT);
    until(LIMIT, "it is aborted", || {
        harness.journal_of("revoked").len() == 4
    })
    .await;
    // Nobody else was there to take it: it comes back to this host, which takes tasks again.
    until(LIMIT * 2, "it runs again", || {
        harness.journal_of("began").len() == 4
    })
    .await;
    assert_eq!(harness.journal_of("ended").len(), 0);
    let drained = harness.ask(Method::POST, "/v1/drain", r#"{"within_seconds": 1}"#);
    assert_eq!(drained.await.map(|answer| answer.status), Ok(202));
    harness.reaches(State::Stopped).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_that_is_over_before_anybody_looks_is_noticed() {
    let Some((scene, harness, worker)) = host_under_the_real_engine().await else {
        return;
    };
    let EitherEngine::Real(engine) = &scene.engine else {
        unreachable!("it is the real one");
    };
    for _ in 0..2 {
        scene.engine.push(&json!({ "ms": 90_000 })).await;
    }
    until(LIMIT, "both run", || harness.journal_of("began").len() == 2).await;
    let [rest, grpc] = &engine.wires;
    rest.cut();
    grpc.cut();
    // Another host, which is not cut off.
    let (_other, _) = scene.start_runtime().await;
    scene.until_events("began", 2, LIMIT * 2).await;
    assert_eq!(
        harness.journal_of("revoked").len(),
        0,
        "nothing can be seen"
    );
    // The runtime is heard of again before the agent can look: the worker looks as well as ever.
    grpc.mend();
    until_seen(&scene, &harness, &worker, |seen| {
        matches!(seen["status"].as_str(), Some("ACTIVE" | "PAUSED"))
    })
    .await;
    rest.mend();
    until(LIMIT, "the runtime aborts both", || {
        harness.journal_of("revoked").len() == 2
    })
    .await;
    until_leases(&harness, 0, LIMIT).await;
    scene.until_events("ended", 2, LIMIT * 3).await;
    let ended = harness.journal_of("ended");
    assert!(ended.is_empty(), "finished a second time: {ended:?}");
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_under_load_costs_no_task_and_repeats_none() {
    let Some((scene, harness, worker)) = host_under_the_real_engine().await else {
        return;
    };
    until_seen(&scene, &harness, &worker, |seen| {
        seen["status"] == "ACTIVE"
            && seen["slotConfig"]["default"]["limit"] == 3
            && label(seen, "capacity") == Some("3")
            && label(seen, "adspower").is_some()
    })
    .await;

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
