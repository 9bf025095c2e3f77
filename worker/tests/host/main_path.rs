//! From the boot to Ready, a task under a lease, and the end.

use std::time::Duration;

use valet_protocol::local_api::State;
use valet_protocol::units;
use valet_test_kit::hatchet::{Label, TaskRun};
use valet_test_kit::wait::until;
use valet_test_kit::world::{LIMIT, SLOTS};

use crate::support::{push, ready_world, until_task, world};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_comes_up_runs_a_task_under_a_lease_and_ends() {
    let Some(mut world) = ready_world(|_| {}).await else {
        return;
    };
    assert_eq!(
        world
            .agent()
            .notified()
            .iter()
            .filter(|word| *word == "READY=1")
            .count(),
        1
    );
    let status = world.status().await.expect("the agent answers");
    assert_eq!((status.slots, status.leases), (SLOTS, 0));
    assert_eq!(status.instance_id.as_deref(), Some("i-0123456789abcdef0"));
    let registered = &world.journal_of("registered")[0];
    assert_eq!(
        status.worker_id.as_deref(),
        registered.details["worker"].as_str()
    );
    assert_eq!(world.systemd.main_pid(units::RUNTIME), Some(registered.pid));

    let task = push(&world, Duration::from_secs(1));
    until(LIMIT, "it has a lease", || {
        world.journal_of("began").len() == 1
    })
    .await;
    assert_eq!(world.status().await.map(|status| status.leases), Some(1));
    until_task(&world, &task, "it completes", TaskRun::is_completed).await;
    until(LIMIT, "the lease is back", || {
        world.journal_of("ended").len() == 1
    })
    .await;
    let status = world.status().await.expect("the agent answers");
    assert_eq!((status.leases, status.tasks_finished), (0, 1));

    world.agent().terminate();
    let ended = world.agent().end(LIMIT).await;
    assert!(ended.success(), "{ended}\n{}", world.agent_log());
    assert_eq!(world.systemd.active_state(units::RUNTIME), Some("inactive"));
    let worker = &world.engine.workers()[0];
    assert!(
        worker.paused.is_some() && worker.unsubscribed.is_some(),
        "{worker:?}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_outside_hears_how_the_host_is() {
    let Some(world) = ready_world(|_| {}).await else {
        return;
    };
    until(LIMIT, "two heartbeats", || {
        world.valet_api.heartbeats().len() >= 2
    })
    .await;
    let heartbeat = &world.valet_api.heartbeats()[0].body;
    assert_eq!(
        heartbeat["instanceId"], "i-0123456789abcdef0",
        "{heartbeat}"
    );
    assert_eq!(world.valet_api.unauthorized(), 0);

    until(LIMIT, "metrics arrive", || {
        !world.aws.data("SlotUtilization").is_empty()
    })
    .await;
    let of_instance = |dimensions: &std::collections::BTreeMap<String, String>| {
        dimensions.contains_key("InstanceId")
    };
    let data = world.aws.data("AdsPowerApiStatus");
    assert!(
        data.iter().any(|datum| of_instance(&datum.dimensions)),
        "{data:?}"
    );
    assert!(
        data.iter().any(|datum| !of_instance(&datum.dimensions)),
        "{data:?}"
    );

    until(LIMIT, "labels are set", || {
        let labels = &world.engine.workers()[0].labels;
        labels.get("capacity") == Some(&Label::Number(SLOTS as i32))
            && labels.get("adspower") == Some(&Label::Text("ready".to_owned()))
    })
    .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_ready_only_when_everything_is() {
    let Some(mut world) = world(|_| {}).await else {
        return;
    };
    world.novnc.server().stop();
    world.systemd.refuse_starts(units::NOVNC, true);
    world.run_agent().expect("the agent starts");
    world.reaches(State::Starting).await;
    until(LIMIT, "it has looked", || {
        world.agent_log().contains("novnc")
    })
    .await;
    assert!(!world.agent().notified().contains(&"READY=1".to_owned()));
    assert_eq!(world.systemd.starts(units::RUNTIME), 0);

    world.systemd.refuse_starts(units::NOVNC, false);
    world
        .novnc
        .server()
        .restart()
        .await
        .expect("the port is free");
    world.reaches(State::Ready).await;
    world.end().await;
}
