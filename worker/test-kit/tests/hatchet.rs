//! The engine, tried with Hatchet's own SDK.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use valet_test_kit::granting_agent::GrantingAgent;
use valet_test_kit::hatchet::{AttemptOutcome, Engine, Pace, TaskRun};
use valet_test_kit::wait::until;
use valet_test_kit::{http, node, skip};

const ACTION: &str = "apply:apply";
const SOON: Duration = Duration::from_secs(20);

/// An engine, a socket that grants every lease, and the SDK's worker between them.
struct Scene {
    engine: Engine,
    token: String,
    runtime: Child,
    _agent: GrantingAgent,
    folder: TempDir,
}

async fn scene(pace: Pace) -> Option<Scene> {
    if !node::is_there() {
        skip("node 20 and npm are needed for Hatchet's SDK");
        return None;
    }
    let folder = TempDir::new().expect("a folder");
    let engine = Engine::start(pace).await.expect("the engine starts");
    let agent =
        GrantingAgent::start(&folder.path().join("agent.sock")).expect("the socket is made");
    let token = engine.token(Duration::from_hours(1));
    let runtime = runtime(&engine, &token, folder.path());
    Some(Scene {
        engine,
        token,
        runtime,
        _agent: agent,
        folder,
    })
}

fn runtime(engine: &Engine, token: &str, folder: &Path) -> Child {
    let log = std::fs::File::create(folder.join("runtime.log")).expect("a log");
    Command::new("node")
        .arg(node::runtime().expect("the runtime is installed"))
        .envs(engine.environment(token))
        .env("VALET_SOCKET", folder.join("agent.sock"))
        .env("RUNTIME_SLOTS", "2")
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .expect("node starts")
}

impl Scene {
    /// The id of the worker, once its heartbeats come.
    async fn registered(&self) -> String {
        let is_active = || {
            let workers = self.engine.workers();
            workers.iter().any(|worker| worker.status == "ACTIVE")
        };
        let active = tokio::time::timeout(SOON, until(SOON * 2, "it is active", is_active)).await;
        assert!(
            active.is_ok(),
            "the SDK's worker does not come:\n{}",
            self.log()
        );
        self.engine.workers()[0].id.clone()
    }

