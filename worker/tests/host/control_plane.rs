//! Version 2 of the contract with the control plane, and an old server that has never heard of it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use valet_protocol::heartbeat_v2::{Order, OrderAction, OrderOutcome, SessionOutcome};
use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{Harness, LIMIT};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::wait::until;

use crate::support::{harness, push, push_running, ready_world, until_task};

fn order(id: &str, action: OrderAction) -> Order {
    Order {
        id: id.to_owned(),
        action,
        cause: Some("the fleet moves".to_owned()),
        deadline: None,
        expires: None,
    }
}

/// A host whose server offers version 2.
async fn enrolled() -> Option<Harness> {
    let mut harness = harness(|_| {}).await?;
    harness.valet_api.offer_version_2(true);
    harness.get_ready().await;
    until(LIMIT, "a heartbeat of a ready host", || {
        let beats = harness.valet_api.ledger().heartbeats;
        beats
            .last()
            .is_some_and(|(_, beat)| beat.status == State::Ready)
    })
    .await;
    Some(harness)
}

async fn until_outcome(harness: &Harness, id: &str, outcome: OrderOutcome) {
    until(LIMIT, "the order's outcome", || {
        let orders = harness.valet_api.ledger().orders;
        let last = orders.get(id).and_then(|statuses| statuses.last());
        last.is_some_and(|status| status.outcome == outcome)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_server_is_spoken_to_as_before() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    until(LIMIT, "a heartbeat of a ready host", || {
        let beats = harness.valet_api.heartbeats();
        beats
            .last()
            .is_some_and(|beat| beat.body["status"] == "ready")
    })
    .await;
    let beats = harness.valet_api.heartbeats();
    let mut keys: Vec<&String> = beats[0]
        .body
        .as_object()
        .expect("an object")
        .keys()
        .collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "activeTasks",
            "adsPowerStatus",
            "identity",
            "instanceId",
            "slots",
            "status",
            "versions"
        ]
    );
    assert_eq!(harness.valet_api.unauthorized(), 0);
    assert!(harness.valet_api.ledger().heartbeats.is_empty());
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_enrols_once_and_says_what_ran() {
    let Some(mut harness) = enrolled().await else {
        return;
    };
    harness.valet_api.set_acknowledging(false);
    let task = push_running(&harness, 1, &json!({ "ms": 1500 })).await;
    until(LIMIT, "the task is reported as running", || {
        let beats = harness.valet_api.ledger().heartbeats;
        beats.last().is_some_and(|(_, beat)| beat.leases.len() == 1)
    })
    .await;
    until_task(&harness, &task[0], "it completes", TaskRun::is_completed).await;
    until(LIMIT, "its end is repeated", || {
        let ended = harness.valet_api.ledger().ended;
        ended.values().any(|(times, _)| *times > 1)
    })
    .await;
    // A restarted agent repeats it too, under the same token and with growing numbers.
    harness.agent().kill().await.expect("it ran");
    let before = harness.valet_api.ledger();
    harness.run_agent().expect("the agent starts");
    until(LIMIT, "the next agent repeats it", || {
        let ended = harness.valet_api.ledger().ended;
        let times = |ledger: &std::collections::BTreeMap<_, (usize, _)>| {
            ledger.values().map(|(times, _)| *times).max()
        };
        times(&ended) > times(&before.ended)
    })
    .await;
    harness.valet_api.set_acknowledging(true);
    until(LIMIT, "nothing waits any more", || {
        let beats = harness.valet_api.ledger().heartbeats;
        beats.last().is_some_and(|(_, beat)| beat.ended.is_empty())
    })
    .await;
    let ledger = harness.valet_api.ledger();
    assert_eq!(
        (ledger.enrolments.len(), ledger.conflicts, ledger.stale),
        (1, 0, 0)
    );
    assert_eq!(ledger.malformed, Vec::<String>::new());
    let sessions: Vec<_> = ledger.ended.values().collect();
    assert_eq!(sessions.len(), 1);
    let (_, session) = sessions[0];
    assert_eq!(session.outcome, SessionOutcome::Finished);
    let lasted = session.ended_at.duration_since(session.started_at);
    assert!(lasted.as_millis() >= 1400, "{lasted:?}");
    assert!(
        harness.valet_api.heartbeats().is_empty(),
        "version 1 was spoken"
    );
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_renewed_or_has_ended_silences_nobody() {
    let Some(harness) = enrolled().await else {
        return;
    };
    // The key is rotated meanwhile: running hosts do not need it.
    harness.valet_api.set_key("another-key");
    harness.valet_api.renew_token();
    let beats = || harness.valet_api.ledger().heartbeats.len();
    let before = beats();
    until(LIMIT, "heartbeats with the new token", || {
        beats() >= before + 3
    })
    .await;
    assert_eq!(harness.valet_api.ledger().enrolments.len(), 1);
    assert_eq!(harness.valet_api.unauthorized(), 0);
    // All tokens end. The host enrols again with the key that overlaps, and proves who it is.
    harness
        .valet_api
        .accept_key_too(harness.values.get("WORKER_API_KEY"));
    harness.valet_api.expire_tokens();
    until(LIMIT, "it enrols again", || {
        harness.valet_api.ledger().enrolments.len() >= 2
    })
    .await;
    let before = beats();
    until(LIMIT, "heartbeats go on", || beats() > before).await;
    let ledger = harness.valet_api.ledger();
    assert!(ledger.enrolments[1].previous_token.is_some());
    assert_eq!((ledger.conflicts, ledger.stale), (0, 0));
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_rolled_back_hears_version_1() {
    let Some(harness) = enrolled().await else {
        return;
    };
    harness.valet_api.offer_version_2(false);
    until(LIMIT, "heartbeats of version 1", || {
        harness.valet_api.heartbeats().len() >= 2
    })
    .await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_carried_out_once_over_a_restart_of_the_agent() {
    let Some(mut harness) = enrolled().await else {
        return;
    };
    harness
        .valet_api
        .set_order(Some(order("o-1", OrderAction::Drain)));
    harness.reaches(State::Stopped).await;
    until_outcome(&harness, "o-1", OrderOutcome::Done).await;
    harness.agent().kill().await.expect("it ran");
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Stopped).await;
    harness
        .valet_api
        .set_order(Some(order("o-2", OrderAction::Resume)));
    harness.reaches(State::Ready).await;
    until_outcome(&harness, "o-2", OrderOutcome::Done).await;
    // A replica that is behind repeats the first one.
    harness
        .valet_api
        .set_order(Some(order("o-1", OrderAction::Drain)));
    let beats = || harness.valet_api.ledger().heartbeats.len();
    let before = beats();
    until(LIMIT, "heartbeats go on", || beats() >= before + 3).await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!(status.state, State::Ready, "{}", harness.agent_log());
    let mut late = order("o-3", OrderAction::Drain);
    late.expires = Some(Timestamp::now());
    harness.valet_api.set_order(Some(late));
    until_outcome(&harness, "o-3", OrderOutcome::Refused).await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_that_is_ordered_waits_for_tasks_and_takes_the_host_back() {
    let Some(harness) = enrolled().await else {
        return;
    };
    let task = push_running(&harness, 1, &json!({ "ms": 3000 })).await;
    let runtime = harness.systemd.main_pid(units::RUNTIME);
    let screens = harness.systemd.starts(units::XVFB);
    harness
        .valet_api
        .set_order(Some(order("o-1", OrderAction::RestartRuntime)));
    harness.reaches(State::Draining).await;
    until_outcome(&harness, "o-1", OrderOutcome::Done).await;
    let run = harness.engine.task(&task[0]).expect("it was pushed");
    assert!(run.is_completed() && run.attempts.len() == 1, "{run:?}");
    assert_ne!(harness.systemd.main_pid(units::RUNTIME), runtime);
    assert_eq!(harness.systemd.starts(units::XVFB), screens);

    harness
        .valet_api
        .set_order(Some(order("o-2", OrderAction::RestartServices)));
    until_outcome(&harness, "o-2", OrderOutcome::Done).await;
    assert_eq!(harness.systemd.starts(units::XVFB), screens + 1);
    let next = push(&harness, Duration::from_millis(100));
    until_task(&harness, &next, "it completes", TaskRun::is_completed).await;
    assert_eq!(harness.ran_twice(), Vec::<String>::new());
    harness.end().await;
}
