//! Whatever ends the runtime goes through the drain, and a host that refuses tasks gets none.

use std::time::Duration;

use serde_json::json;
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{ACTION, Harness, LIMIT, configuration};
use valet_test_kit::hatchet::{Pace, TaskRun};
use valet_test_kit::wait::until;

use crate::support::{push, push_endless, push_running, ready_world, until_task, world_at_pace};

/// Jobs by which systemd was told to stop the runtime.
fn stops(harness: &Harness) -> usize {
    let jobs = harness.systemd.jobs().into_iter();
    jobs.filter(|job| job.unit == units::RUNTIME && job.kind == "stop")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_beside_running_tasks_drains_them_first() {
    let Some(mut harness) = ready_world(|config| {
        config.start.services_seconds = configuration::seconds(3.0);
    })
    .await
    else {
        return;
    };
    let tasks = push_running(&harness, 2, &json!({ "ms": 9000 })).await;
    harness.agent().kill().await.expect("it ran");
    harness.systemd.refuse_starts(units::NOVNC, true);
    harness.systemd.kill(units::NOVNC).await;
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Draining).await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!((status.leases, stops(&harness)), (2, 0), "{status:#?}");
    assert!(status.cause.contains("novnc"), "{}", status.cause);
    assert!(harness.aws.calls_of("SetInstanceHealth").is_empty());
    harness.reaches(State::Unhealthy).await;
    for task in tasks {
        let run = harness.engine.task(&task).expect("it was pushed");
        assert!(run.is_completed() && run.attempts.len() == 1, "{run:?}");
    }
    assert_eq!(stops(&harness), 1);
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_adspower_is_paused_and_tasks_keep_their_retries() {
    let Some(harness) = ready_world(|config| config.heal.restart_limit = 100).await else {
        return;
    };
    harness.systemd.refuse_starts(units::ADSPOWER, true);
    harness.systemd.kill(units::ADSPOWER).await;
    until(LIMIT, "the worker is paused", || {
        harness.engine.workers()[0].status == "PAUSED"
    })
    .await;
    // The engine honours a pause after a moment.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let tasks: Vec<String> = (0..6)
        .map(|_| push(&harness, Duration::from_millis(100)))
        .collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    for task in &tasks {
        let run = harness.engine.task(task).expect("it was pushed");
        assert!(run.attempts.is_empty(), "{run:?}");
    }
    harness.systemd.refuse_starts(units::ADSPOWER, false);
    for task in &tasks {
        until_task(&harness, task, "it completes", TaskRun::is_completed).await;
    }
    harness.end().await;
}

/// A pause takes effect after a moment, and what is sent until then comes back to the same host at once.
#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_are_sent_after_a_pause_all_the_same_keep_their_retries() {
    let pace = Pace {
        pause_takes: Duration::from_secs(2),
        ..Pace::default()
    };
    let Some(mut harness) = world_at_pace(pace, |config| config.heal.restart_limit = 100).await
    else {
        return;
    };
    harness.get_ready().await;
    harness.systemd.refuse_starts(units::ADSPOWER, true);
    harness.systemd.kill(units::ADSPOWER).await;
    until(LIMIT, "the worker is paused", || {
        harness.engine.workers()[0].paused.is_some()
    })
    .await;
    let tasks: Vec<String> = (0..3)
        .map(|_| push(&harness, Duration::from_millis(100)))
        .collect();
    for task in &tasks {
        until_task(&harness, task, "it is given back for good", |run| {
            run.is_queued() && !run.attempts.is_empty()
        })
        .await;
    }
    // As long as all their retries would take.
    tokio::time::sleep(Duration::from_secs(7)).await;
    for task in &tasks {
        let run = harness.engine.task(task).expect("it was pushed");
        assert!(run.is_queued() && run.attempts.len() < 4, "{run:?}");
    }
    harness.systemd.refuse_starts(units::ADSPOWER, false);
    for task in &tasks {
        until_task(&harness, task, "it completes", TaskRun::is_completed).await;
    }
    harness.end().await;
}

