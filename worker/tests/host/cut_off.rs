//! A host that is cut off from Hatchet alone: everything on it runs on, and Hatchet gives its tasks to others.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use valet_protocol::local_api::State;
use valet_test_kit::harness::{ACTION, Harness, LIMIT};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::wait::until;

use crate::support::{push, push_endless, push_running, ready_world, until_task};

/// Hatchet gives tasks away after 30 s.
const CUT: Duration = Duration::from_secs(33);

/// From this silence on nobody can say whose a task is.
const UNHEARD: Duration = Duration::from_secs(25);

/// The ids of the leases that are held, as the agent saves them.
fn lease_ids(harness: &Harness) -> BTreeSet<String> {
    let file = Path::new(&harness.config.paths.runtime_directory).join("leases.json");
    let saved = std::fs::read_to_string(file).unwrap_or_default();
    let saved: Value = serde_json::from_str(&saved).unwrap_or_default();
    let leases = saved["leases"].as_object().into_iter().flatten();
    leases.map(|(id, _)| id.clone()).collect()
}

/// Whether a lease is still its task's: the status of the answer, and the answer.
async fn is_valid(harness: &Harness, id: &str) -> (u16, String) {
    let path = format!("/v1/leases/{id}");
    let answer = harness.ask(Method::GET, &path, "").await;
    let answer = answer.expect("the agent answers");
    (answer.status, answer.body)
}

/// When the engine heard of the worker last.
fn last_heartbeat(harness: &Harness) -> Option<std::time::Instant> {
    harness.engine.workers()[0].last_heartbeat
}

/// Both take as long as Hatchet waits, so they wait at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_is_noticed_and_an_outage_of_the_api_alone_takes_no_task() {
    tokio::join!(
        what_was_given_away_during_a_cut_is_aborted_though_nobody_saw_the_silence(),
        while_the_api_alone_is_down_tasks_run_on_and_do_nothing_that_cannot_be_undone(),
    );
}

async fn what_was_given_away_during_a_cut_is_aborted_though_nobody_saw_the_silence() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let tasks = push_endless(&harness, 2).await;
    let lease = lease_ids(&harness).pop_first().expect("a lease");
    assert_eq!(is_valid(&harness, &lease).await.0, 204);
    harness
        .engine
        .add_other_host(&[ACTION], 2, Duration::from_millis(100));
    harness.engine.server().stop();
    let cut = std::time::Instant::now();
    tokio::time::sleep(UNHEARD + Duration::from_secs(1)).await;
    // Nothing that cannot be undone is done from now on, though nobody knows whose the task is.
    let (status, answer) = is_valid(&harness, &lease).await;
    assert_eq!(status, 409, "{answer}");
    assert!(answer.contains("reassigned"), "{answer}");
    tokio::time::sleep(CUT.saturating_sub(cut.elapsed())).await;

    // The runtime is heard of again before the agent can look: the worker looks as well as ever.
    harness.engine.set_api_failing(true);
    let server = harness.engine.server();
    server.restart().await.expect("the port is free");
    let before = last_heartbeat(&harness);
    until(LIMIT, "the engine hears of the worker", || {
        last_heartbeat(&harness) != before && harness.engine.workers()[0].status != "INACTIVE"
    })
    .await;
    harness.engine.set_api_failing(false);
    let began = std::time::Instant::now();
    while harness.journal_of("revoked").len() < 2 {
        let late = began.elapsed() > LIMIT;
        let logs = || format!("{}\n{}", harness.agent_log(), harness.runtime_log());
        assert!(!late, "not aborted:\n{}", logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for task in tasks {
        until_task(
            &harness,
            &task,
            "it is done elsewhere",
            TaskRun::is_completed,
        )
        .await;
    }
    let ended = harness.journal_of("ended");
    assert!(ended.is_empty(), "finished a second time: {ended:?}");
    assert_eq!(is_valid(&harness, &lease).await.0, 404);
    // The host takes tasks again. While its stream is not there yet, the other host does.
    let (began, before) = (std::time::Instant::now(), harness.journal_of("began").len());
    while harness.journal_of("began").len() == before {
        assert!(began.elapsed() < LIMIT, "{}", harness.agent_log());
        let _ = push(&harness, Duration::from_millis(100));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    harness.end().await;
}

async fn while_the_api_alone_is_down_tasks_run_on_and_do_nothing_that_cannot_be_undone() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    let over = harness.folder().join("over");
    let tasks = push_running(&harness, 2, &json!({ "until": over })).await;
    let lease = lease_ids(&harness).pop_first().expect("a lease");
    assert_eq!(is_valid(&harness, &lease).await.0, 204);
    harness.engine.set_api_failing(true);
    tokio::time::sleep(CUT).await;
    let (status, answer) = is_valid(&harness, &lease).await;
    assert_eq!(status, 409, "{answer}");
    // A task that ends while the agent looks is one fewer in that look alone.
    harness.engine.miscount(1);
    harness.engine.set_api_failing(false);
    until(LIMIT, "the agent looks", || harness.engine.miscounts() == 0).await;
    let began = std::time::Instant::now();
    while is_valid(&harness, &lease).await.0 != 204 {
        assert!(began.elapsed() < LIMIT, "{}", harness.agent_log());
    }
    for task in &tasks {
        let run = harness.engine.task(task).expect("it was pushed");
        assert!(run.is_running() && run.attempts.len() == 1, "{run:?}");
    }
    // Both looks after the silence are over, and nothing was taken from anybody.
    std::fs::write(&over, "").expect("it can be written");
    for task in tasks {
        until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
        let run = harness.engine.task(&task).expect("it was pushed");
        assert_eq!(run.attempts.len(), 1, "{run:?}");
    }
    assert_eq!(harness.journal_of("revoked").len(), 0);
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(status.state, State::Ready);
    harness.end().await;
}
