//! What Hatchet's engine does, as the agent counts on it: one suite for the kit's engine and for the real one, so that
//! the kit's cannot drift from it. The real one is asked in the deep run.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::http::Method;
use rustix::process::Signal;
use serde_json::json;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::hatchet::TENANT;
use valet_test_kit::{node, skip};

use crate::engine_scene::{ATTEMPTS, EitherEngine, Event, Runtime, SLOTS, Scene, number, text};
use crate::real_engine::RealEngine;

async fn a_worker_is_active_with_its_slots(scene: &Scene, worker: &str) {
    scene.until_status(worker, "ACTIVE").await;
    let seen = scene.worker(worker).await;
    assert_eq!(seen["slotConfig"]["default"]["limit"], SLOTS, "{seen}");
    assert!(seen["lastHeartbeatAt"].is_string(), "{seen}");
}

async fn labels_are_set_key_by_key(scene: &Scene, worker: &str) {
    let first = [("capacity", number(2)), ("adspower", text("running"))];
    scene.engine.label(worker, &first).await;
    scene.engine.label(worker, &[("capacity", number(0))]).await;
    let seen = scene.worker(worker).await;
    let labels: BTreeMap<&str, &str> = seen["labels"]
        .as_array()
        .expect("labels")
        .iter()
        .filter_map(|label| Some((label["key"].as_str()?, label["value"].as_str()?)))
        .collect();
    assert_eq!(labels.get("capacity"), Some(&"0"), "{seen}");
    assert_eq!(labels.get("adspower"), Some(&"running"), "{seen}");
}

