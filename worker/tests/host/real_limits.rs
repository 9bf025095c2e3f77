//! Where Hatchet's real engine and its SDK give up. In the deep run.

use std::time::{Duration, Instant, SystemTime};

use axum::http::Method;
use hatchet_proto::prost_types::Timestamp;
use hatchet_proto::root::{
    AssignedAction, HeartbeatRequest, WorkerListenRequest, WorkerRegisterRequest,
};
use serde_json::json;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use valet_test_kit::harness::{ACTION, LIMIT};
use valet_test_kit::hatchet::TENANT;
use valet_test_kit::node;

use crate::engine::has_node;
use crate::engine_scene::{EitherEngine, Scene};
use crate::real_engine::RealEngine;

/// Times that the engine gives a task to another worker, until it fails: `maxInternalRetryCount`.
const REASSIGNED: usize = 10;

/// How long the engine may take to look for silent workers, or to send a task.
const ROUND: Duration = Duration::from_secs(30);

async fn scene() -> Option<Scene> {
    if !has_node() {
        return None;
    }
    let engine = RealEngine::start().await?;
    Some(Scene::new(EitherEngine::Real(Box::new(engine))))
}

fn engine(scene: &Scene) -> &RealEngine {
    match &scene.engine {
        EitherEngine::Real(engine) => engine,
        EitherEngine::Fake(..) => unreachable!("it is the real one"),
    }
}

/// A worker without a runtime: it takes what it is sent, and is heard of when the test says so.
struct BareWorker<'a> {
    scene: &'a Scene,
    id: String,
    assigned: UnboundedReceiver<AssignedAction>,
}

impl<'a> BareWorker<'a> {
    async fn register(scene: &'a Scene) -> Self {
        let mut dispatcher = scene.engine.dispatcher().await;
        let request = scene.engine.with_token(WorkerRegisterRequest {
            worker_name: "bare".to_owned(),
            actions: vec![ACTION.to_owned()],
            slot_config: [("default".to_owned(), 1)].into(),
            ..WorkerRegisterRequest::default()
        });
        let registered = dispatcher.register(request).await.expect("it registers");
        let id = registered.into_inner().worker_id;
        let request = scene.engine.with_token(WorkerListenRequest {
            worker_id: id.clone(),
        });
        let (sender, assigned) = mpsc::unbounded_channel();
        // The engine's response begins with the first task.
        tokio::spawn(async move {
            let stream = dispatcher.listen_v2(request).await;
            let mut stream = stream.expect("it listens").into_inner();
            while let Ok(Some(action)) = stream.message().await {
                let _ = sender.send(action);
            }
        });
        Self {
            scene,
            id,
            assigned,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the engine holds the time against its own clock"
    )]
    async fn beats(&self) {
        let mut dispatcher = self.scene.engine.dispatcher().await;
        let request = self.scene.engine.with_token(HeartbeatRequest {
            worker_id: self.id.clone(),
            heartbeat_at: Some(Timestamp::from(SystemTime::now())),
        });
        dispatcher.heartbeat(request).await.expect("it is heard");
    }

    /// The next task, if one comes while this worker is heard of.
    async fn next(&mut self) -> Option<AssignedAction> {
        let began = Instant::now();
        while began.elapsed() < ROUND {
            self.beats().await;
            let second = Duration::from_secs(1);
            if let Ok(action) = tokio::time::timeout(second, self.assigned.recv()).await {
                return Some(action.expect("the stream goes on"));
            }
        }
        None
    }

    /// Has the engine take it for silent until its task is given away.
    async fn falls_silent(&self) {
        let id = &self.id;
        let engine = engine(self.scene);
        let silence = format!(
            "UPDATE \"Worker\" SET \"lastHeartbeatAt\" = NOW() - INTERVAL '31 seconds' WHERE id = '{id}'"
        );
        engine.sql(&silence).await;
        let count = format!("SELECT count(*) FROM v1_task_runtime WHERE worker_id = '{id}'");
        let began = Instant::now();
        while engine.sql(&count).await != "0" {
            assert!(began.elapsed() < LIMIT, "{}", self.scene.log());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_was_given_away_ten_times_fails() {
    let Some(scene) = scene().await else {
        return;
    };
    // It makes the workflow known.
    let (mut runtime, worker) = scene.start_runtime().await;
    runtime.child.kill().await.expect("it ran");
    scene.until_status(&worker, "INACTIVE").await;
    let mut bare = BareWorker::register(&scene).await;
    bare.beats().await;
    scene.engine.push(&json!({})).await;
    let mut sent = Vec::new();
    while let Some(action) = bare.next().await {
        sent.push(action.retry_count);
        assert!(sent.len() <= REASSIGNED + 1, "{sent:?}");
        bare.falls_silent().await;
    }
    let expected: Vec<i32> = (0..=REASSIGNED as i32).collect();
    assert_eq!(sent, expected, "{}", scene.log());
    let path = format!(
        "/api/v1/stable/tenants/{TENANT}/workflow-runs?since=2020-01-01T00:00:00Z&only_tasks=true"
    );
    let (status, runs) = scene.engine.ask(Method::GET, &path, None).await;
    assert_eq!(status, 200, "{runs}");
    let run = &runs["rows"][0];
    assert_eq!(run["status"], "FAILED", "{runs}");
    let reason = run["errorMessage"].as_str().unwrap_or_default();
    assert!(reason.contains("maximum reassignment count"), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_that_a_runtime_cannot_set_end_it() {
    let Some(mut scene) = scene().await else {
        return;
    };
    let program = node::choosing_runtime().expect("the runtime is installed");
    let (mut runtime, worker) = scene.start_program(&program, "first").await;
    scene.engine.trigger("relabel", &json!({})).await;
    scene.until_events("relabelled", 1, LIMIT * 2).await;
    let began = Instant::now();
    let has_label = async || {
        let seen = scene.worker(&worker).await;
        let labels = seen["labels"].as_array().cloned().unwrap_or_default();
        let is_it = |label: &serde_json::Value| label["key"] == "capacity" && label["value"] == "1";
        labels.iter().any(is_it)
    };
    while !has_label().await {
        assert!(began.elapsed() < LIMIT, "{}", scene.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // The next time nobody is there to set them.
    scene
        .engine
        .trigger("relabel", &json!({ "ms": 8000 }))
        .await;
    scene.until_events("began", 2, LIMIT * 2).await;
    if let EitherEngine::Real(engine) = &mut scene.engine {
        engine.stop().await;
    }
    scene.until_events("relabelled", 2, LIMIT * 2).await;
    let ended = tokio::time::timeout(LIMIT * 2, runtime.child.wait()).await;
    let ended = ended.unwrap_or_else(|_| panic!("it runs on\n{}", scene.log()));
    assert_eq!(ended.expect("it ran").code(), Some(1), "{}", scene.log());
}
