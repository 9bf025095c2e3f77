//! When the feed of events reads the database, and what happens there at the same time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use valet_control::events::EventFeed;
use valet_test_kit::wait::until;

use crate::event_stream::EventStream;
use crate::support::{Agent, Api};

/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

async fn sql(api: &Api, statement: &str) {
    let client = api.database.client().await.expect("it runs");
    client.batch_execute(statement).await.expect(statement);
}

/// A host says that its state has changed.
fn change(host: &str, seq: i64, status: &str, cause: &str) -> String {
    format!(
        "INSERT INTO state_change (instance_id, boot_id, seq, status, cause, since)
         VALUES ('{host}', 'b', {seq}, '{status}', '{cause}', now())"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_committed_late_is_not_passed_over() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    let mut stream = EventStream::open(&api, &api.viewer, "kinds=host", None).await;
    stream.until("start").await;
    let mut late = api.database.client().await.expect("it runs");
    let transaction = late.transaction().await.expect("it runs");
    // An event of its own, without the lock that a change of the host's state takes.
    let early = format!(
        "INSERT INTO event (kind, instance_id, data)
         VALUES ('host', '{0}', '{{\"instance_id\": \"{0}\", \"state\": \"ready\", \"cause\": \"early\"}}')",
        agent.id()
    );
    transaction.batch_execute(&early).await.expect("added");
    sql(&api, &change(agent.id(), 100, "ready", "later")).await;
    // The feed looks several times while the first one is under way.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    transaction.commit().await.expect("committed");
    let mut causes: Vec<Value> = Vec::new();
    while causes.len() < 2 {
        let told = stream.until("host").await;
        if told.data["state"] == "ready" {
            causes.push(told.data["cause"].clone());
        }
    }
    assert_eq!(causes, [json!("early"), json!("later")]);
}

/// Whether the stream tells of an order within two seconds.
async fn tells_of_an_order(stream: &mut EventStream) -> bool {
    let told = stream.until("order");
    tokio::time::timeout(Duration::from_secs(2), told)
        .await
        .is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_order_wakes_a_stream_that_would_look_again_in_an_hour() {
    let hourly = EventFeed::new(Duration::from_hours(1));
    let Some(api) = Api::start_changed(|_| {}, |control| control.events = hourly).await else {
        return;
    };
    let _tasks = api.control.start();
    until(LIMIT, "announcements are heard", || {
        api.control.pulses.generation().is_some()
    })
    .await;
    let agent = Agent::enrolled(&api, 1).await;
    let mut stream = EventStream::open(&api, &api.viewer, "kinds=order", None).await;
    stream.until("start").await;
    // The first one may be found by the look with which the feed begins. After it the feed sleeps.
    for which in ["the first", "the second"] {
        let began = Instant::now();
        // An event waits for transactions that began earlier, of other tests too. The next announcement finds it then.
        loop {
            api.order(agent.id(), "drain", which).await.ok();
            if tells_of_an_order(&mut stream).await {
                break;
            }
            assert!(began.elapsed() < LIMIT, "{which} order wakes nobody");
        }
        // Whatever was ordered meanwhile.
        while tells_of_an_order(&mut stream).await {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_says_itself_is_not_followed_by_what_was_known_of_it_before() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    // The host says that it is ready, and that is not committed yet.
    let mut client = api.database.client().await.expect("it runs");
    let transaction = client.transaction().await.expect("it runs");
    let pulse = format!(
        "INSERT INTO pulse (instance_id, boot_id, seq, seen_at, status, cause, since, active, slots, ads, agent_version, kernel)
         VALUES ('{}', 'b', 1, now(), 'ready', 'up', now(), 0, 1, 'running', '1', '6')",
        agent.id()
    );
    transaction.batch_execute(&pulse).await.expect("heard");
    let ready = change(agent.id(), 1, "ready", "up");
    transaction.batch_execute(&ready).await.expect("heard");
    // The feed begins. It finds a host that has only enrolled, and waits to write down that it told so.
    let mut stream = EventStream::open(&api, &api.viewer, "kinds=host", None).await;
    stream.until("start").await;
    let looker = api.database.client().await.expect("it runs");
    let waits = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let began = Instant::now();
    loop {
        let row = looker.query_one(waits, &[]).await.expect("a row");
        if row.get::<_, i64>(0) == 1 {
            break;
        }
        assert!(began.elapsed() < LIMIT, "the feed does not look");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    transaction.commit().await.expect("committed");
    let told = stream.until("host").await;
    assert_eq!(told.data["state"], "ready");
    sql(&api, &change(agent.id(), 2, "draining", "ordered")).await;
    let told = stream.until("host").await;
    assert_eq!(told.data["state"], "draining");
}
