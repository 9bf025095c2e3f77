//! Several replicas, one that is killed, and a database that is gone for a while.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use valet_control::config::Config;
use valet_control::control::Control;
use valet_control::database::{self, Database};
use valet_control::identity::Certificates;
use valet_control::postgres::{PostgresError, Server};
use valet_control::registry;
use valet_protocol::heartbeat_v2::Heartbeat;
use valet_test_kit::wait::until;

use crate::process::{Process, write_config};
use crate::support::{Agent, Api, fleet, signer};

/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits until the replica hears announcements.
async fn until_listening(control: &Control) {
    until(LIMIT, "announcements are heard", || {
        control.pulses.generation().is_some()
    })
    .await;
}

async fn seq(api: &Api) -> i64 {
    let client = api.database.client().await.expect("it runs");
    client
        .query_one("SELECT seq FROM pulse", &[])
        .await
        .expect("a row")
        .get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_heartbeats_are_answered_from_memory_and_written_together() {
    let Some(api) = Api::start().await else {
        return;
    };
    let tasks = api.control.start();
    until_listening(&api.control).await;
    let mut agents = Vec::new();
    for number in 1..=5 {
        agents.push(Agent::enrolled(&api, number).await);
    }
    for agent in &mut agents {
        agent.beat(&api, json!({})).await.ok();
    }
    assert_eq!(api.control.pulses.remembered(), 5);
    drop(tasks);
    // Nothing writes them now, so that what the database has shows who answered.
    let control = Control {
        pulses: api.control.pulses.clone(),
        ..api.control.clone()
    };
    let mut agent = agents.remove(0);
    let response = agent.beat(&api, json!({})).await.ok();
    assert_eq!(response, json!({ "acknowledged": [] }));
    let client = api.database.client().await.expect("it runs");
    let numbers = async || {
        let rows = client
            .query(
                "SELECT seq FROM pulse WHERE instance_id = $1",
                &[&agent.id()],
            )
            .await
            .expect("rows");
        rows[0].get::<_, i64>(0)
    };
    assert_eq!(numbers().await, 1);
    assert_eq!(
        control.pulses.flush(&api.database).await.expect("written"),
        1
    );
    assert_eq!(numbers().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_new_goes_to_the_database_before_it_is_answered() {
    let Some(api) = Api::start().await else {
        return;
    };
    let _tasks = api.control.start();
    until_listening(&api.control).await;
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&api, json!({})).await.ok();
    let ended = json!({ "id": "l-1", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "finished" });
    let lease = json!({ "id": "l-2", "startedAt": "2026-01-01T00:00:00Z" });
    for change in [
        json!({ "cause": "another" }),
        json!({ "status": "draining" }),
        json!({ "lifecycle": "Terminating" }),
        json!({ "workerId": "w-2" }),
        json!({ "slots": 5 }),
        json!({ "adsPowerStatus": "error" }),
        json!({ "leases": [lease] }),
        json!({ "ended": [ended] }),
        json!({ "orders": [{ "id": "o-1", "outcome": "done" }] }),
        json!({ "versions": { "worker": "2", "kernel": "7" } }),
    ] {
        // A plain one before it, so that this differs in one thing alone.
        agent.beat(&api, json!({})).await.ok();
        agent.beat(&api, change.clone()).await.ok();
        assert_eq!(seq(&api).await, agent.seq as i64, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_at_one_replica_reaches_a_host_at_another() {
    let Some(api) = Api::start().await else {
        return;
    };
    let other = api.replica().await;
    let _tasks = (api.control.start(), other.control.start());
    until_listening(&api.control).await;
    until_listening(&other.control).await;
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&other, json!({})).await.ok();
    agent.beat(&other, json!({})).await.ok();
    assert_eq!(other.control.pulses.remembered(), 1);
    let order = api.order(agent.id(), "drain", "look").await.ok();
    until(LIMIT, "the other replica forgets the host", || {
        other.control.pulses.remembered() == 0
    })
    .await;
    assert_eq!(
        agent.beat(&other, json!({})).await.ok()["order"]["id"],
        order["id"]
    );
    // A replica that hears no announcements asks the database each time.
    let client = api.database.client().await.expect("it runs");
    client
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()", &[])
        .await
        .expect("they end");
    api.order(agent.id(), "resume", "looked").await.ok();
    assert_eq!(
        agent.beat(&other, json!({})).await.ok()["order"]["action"],
        "resume"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_acknowledged_is_lost_when_a_replica_is_killed() {
    let Some(mut api) = Api::start().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let config = write_config(folder.path());
    let mut agent = Agent::enrolled(&api, 1).await;
    let mut acknowledged = 0;
    for round in 0..4 {
        let mut process = Process::start(&api.location, &config, &[]);
        api.address = process.address.parse().expect("an address");
        let order = api.order(agent.id(), "drain", "round").await.ok();
        for number in 0..5 {
            let id = format!("l-{round}-{number}");
            let ended = json!({ "id": id, "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "finished" });
            let says = json!({ "ended": [ended], "cause": id, "orders": [{ "id": order["id"], "outcome": "accepted" }] });
            let response = agent.beat(&api, says).await.ok();
            acknowledged += response["acknowledged"].as_array().map_or(0, Vec::len);
        }
        process.kill();
        let client = api.database.client().await.expect("it runs");
        let row = client
            .query_one(
                "SELECT (SELECT count(*) FROM session WHERE outcome = 'finished'), (SELECT count(*) FROM state_change),
                        (SELECT state FROM fleet_order WHERE id = $1), (SELECT seq FROM pulse)",
                &[&order["id"].as_str()],
            )
            .await
            .expect("a row");
        let kept: (i64, i64, String, i64) = (row.get(0), row.get(1), row.get(2), row.get(3));
        let beats = agent.seq as i64;
        assert_eq!(
            kept,
            (acknowledged as i64, beats, "accepted".to_owned(), beats)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_refuses_nobody_and_makes_no_host_look_dead() {
    let server = tokio::task::spawn_blocking(|| Server::start_temporary(&["fsync=off"]))
        .await
        .expect("no panic");
    let mut server = match server {
        Ok(server) => server,
        Err(PostgresError::Missing) => {
            return test_support::skip("PostgreSQL is needed: apt-get install postgresql");
        }
        Err(error) => panic!("{error}"),
    };
    let database = Database::new(&server.address("postgres"), 4).expect("an address");
    database::migrate(&database)
        .await
        .expect("the schema is made");
    let mut certificates = Certificates::published();
    let pem = std::fs::read_to_string(signer().certificate()).expect("it was made");
    certificates
        .pin(&fleet().region, &pem)
        .expect("a certificate");
    let config = Config {
        fleets: vec![fleet()],
        ..Config::default()
    };
    let control = Control::new(database.clone(), certificates, &config);
    registry::hear(&database).await.expect("it is up");
    let (_, key) = valet_control::keys::add(&database, None)
        .await
        .expect("a key");
    let agent = Agent::new(1, SignedDuration::from_secs(30));
    let request = serde_json::from_value(agent.enrolment()).expect("of the contract");
    let token = registry::enrol(&control, &key, &request)
        .await
        .expect("it enrols")
        .token;
    let beat = |seq: u64| -> Heartbeat {
        serde_json::from_value(agent.heartbeat(seq, &json!({}))).expect("of the contract")
    };
    registry::take(&control, &token, &beat(1))
        .await
        .expect("it is heard");
    let mut server = tokio::task::spawn_blocking(move || server.stop().map(|()| server))
        .await
        .expect("no panic")
        .expect("it stops");
    for _ in 0..3 {
        let problem = registry::take(&control, &token, &beat(2))
            .await
            .expect_err("the database is gone");
        assert_eq!(problem.kind.code(), "database.unavailable");
        assert_eq!(problem.kind.status(), 503);
    }
    let _server = tokio::task::spawn_blocking(move || server.restart().map(|()| server))
        .await
        .expect("no panic")
        .expect("it starts again");
    // An hour has passed: what was heard before is an hour old, and the server has just begun to hear again.
    let client = database.client().await.expect("it runs");
    for statement in [
        "UPDATE pulse SET seen_at = seen_at - interval '1 hour'",
        "UPDATE ingest_up SET started_at = started_at - interval '2 hours', last_at = last_at - interval '1 hour'",
    ] {
        client.execute(statement, &[]).await.expect("updated");
    }
    registry::hear(&database).await.expect("it is up");
    let host = registry::get(&database, agent.id())
        .await
        .expect("it is known");
    assert_eq!(host.host.state, "ready");
    registry::take(&control, &token, &beat(2))
        .await
        .expect("the same token counts");
}
