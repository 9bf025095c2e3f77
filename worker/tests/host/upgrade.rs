//! The agent's program is replaced under a host that works, and put back.
//!
//! `VALET_PREVIOUS_AGENT` names the program of the version before, built from its commit. Without it both are the same
//! program, and the files of the version before are held against what it wrote (`api::leases`, `drain::requests`).

use std::path::PathBuf;

use axum::http::Method;
use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{Harness, LIMIT};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::systemd::Behind;
use valet_test_kit::wait::until;

use crate::support::{binary, push_running, ready_world, registrations, until_task};

fn previous() -> PathBuf {
    std::env::var_os("VALET_PREVIOUS_AGENT").map_or_else(|| binary().to_owned(), PathBuf::from)
}

/// Starts this program on the host, and waits until the runtime has found it.
async fn runs(harness: &mut Harness, program: PathBuf) {
    let known = registrations(harness);
    harness.set_program(program);
    harness.run_agent().expect("the agent starts");
    until(LIMIT, "the runtime has said again who it is", || {
        registrations(harness) > known
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_and_a_rollback_keep_the_runtime_its_leases_and_a_drain() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    let worker = harness.systemd.add(units::WORKER, Behind::Nothing).await;
    worker.expect("it is on the bus");
    let job = harness.systemd.announce_job(units::WORKER, "restart").await;
    job.expect("it is on the bus");
    let tasks = push_running(&harness, 2, &json!({ "ms": 20_000 })).await;
    let runtime = harness.systemd.main_pid(units::RUNTIME);
    // The version before drains at SIGTERM, so it is killed.
    harness.agent().kill().await.expect("it ran");
    runs(&mut harness, previous()).await;
    harness.reaches(State::Ready).await;
    harness.agent().kill().await.expect("it ran");
    runs(&mut harness, binary().to_owned()).await;
    harness.reaches(State::Ready).await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!((status.leases, status.tasks_abandoned), (2, 0));

    let drained = harness
        .ask(Method::POST, "/v1/drain", r#"{"within_seconds": 900}"#)
        .await;
    assert_eq!(drained.map(|answer| answer.status), Ok(202));
    let drain = |status: valet_protocol::local_api::Status| {
        let drain = status.drain.expect("it drains");
        (drain.began, drain.deadline)
    };
    let before = drain(harness.status().await.expect("the agent answers"));
    harness.agent().terminate();
    assert!(harness.agent().end(LIMIT).await.success());
    for program in [previous(), binary().to_owned()] {
        runs(&mut harness, program).await;
        harness.reaches(State::Draining).await;
        let status = harness.status().await.expect("the agent answers");
        assert_eq!((status.leases, status.tasks_abandoned), (2, 0));
        assert_eq!(drain(status), before);
        harness.agent().kill().await.expect("it ran");
    }
    runs(&mut harness, binary().to_owned()).await;
    assert_eq!(harness.systemd.main_pid(units::RUNTIME), runtime);
    for task in tasks {
        until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
        let attempts = harness.engine.task(&task).map(|task| task.attempts.len());
        assert_eq!(attempts, Some(1));
    }
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    harness.reaches(State::Stopped).await;
    harness.end().await;
}