/// Hatchet sends a worker that goes on nothing for five seconds: the host is ready, and idle, and nothing is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_resumed_waits_for_its_first_task_and_may_drain_again_meanwhile() {
    let pace = Pace {
        resume_takes: Duration::from_secs(5),
        ..Pace::default()
    };
    let Some(mut harness) = world_at_pace(pace, |_| {}).await else {
        return;
    };
    harness.get_ready().await;
    // A drain ends the runtime once nothing comes any more; one with a task that runs does not yet.
    let running = push_running(&harness, 1, &json!({ "ms": 25_000 })).await;
    let paused = |harness: &Harness| harness.engine.workers()[0].paused.is_some();
    let order = async |path: &str, is_paused: bool| {
        let answer = harness.ask(axum::http::Method::POST, path, "{}").await;
        assert_eq!(answer.map(|answer| answer.status), Ok(202));
        until(LIMIT, path, || paused(&harness) == is_paused).await;
    };
    order("/v1/drain", true).await;
    // The engine honours a pause after a moment.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let waiting = push(&harness, Duration::from_millis(100));
    order("/v1/resume", false).await;
    let resumed = harness.engine.workers()[0].resumed.expect("it goes on");
    // Nothing has come yet when the next drain begins, and is taken back.
    order("/v1/drain", true).await;
    order("/v1/resume", false).await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!((status.state, status.leases), (State::Ready, 1));
    until_task(&harness, &waiting, "it completes", TaskRun::is_completed).await;
    let run = harness.engine.task(&waiting).expect("it was pushed");
    let last = run.attempts.last().expect("it ran");
    assert!(last.assigned.duration_since(resumed) >= pace.resume_takes);
    until_task(&harness, &running[0], "it completes", TaskRun::is_completed).await;
    assert_eq!(harness.systemd.starts(units::RUNTIME), 1);
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_drain_does_not_make_an_unhealthy_host_ready() {
    let Some(mut harness) = ready_world(|config| {
        config.start.services_seconds = configuration::seconds(2.0);
    })
    .await
    else {
        return;
    };
    harness.agent().kill().await.expect("it ran");
    harness.systemd.refuse_starts(units::XVFB, true);
    harness.systemd.kill(units::XVFB).await;
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Unhealthy).await;
    harness.systemd.refuse_starts(units::XVFB, false);
    let post = axum::http::Method::POST;
    for path in ["/v1/drain", "/v1/resume"] {
        let _ = harness.ask(post.clone(), path, "{}").await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(status.state, State::Unhealthy, "{}", harness.agent_log());
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_lease_is_not_continued_while_the_host_drains() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    push_endless(&harness, 1).await;
    let post = axum::http::Method::POST;
    let drained = harness.ask(post.clone(), "/v1/drain", "{}").await;
    assert_eq!(drained.map(|answer| answer.status), Ok(202));
    let body = r#"{"continues": "0123456789abcdef"}"#;
    let answer = harness.ask(post, "/v1/leases", body).await;
    assert_eq!(answer.map(|answer| answer.status), Ok(409));
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_freeze_the_tasks_of_before_are_aborted_and_not_finished_twice() {
    let pace = Pace {
        reassign_after: Duration::from_secs(20),
        ..Pace::default()
    };
    let Some(mut harness) = world_at_pace(pace, |_| {}).await else {
        return;
    };
    harness.get_ready().await;
    // No report is sent while the process stands still.
    harness.clock_jumps = true;
    push_endless(&harness, 2).await;
    harness
        .engine
        .add_other_host(&[ACTION], 2, Duration::from_millis(100));
    let runtime = harness.systemd.main_pid(units::RUNTIME).expect("it runs");
    let runtime = rustix::process::Pid::from_raw(runtime as i32).expect("a process");
    let send = |signal| rustix::process::kill_process(runtime, signal).expect("it is ours");
    send(rustix::process::Signal::STOP);
    harness.agent().freeze();
    tokio::time::sleep(Duration::from_secs(29)).await;
    harness.agent().thaw();
    send(rustix::process::Signal::CONT);
    until(LIMIT, "the runtime aborts both", || {
        harness.journal_of("revoked").len() == 2
    })
    .await;
    // The runtime's client may have noticed before the agent did, and gives its leases back then.
    let given_back = async {
        while harness
            .status()
            .await
            .is_none_or(|status| status.leases > 0)
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let given_back = tokio::time::timeout(LIMIT, given_back).await;
    assert!(given_back.is_ok(), "{}", harness.agent_log());
    let ended = harness.journal_of("ended");
    assert!(ended.is_empty(), "finished a second time: {ended:?}");
    harness.end().await;
}

/// The agent goes on and knows nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_was_frozen_alone_aborts_its_tasks_by_itself() {
    let pace = Pace {
        reassign_after: Duration::from_secs(20),
        ..Pace::default()
    };
    let Some(mut harness) = world_at_pace(pace, |_| {}).await else {
        return;
    };
    harness.get_ready().await;
    let tasks = push_endless(&harness, 2).await;
    harness
        .engine
        .add_other_host(&[ACTION], 2, Duration::from_millis(100));
    let runtime = harness.systemd.main_pid(units::RUNTIME).expect("it runs");
    let runtime = rustix::process::Pid::from_raw(runtime as i32).expect("a process");
    let send = |signal| rustix::process::kill_process(runtime, signal).expect("it is ours");
    send(rustix::process::Signal::STOP);
    tokio::time::sleep(Duration::from_secs(29)).await;
    send(rustix::process::Signal::CONT);
    until(LIMIT, "the runtime aborts both", || {
        harness.journal_of("revoked").len() == 2
    })
    .await;
    for task in tasks {
        let run = harness.engine.task(&task).expect("it was pushed");
        assert!(run.is_completed() && run.attempts.len() == 2, "{run:?}");
    }
    let ended = harness.journal_of("ended");
    assert!(ended.is_empty(), "finished a second time: {ended:?}");
    let status = harness.status().await.expect("the agent answers");
    assert_eq!((status.state, status.tasks_abandoned), (State::Ready, 0));
    harness.end().await;
}

/// The engine is the second witness: the agent hears from it that the runtime is silent, before that thaws.
#[tokio::test(flavor = "multi_thread")]
async fn leases_of_a_worker_that_hatchet_gave_up_are_revoked() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    push_endless(&harness, 2).await;
    let runtime = harness.systemd.main_pid(units::RUNTIME).expect("it runs");
    let runtime = rustix::process::Pid::from_raw(runtime as i32).expect("a process");
    let send = |signal| rustix::process::kill_process(runtime, signal).expect("it is ours");
    send(rustix::process::Signal::STOP);
    let began = std::time::Instant::now();
    let status = loop {
        let status = harness.status().await.expect("the agent answers");
        if status.leases == 0 {
            break status;
        }
        assert!(began.elapsed() < LIMIT, "{}", harness.agent_log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((status.state, status.tasks_abandoned), (State::Ready, 0));
    assert!(
        began.elapsed() > Duration::from_secs(24),
        "not before the engine"
    );
    let asked = harness
        .ask(axum::http::Method::POST, "/v1/leases", "{}")
        .await;
    let refused = asked.expect("the agent answers");
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("reassigned"), "{}", refused.body);
    until(LIMIT, "the worker is paused", || {
        harness.engine.workers()[0].paused.is_some()
    })
    .await;
    send(rustix::process::Signal::CONT);
    until(LIMIT, "the runtime aborts both", || {
        harness.journal_of("revoked").len() == 2
    })
    .await;
    // Nobody else took them: they begin here once more, when the engine has heard of the worker again.
    until(LIMIT, "both run again", || {
        harness.journal_of("began").len() == 4
    })
    .await;
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    harness.end().await;
}