    async fn pause(&self, worker: &str, paused: bool) {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let answer = http::send(
            axum::http::Method::PATCH,
            &self.engine.server().url(),
            &format!("/api/v1/workers/{worker}"),
            &headers,
            json!({ "isPaused": paused }).to_string(),
        )
        .await
        .expect("the API answers");
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("runtime.log")).unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdks_worker_registers_and_runs_tasks_within_its_slots() {
    let Some(scene) = scene(Pace::default()).await else {
        return;
    };
    scene.registered().await;
    let worker = &scene.engine.workers()[0];
    assert_eq!(
        (worker.actions.as_slice(), worker.slots),
        (&[ACTION.to_owned()][..], 2)
    );

    let input = json!({ "ms": 300 });
    let tasks: Vec<String> = (0..4)
        .map(|_| scene.engine.push(ACTION, &input, 0))
        .collect();
    let mut most = 0;
    until(SOON, "all four tasks are over", || {
        most = most.max(scene.engine.workers()[0].running);
        scene.engine.tasks().iter().all(TaskRun::is_completed)
    })
    .await;
    assert_eq!(most, 2, "{}", scene.log());
    let run = scene.engine.task(&tasks[0]).expect("it was pushed");
    let Some((_, AttemptOutcome::Completed(output))) = &run.attempts[0].ended else {
        panic!("{run:?}");
    };
    assert!(output.contains("pid"), "{output}");
    assert!(run.attempts[0].started.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_fails_is_tried_again_as_often_as_it_may() {
    let Some(scene) = scene(Pace::default()).await else {
        return;
    };
    scene.registered().await;
    let task = scene.engine.push(ACTION, &json!({ "fails": true }), 2);
    until(SOON, "the task is over", || {
        scene.engine.task(&task).is_some_and(|task| task.is_over())
    })
    .await;
    let run = scene.engine.task(&task).expect("it was pushed");
    assert_eq!(run.attempts.len(), 3);
    assert!(!run.is_completed() && !run.ran_twice_at_once());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_worker_gets_nothing_after_a_moment_and_keeps_what_it_has() {
    let Some(scene) = scene(Pace::default()).await else {
        return;
    };
    let worker = scene.registered().await;
    let running = scene.engine.push(ACTION, &json!({ "ms": 2500 }), 0);
    until(SOON, "it runs", || {
        scene
            .engine
            .task(&running)
            .is_some_and(|task| task.is_running())
    })
    .await;

    scene.pause(&worker, true).await;
    assert_eq!(scene.engine.workers()[0].status, "PAUSED");
    // The scheduler does not know yet.
    let late = scene.engine.push(ACTION, &json!({}), 0);
    until(SOON, "the late task ran", || {
        scene
            .engine
            .task(&late)
            .is_some_and(|task| task.is_completed())
    })
    .await;
    tokio::time::sleep(Pace::default().pause_takes).await;
    let waiting = scene.engine.push(ACTION, &json!({}), 0);
    until(SOON, "what ran is over", || {
        scene
            .engine
            .task(&running)
            .is_some_and(|task| task.is_completed())
    })
    .await;
    assert!(
        scene
            .engine
            .task(&waiting)
            .is_some_and(|task| task.is_queued())
    );

    scene.pause(&worker, false).await;
    until(SOON, "the waiting task ran", || {
        scene
            .engine
            .task(&waiting)
            .is_some_and(|task| task.is_completed())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_heartbeats_a_task_moves_on_and_the_engine_sees_who_worked_twice() {
    let pace = Pace {
        reassign_after: Duration::from_secs(6),
        ..Pace::default()
    };
    let Some(scene) = scene(pace).await else {
        return;
    };
    scene.registered().await;
    let task = scene.engine.push(ACTION, &json!({ "ms": 9000 }), 0);
    until(SOON, "it runs", || {
        scene
            .engine
            .task(&task)
            .is_some_and(|task| task.is_running())
    })
    .await;
    scene
        .engine
        .add_other_host(&[ACTION], 1, Duration::from_millis(100));

    // What hatchet.md warns of: SIGTERM ends the heartbeats while the task runs on.
    let pid = scene.runtime.id().expect("it runs") as i32;
    let pid = rustix::process::Pid::from_raw(pid).expect("a process has a number");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");

    until(SOON, "another host has done it", || {
        scene
            .engine
            .task(&task)
            .is_some_and(|task| task.is_completed())
    })
    .await;
    let first_end = |task: &str| scene.engine.task(task)?.attempts[0].ended.clone();
    assert_eq!(
        first_end(&task).expect("it ended").1,
        AttemptOutcome::Reassigned
    );
    until(SOON, "the first worker's result came too late", || {
        scene
            .engine
            .task(&task)
            .is_some_and(|task| task.ran_twice_at_once())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_listens_again_after_a_cut_and_after_a_restart() {
    let Some(scene) = scene(Pace::default()).await else {
        return;
    };
    let worker = scene.registered().await;
    let streams = || {
        scene
            .engine
            .worker(&worker)
            .map_or(0, |worker| worker.streams)
    };
    scene.engine.cut_streams();
    until(SOON, "a second stream", || streams() == 2).await;

    scene.engine.server().stop();
    scene
        .engine
        .server()
        .restart()
        .await
        .expect("the port is free");
    until(SOON, "a third stream", || streams() >= 3).await;
    let task = scene.engine.push(ACTION, &json!({}), 0);
    until(SOON, "it ran", || {
        scene
            .engine
            .task(&task)
            .is_some_and(|task| task.is_completed())
    })
    .await;
    assert_eq!(scene.engine.workers().len(), 1, "it registered again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refused_by_both_interfaces() {
    let Some(scene) = scene(Pace::default()).await else {
        return;
    };
    let worker = scene.registered().await;
    scene.engine.expire_tokens();
    let bearer = format!("Bearer {}", scene.token);
    let answer = http::send(
        axum::http::Method::GET,
        &scene.engine.server().url(),
        &format!("/api/v1/workers/{worker}"),
        &[("authorization", bearer.as_str())],
        String::new(),
    )
    .await
    .expect("the API answers");
    assert_eq!(answer.status, 403);
    until(SOON, "its heartbeats no longer count", || {
        scene.engine.workers()[0].status == "INACTIVE"
    })
    .await;
    until(SOON, "the SDK says why", || {
        scene.log().contains("UNAUTHENTICATED") || scene.log().contains("invalid auth token")
    })
    .await;
}
