//! Which worker Hatchet's real engine chooses, by labels and for sticky workflows, with its own SDK. In the deep run.

use std::time::Duration;

use serde_json::json;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::node;

use crate::engine::has_node;
use crate::engine_scene::{EitherEngine, Scene, number, text};
use crate::real_engine::RealEngine;

/// The scheduler reads labels every five seconds.
const LABELS_READ: Duration = Duration::from_secs(6);

/// The processes in which tasks of this name began, oldest first.
fn began(scene: &Scene, task: &str) -> Vec<u32> {
    let events = scene.events("began").into_iter();
    let of_task = events.filter(|event| event.task == task);
    of_task.map(|event| event.pid).collect()
}

async fn until_began(scene: &Scene, task: &str, number: usize) -> Vec<u32> {
    let since = std::time::Instant::now();
    loop {
        let pids = began(scene, task);
        if pids.len() >= number {
            return pids;
        }
        assert!(
            since.elapsed() < LIMIT,
            "{task} began {} times\n{}",
            pids.len(),
            scene.log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_choose_and_children_stay_where_they_are_pinned() {
    if !has_node() {
        return;
    }
    let Some(engine) = RealEngine::start().await else {
        return;
    };
    let scene = Scene::new(EitherEngine::Real(Box::new(engine)));
    let program = node::choosing_runtime().expect("the runtime is installed");
    let (first, first_worker) = scene.start_program(&program, "first").await;
    let (second, second_worker) = scene.start_program(&program, "second").await;

    // A required label chooses, and `>=` compares numbers alone.
    let capacity = |label| [("capacity", label)];
    scene
        .engine
        .label(&first_worker, &capacity(number(0)))
        .await;
    scene
        .engine
        .label(&second_worker, &capacity(text("2")))
        .await;
    tokio::time::sleep(LABELS_READ).await;
    for _ in 0..3 {
        scene.engine.trigger("wanting", &json!({})).await;
    }
    tokio::time::sleep(LABELS_READ).await;
    assert_eq!(began(&scene, "wanting"), Vec::<u32>::new());
    scene
        .engine
        .label(&second_worker, &capacity(number(2)))
        .await;
    assert_eq!(until_began(&scene, "wanting", 3).await, [second.pid; 3]);

    // While the first worker is full, a child that `run` was to pin begins on the other one. No worker has the label
    // that it requires: on sticky workflows labels are ignored.
    scene
        .engine
        .trigger("blocker", &json!({ "ms": 12_000 }))
        .await;
    until_began(&scene, "blocker", 1).await;
    let parent = json!({ "how": "run", "ms": 8000 });
    scene.engine.trigger("parent", &parent).await;
    assert_eq!(until_began(&scene, "pinned", 1).await, [second.pid]);
    let ended = scene.events("ended").into_iter();
    assert_eq!(ended.filter(|event| event.task == "parent").count(), 0);

    // One of `ctx.runNoWaitChild` waits for its parent's worker.
    scene.until_events("ended", 3 + 3, LIMIT).await;
    scene
        .engine
        .trigger("blocker", &json!({ "ms": 15_000 }))
        .await;
    until_began(&scene, "blocker", 2).await;
    let parent = json!({ "how": "child", "ms": 8000 });
    scene.engine.trigger("parent", &parent).await;
    until_began(&scene, "parent", 2).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(began(&scene, "pinned").len(), 1, "it waits");
    assert_eq!(
        until_began(&scene, "pinned", 2).await,
        [second.pid, first.pid]
    );
}