async fn slots_are_the_limit(scene: &Scene) {
    for _ in 0..3 * SLOTS {
        scene.engine.push(&json!({ "ms": 400 })).await;
    }
    let began = Instant::now();
    while scene.events("ended").len() < 3 * SLOTS {
        let running = scene.events("began").len() - scene.events("ended").len();
        assert!(running <= SLOTS, "{running} run\n{}", scene.log());
        assert!(began.elapsed() < LIMIT, "{}", scene.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How many tasks a worker has, by the engine's count.
async fn slots_in_use(scene: &Scene, worker: &str) -> i64 {
    let seen = scene.worker(worker).await;
    let slots = &seen["slotConfig"]["default"];
    let figure = |name: &str| slots[name].as_i64().unwrap_or_else(|| panic!("{seen}"));
    figure("limit") - figure("available")
}

/// The engine hears of a task's end after the runtime has said it.
async fn until_no_slot_is_in_use(scene: &Scene, worker: &str) {
    let began = Instant::now();
    while slots_in_use(scene, worker).await > 0 {
        assert!(began.elapsed() < LIMIT, "{}", scene.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn slots_in_use_are_tasks_that_run(scene: &Scene, worker: &str) {
    until_no_slot_is_in_use(scene, worker).await;
    let before = scene.events("began").len();
    for _ in 0..SLOTS {
        scene.engine.push(&json!({ "ms": 6000 })).await;
    }
    scene.until_events("began", before + SLOTS, LIMIT).await;
    assert_eq!(slots_in_use(scene, worker).await, SLOTS as i64);
    until_no_slot_is_in_use(scene, worker).await;
    scene.until_events("ended", before + SLOTS, LIMIT).await;
}

async fn a_task_that_fails_is_tried_again_as_often_as_it_may(scene: &Scene) {
    let before = scene.events("began").len();
    scene.engine.push(&json!({ "fails": true })).await;
    scene.until_events("began", before + ATTEMPTS, LIMIT).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(scene.events("began").len(), before + ATTEMPTS);
}

async fn a_paused_worker_gets_nothing_after_three_seconds(scene: &Scene, worker: &str) {
    let path = format!("/api/v1/workers/{worker}");
    let pause = async |paused: bool| {
        let body = json!({ "isPaused": paused });
        let (status, seen) = scene.engine.ask(Method::PATCH, &path, Some(&body)).await;
        assert_eq!(status, 200, "{seen}");
    };
    pause(true).await;
    assert_eq!(scene.worker(worker).await["status"], "PAUSED");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = scene.events("began").len();
    scene.engine.push(&json!({})).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(scene.events("began").len(), before, "{}", scene.log());
    let (_, statistics) = scene
        .engine
        .ask(Method::GET, &statistics("apply"), None)
        .await;
    let queued = &statistics["apply"]["queued"];
    assert_eq!(queued["total"], 1, "{statistics}");
    assert!(queued["oldest"].is_string(), "{statistics}");
    pause(false).await;
    scene
        .until_events("began", before + 1, Duration::from_secs(20))
        .await;
    scene.until_status(worker, "ACTIVE").await;
}

/// The address of the statistics of a task.
fn statistics(task: &str) -> String {
    format!("/api/v1/tenants/{TENANT}/task-stats?taskNames={task}")
}

async fn only_statistics_are_limited(scene: &Scene) {
    let workers = format!("/api/v1/tenants/{TENANT}/worker");
    for (path, limited) in [(workers, false), (statistics("no-such-task"), true)] {
        // None of before counts.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let asked = (0..60).map(|_| scene.engine.ask(Method::GET, &path, None));
        let answers = futures_util::future::join_all(asked).await;
        let refused = answers.iter().filter(|(status, _)| *status == 429).count();
        assert_eq!(refused > 0, limited, "{refused} of {path} are refused");
        assert!(
            answers.iter().any(|(status, _)| *status == 200),
            "{answers:?}"
        );
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let path = statistics("no-such-task");
    let (status, answer) = scene.engine.ask(Method::GET, &path, None).await;
    assert_eq!(status, 200);
    assert_eq!(answer["no-such-task"]["queued"]["total"], 0, "{answer}");
    let path = format!("/api/v1/tenants/{TENANT}/queue-metrics");
    assert_eq!(scene.engine.ask(Method::GET, &path, None).await.0, 400);
}

/// Labels are no filter of the list, and a paused worker that is gone is inactive and not paused.
async fn workers_are_listed_by_status_alone(scene: &Scene, runtime: &mut Runtime, worker: &str) {
    let list = async |status: &str| {
        let path = format!("/api/v1/tenants/{TENANT}/worker?statuses={status}&labels=capacity:77");
        let (code, answer) = scene.engine.ask(Method::GET, &path, None).await;
        assert_eq!(code, 200, "{answer}");
        let rows = answer["rows"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .filter(|row| row["metadata"]["id"] == worker)
            .count()
    };
    assert_eq!((list("ACTIVE").await, list("PAUSED").await), (1, 0));
    let path = format!("/api/v1/workers/{worker}");
    let body = json!({ "isPaused": true });
    scene.engine.ask(Method::PATCH, &path, Some(&body)).await;
    assert_eq!((list("ACTIVE").await, list("PAUSED").await), (0, 1));
    runtime.child.kill().await.expect("it ran");
    scene.until_status(worker, "INACTIVE").await;
    assert_eq!((list("INACTIVE").await, list("PAUSED").await), (1, 0));
}

/// A worker that dies, and one that stands still for so long that its tasks are given to another and then comes back.
async fn tasks_of_a_silent_worker_go_to_another(scene: &Scene) {
    let before = scene.events("began").len();
    let (mut first, _) = scene.start_runtime().await;
    scene.engine.push(&json!({ "ms": 1000 })).await;
    scene.until_events("began", before + 1, LIMIT).await;
    let began = Instant::now();
    first.child.kill().await.expect("it ran");
    let (second, second_worker) = scene.start_runtime().await;
    scene.until_events("began", before + 2, LIMIT * 2).await;
    let waited = began.elapsed().as_secs();
    assert!((20..60).contains(&waited), "after {waited} s");
    let last = scene.events("began").pop().expect("it began");
    assert_eq!(last.pid, second.pid);
    scene.until_events("ended", 1, LIMIT).await;

    // The second stands still while a third comes. What is sent to it meanwhile waits in its connection.
    let before = scene.events("began").len();
    scene.engine.push(&json!({ "ms": 50_000 })).await;
    scene.until_events("began", before + 1, LIMIT).await;
    let task = scene.events("began").pop().expect("it began").task;
    second.send(Signal::STOP);
    scene.engine.push(&json!({ "ms": 1000 })).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (third, _) = scene.start_runtime().await;
    scene.until_events("began", before + 3, LIMIT * 2).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let in_use = slots_in_use(scene, &second_worker).await;
    assert_eq!(in_use, 0, "what was given away is in no slot any more");
    second.send(Signal::CONT);
    scene.until_events("revoked", 2, LIMIT).await;
    let of_task = |name: &str| {
        let events = scene.events(name).into_iter();
        let of_task: Vec<Event> = events.filter(|event| event.task == task).collect();
        of_task
    };
    let began = Instant::now();
    while of_task("ended").is_empty() {
        assert!(began.elapsed() < LIMIT * 2, "{}", scene.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // That of the second was ignored: nobody begins it once more.
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(of_task("began").len(), 2, "{:?}", of_task("began"));
    let ended = of_task("ended");
    assert!(ended.len() == 1 && ended[0].pid == third.pid, "{ended:?}");
    let unread = scene.events("began").into_iter().skip(before);
    let unread: Vec<Event> = unread.filter(|event| event.task != task).collect();
    assert!(
        unread.len() == 1 && unread[0].pid == third.pid,
        "what was not read before the freeze begins elsewhere alone: {unread:?}"
    );
}

async fn behaves(engine: EitherEngine) {
    let scene = Scene::new(engine);
    let (mut runtime, worker) = scene.start_runtime().await;
    a_worker_is_active_with_its_slots(&scene, &worker).await;
    labels_are_set_key_by_key(&scene, &worker).await;
    slots_are_the_limit(&scene).await;
    slots_in_use_are_tasks_that_run(&scene, &worker).await;
    a_task_that_fails_is_tried_again_as_often_as_it_may(&scene).await;
    a_paused_worker_gets_nothing_after_three_seconds(&scene, &worker).await;
    only_statistics_are_limited(&scene).await;
    workers_are_listed_by_status_alone(&scene, &mut runtime, &worker).await;
    let (_, again) = scene.start_runtime().await;
    assert_ne!(again, worker, "every registration is another worker");
}

pub fn has_node() -> bool {
    let is_there = node::is_there();
    if !is_there {
        skip("node 20 and npm are needed for Hatchet's SDK");
    }
    is_there
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kits_engine_behaves() {
    if has_node() {
        behaves(EitherEngine::fake().await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_engine_behaves() {
    if !has_node() {
        return;
    }
    if let Some(engine) = RealEngine::start().await {
        behaves(EitherEngine::Real(Box::new(engine))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kits_engine_gives_tasks_of_a_silent_worker_to_another() {
    if has_node() {
        let scene = Scene::new(EitherEngine::fake().await);
        tasks_of_a_silent_worker_go_to_another(&scene).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_engine_gives_tasks_of_a_silent_worker_to_another() {
    if !has_node() {
        return;
    }
    if let Some(engine) = RealEngine::start().await {
        let scene = Scene::new(EitherEngine::Real(Box::new(engine)));
        tasks_of_a_silent_worker_go_to_another(&scene).await;
    }
}
