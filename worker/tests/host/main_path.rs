//! From the boot to Ready, a task under a lease, and the end.

use std::time::Duration;

use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::harness::{LIMIT, SLOTS};
use valet_test_kit::hatchet::{Label, TaskRun};
use valet_test_kit::wait::until;

use crate::support::{harness, push, ready_world, until_task};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_comes_up_runs_a_task_under_a_lease_and_ends() {
    let Some(mut harness) = ready_world(|_| {}).await else {
        return;
    };
    assert_eq!(
        harness
            .agent()
            .notified()
            .iter()
            .filter(|word| *word == "READY=1")
            .count(),
        1
    );
    let status = harness.status().await.expect("the agent answers");
    assert_eq!((status.slots, status.leases), (SLOTS, 0));
    assert_eq!(status.instance_id.as_deref(), Some("i-0123456789abcdef0"));
    let registered = &harness.journal_of("registered")[0];
    assert_eq!(
        status.worker_id.as_deref(),
        registered.details["worker"].as_str()
    );
    assert_eq!(
        harness.systemd.main_pid(units::RUNTIME),
        Some(registered.pid)
    );

    let task = push(&harness, Duration::from_secs(1));
    until(LIMIT, "it has a lease", || {
        harness.journal_of("began").len() == 1
    })
    .await;
    assert_eq!(harness.status().await.map(|status| status.leases), Some(1));
    until_task(&harness, &task, "it completes", TaskRun::is_completed).await;
    until(LIMIT, "the lease is back", || {
        harness.journal_of("ended").len() == 1
    })
    .await;
    let status = harness.status().await.expect("the agent answers");
    assert_eq!((status.leases, status.tasks_finished), (0, 1));

    harness.agent().terminate();
    let ended = harness.agent().end(LIMIT).await;
    assert!(ended.success(), "{ended}\n{}", harness.agent_log());
    assert_eq!(
        harness.systemd.active_state(units::RUNTIME),
        Some("inactive")
    );
    let worker = &harness.engine.workers()[0];
    assert!(
        worker.paused.is_some() && worker.unsubscribed.is_some(),
        "{worker:?}"
    );
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_outside_hears_how_the_host_is() {
    let Some(harness) = ready_world(|_| {}).await else {
        return;
    };
    until(LIMIT, "two heartbeats", || {
        harness.valet_api.heartbeats().len() >= 2
    })
    .await;
    let heartbeat = &harness.valet_api.heartbeats()[0].body;
    assert_eq!(
        heartbeat["instanceId"], "i-0123456789abcdef0",
        "{heartbeat}"
    );
    assert_eq!(harness.valet_api.unauthorized(), 0);

    until(LIMIT, "metrics arrive", || {
        !harness.aws.data("SlotUtilization").is_empty()
    })
    .await;
    let of_instance = |dimensions: &std::collections::BTreeMap<String, String>| {
        dimensions.contains_key("InstanceId")
    };
    let data = harness.aws.data("AdsPowerApiStatus");
    assert!(
        data.iter().any(|datum| of_instance(&datum.dimensions)),
        "{data:?}"
    );
    assert!(
        data.iter().any(|datum| !of_instance(&datum.dimensions)),
        "{data:?}"
    );

    until(LIMIT, "labels are set", || {
        let labels = &harness.engine.workers()[0].labels;
        labels.get("capacity") == Some(&Label::Number(SLOTS as i32))
            && labels.get("adspower") == Some(&Label::Text("ready".to_owned()))
    })
    .await;
    harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_ready_only_when_everything_is() {
    let Some(mut harness) = harness(|_| {}).await else {
        return;
    };
    harness.novnc.server().stop();
    harness.systemd.refuse_starts(units::NOVNC, true);
    harness.run_agent().expect("the agent starts");
    harness.reaches(State::Starting).await;
    until(LIMIT, "it has looked", || {
        harness.agent_log().contains("novnc")
    })
    .await;
    assert!(!harness.agent().notified().contains(&"READY=1".to_owned()));
    assert_eq!(harness.systemd.starts(units::RUNTIME), 0);

    harness.systemd.refuse_starts(units::NOVNC, false);
    harness
        .novnc
        .server()
        .restart()
        .await
        .expect("the port is free");
    harness.reaches(State::Ready).await;
    harness.end().await;
}
