//! The stream of events: what it tells, whom, and what a client misses.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use valet_control::access::{self, NewToken, Role};
use valet_control::leader::Lease;
use valet_test_kit::wait::until;

use crate::event_stream::{EventStream, Told, brief};
use crate::support::{Agent, Api};

/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

async fn sql(api: &Api, statement: &str) {
    let client = api.database.client().await.expect("it runs");
    client.batch_execute(statement).await.expect(statement);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_at_one_replica_is_told_at_another_in_its_order() {
    let Some(api) = Api::start().await else {
        return;
    };
    let other = api.replica().await;
    let _tasks = (api.control.start(), other.control.start());
    until(LIMIT, "announcements are heard", || {
        other.control.pulses.generation().is_some()
    })
    .await;
    let mut agent = Agent::enrolled(&api, 1).await;
    let mut stream = EventStream::open(&other, &api.viewer, "kinds=host,order,session", None).await;
    let start = stream.next().await.expect("a start");
    assert_eq!(
        (start.event.as_str(), &start.data),
        ("start", &json!({ "isResumed": false }))
    );
    let lease = json!({ "id": "l-1", "task": "invoice", "startedAt": "2026-01-01T00:00:00Z" });
    agent.beat(&api, json!({ "leases": [lease] })).await.ok();
    let order = api.order(agent.id(), "drain", "kernel update").await.ok();
    // The announcement of the order may be later than a heartbeat.
    while agent.beat(&api, json!({ "leases": [lease] })).await.ok()["order"]["id"] != order["id"] {}
    let id = &order["id"];
    let says = json!({ "status": "draining", "cause": "ordered", "leases": [lease], "orders": [{ "id": id, "outcome": "accepted" }] });
    agent.beat(&api, says).await.ok();
    let ended = json!({ "id": "l-1", "task": "invoice", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "finished" });
    let says = json!({ "status": "stopped", "cause": "drained", "ended": [ended], "orders": [{ "id": id, "outcome": "done" }] });
    agent.beat(&api, says).await.ok();
    let mut told: Vec<Told> = Vec::new();
    while told
        .last()
        .is_none_or(|last| brief(last) != ("order".to_owned(), "done".to_owned()))
    {
        told.push(stream.next().await.expect("the stream goes on"));
    }
    // The agent enrolled before the stream began, or just so.
    let told: Vec<&Told> = told
        .iter()
        .filter(|told| told.data["state"] != "enrolled")
        .collect();
    let pairs: Vec<(String, String)> = told.iter().map(|told| brief(told)).collect();
    let expected = [
        ("host", "ready"),
        ("session", ""),
        ("order", "pending"),
        // It was sent.
        ("order", "pending"),
        ("host", "draining"),
        ("order", "accepted"),
        ("host", "stopped"),
        ("session", "finished"),
        ("order", "done"),
    ];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(event, state)| ((*event).to_owned(), (*state).to_owned()))
        .collect();
    assert_eq!(pairs, expected);
    // The events are what the lists have.
    let path = format!("/api/v1/orders/{}", id.as_str().expect("an id"));
    let last = told.last().expect("an order");
    assert_eq!(last.data, api.get(&path).await.ok());
    assert_eq!(told[0].data["cause"], "up");
    assert_eq!(told[0].data["id"], agent.id());
    let sessions = api.get("/api/v1/sessions").await.ok();
    assert_eq!(told[7].data, sessions[0]);
    // A stream of one host is not told of others.
    let mut second =
        EventStream::open(&other, &api.viewer, &format!("host={}", agent.id()), None).await;
    second.until("start").await;
    let mut stranger = Agent::enrolled(&api, 2).await;
    stranger.beat(&api, json!({})).await.ok();
    agent.beat(&api, json!({ "cause": "other" })).await.ok();
    let next = second.next().await.expect("an event");
    assert_eq!(
        (next.event.as_str(), &next.data["id"]),
        ("host", &json!(agent.id()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_is_told_what_was_missed_or_that_it_is_not_known() {
    let Some(api) = Api::start().await else {
        return;
    };
    let other = api.replica().await;
    let mut agent = Agent::enrolled(&api, 1).await;
    let mut stream = EventStream::open(&api, &api.viewer, "kinds=host", None).await;
    stream.until("start").await;
    agent.beat(&api, json!({ "cause": "one" })).await.ok();
    let first = loop {
        let told = stream.until("host").await;
        if told.data["cause"] == "one" {
            break told;
        }
    };
    drop(stream);
    for cause in ["two", "three"] {
        agent.beat(&api, json!({ "cause": cause })).await.ok();
    }
    let mut back = EventStream::open(&other, &api.viewer, "kinds=host", Some(&first.id)).await;
    let start = back.next().await.expect("a start");
    assert_eq!(
        (start.event.as_str(), &start.data),
        ("start", &json!({ "isResumed": true }))
    );
    agent.beat(&api, json!({ "cause": "four" })).await.ok();
    let mut causes = Vec::new();
    for _ in 0..3 {
        let told = back.next().await.expect("an event");
        causes.push(told.data["cause"].as_str().expect("a cause").to_owned());
    }
    assert_eq!(causes, ["two", "three", "four"], "each once");
    // What is forged, of another time, or from the future is not resumed.
    for last in ["nonsense", "1-1", "9000000000000000000-1", ""] {
        let mut stream = EventStream::open(&other, &api.viewer, "", Some(last)).await;
        let reset = stream.next().await.expect("a reset");
        assert_eq!(
            (reset.event.as_str(), &reset.data),
            ("reset", &json!({ "reason": "unknown" })),
            "{last}"
        );
        assert!(!reset.id.is_empty());
    }
    // What was removed meanwhile cannot be told.
    sql(&api, "UPDATE event SET at = at - interval '1 hour'").await;
    valet_control::events::tidy(&api.database)
        .await
        .expect("removed");
    let mut stream = EventStream::open(&other, &api.viewer, "", Some(&first.id)).await;
    assert_eq!(stream.next().await.expect("a reset").event, "reset");
    // From there on nothing is missed.
    agent.beat(&api, json!({ "cause": "five" })).await.ok();
    assert_eq!(stream.until("host").await.data["cause"], "five");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_too_slow_is_told_so_and_holds_nobody_up() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut slow = EventStream::open(&api, &api.viewer, "kinds=host", None).await;
    let mut quick = EventStream::open(&api, &api.operator, "kinds=host", None).await;
    slow.until("start").await;
    quick.until("start").await;
    // More than the sockets and every queue between hold, in parts that no statement takes long for.
    for part in 0..12 {
        let flood = format!(
            "INSERT INTO event (kind, instance_id, data)
             SELECT 'host', 'i-1', jsonb_build_object('instance_id', 'i-1', 'state', n::text, 'cause', repeat('x', 2000))
             FROM generate_series({}, {}) AS n",
            part * 1000 + 1,
            (part + 1) * 1000
        );
        sql(&api, &flood).await;
    }
    let mut last = 0;
    while last < 12_000 {
        // It may be slow for a moment, too, and goes on.
        if let Some(told) = quick.next().await
            && told.event == "host"
        {
            last = told.data["state"]
                .as_str()
                .and_then(|state| state.parse().ok())
                .expect("a number");
        }
    }
    let reset = slow.until("reset").await;
    assert_eq!(reset.data, json!({ "reason": "slow" }));
    sql(
        &api,
        "INSERT INTO event (kind, data) VALUES ('host', '{\"instance_id\": \"i-2\", \"state\": \"last\"}')",
    )
    .await;
    loop {
        let told = slow.next().await.expect("the stream goes on");
        if told.data["state"] == "last" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token_and_tells_a_role_what_it_may_know() {
    let Some(api) = Api::start().await else {
        return;
    };
    let new = NewToken {
        name: "robot".to_owned(),
        role: Role::Admin,
        lifetime_seconds: None,
        loopback_only: false,
    };
    let (token, secret) = access::create(&api.database, &new).await.expect("a token");
    let mut admin = EventStream::open(&api, &secret, "kinds=audit", None).await;
    let mut other = EventStream::open(&api, &api.admin, "kinds=audit", None).await;
    let mut viewer = EventStream::open(&api, &api.viewer, "", None).await;
    admin.until("start").await;
    other.until("start").await;
    viewer.until("start").await;
    let path = format!("/api/v1/tokens/{}/revoke", token.id);
    api.post(&path, json!({})).await.ok();
    let mut outcomes = Vec::new();
    let end = loop {
        let told = admin.next().await.expect("the stream goes on");
        if told.event == "end" {
            break told;
        }
        assert_eq!(told.data["action"], "token.revoke");
        outcomes.push(told.data["outcome"].clone());
    };
    assert_eq!(end.data, json!({ "code": "token.refused" }));
    // Its own end may come before it is told of it.
    let all = [json!("intended"), json!("done")];
    assert!(all.starts_with(&outcomes), "{outcomes:?}");
    for outcome in all {
        assert_eq!(other.until("audit").await.data["outcome"], outcome);
    }
    assert_eq!(admin.next().await, None, "the connection ends");
    let (status, body) = EventStream::try_open(&api, &secret, "", None)
        .await
        .err()
        .expect("it does not count");
    assert_eq!((status, &body["code"]), (401, &json!("token.refused")));
    // A viewer is not told of the audit log, even if it asks.
    let mut curious = EventStream::open(&api, &api.viewer, "kinds=audit&forSeconds=1", None).await;
    curious.until("start").await;
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&api, json!({})).await.ok();
    api.order(agent.id(), "drain", "look").await.ok();
    loop {
        let told = viewer.next().await.expect("the stream goes on");
        assert_ne!(told.event, "audit");
        if told.event == "order" {
            break;
        }
    }
    let end = curious.next().await.expect("an end");
    assert_eq!(
        (end.event.as_str(), &end.data),
        ("end", &json!({ "code": "time.over" }))
    );
    for query in ["kinds=everything", "forSeconds=0", "more=1"] {
        let refused = api
            .send(
                Method::GET,
                &format!("/api/v1/events?{query}"),
                &api.viewer,
                None,
            )
            .await;
        assert_eq!(refused.status, 422, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_falls_silent_is_told_and_so_is_one_that_is_found() {
    let Some(api) = Api::start().await else {
        return;
    };
    // As wherever AWS is asked, somebody leads.
    let _leader = Lease::wait(&api.database, Duration::from_mins(10), "test")
        .await
        .expect("nobody leads");
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&api, json!({})).await.ok();
    let mut stream = EventStream::open(&api, &api.viewer, "kinds=host,finding", None).await;
    stream.until("start").await;
    sql(
        &api,
        "UPDATE ingest_up SET started_at = started_at - interval '1 hour', last_at = now();
         UPDATE pulse SET seen_at = now() - interval '10 minutes'",
    )
    .await;
    loop {
        let told = stream.until("host").await;
        if told.data["state"] == "offline" {
            assert_eq!(told.data["cause"], Value::Null, "the host did not say so");
            break;
        }
    }
    sql(
        &api,
        "INSERT INTO finding (kind, subject, detail) VALUES ('silent', 'i-1', 'for 300 s')",
    )
    .await;
    let found = stream.until("finding").await.data;
    assert_eq!(
        (&found["kind"], &found["title"], &found["isOver"]),
        (&json!("silent"), &json!("A host is silent"), &json!(false))
    );
    sql(&api, "DELETE FROM finding").await;
    assert_eq!(stream.until("finding").await.data["isOver"], true);
    agent.beat(&api, json!({})).await.ok();
    assert_eq!(stream.until("host").await.data["state"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_and_their_places_are_free_again() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut streams = Vec::new();
    for _ in 0..32 {
        let mut stream = EventStream::open(&api, &api.viewer, "", None).await;
        stream.until("start").await;
        streams.push(stream);
    }
    let refused = api
        .send(Method::GET, "/api/v1/events", &api.viewer, None)
        .await;
    assert_eq!((refused.status, refused.code()), (429, "streams.limited"));
    // Nobody else is concerned.
    EventStream::open(&api, &api.operator, "", None).await;
    streams.pop();
    let began = std::time::Instant::now();
    while EventStream::try_open(&api, &api.viewer, "", None)
        .await
        .is_err()
    {
        assert!(began.elapsed() < LIMIT, "the place stays taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A server that stops ends them.
    api.control.events.stop();
    assert_eq!(
        streams[0].until("end").await.data,
        json!({ "code": "server.stopping" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serving_role_of_an_older_version_goes_on_and_its_deeds_are_told() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    let mut stream = EventStream::open(&api, &api.viewer, "kinds=session", None).await;
    stream.until("start").await;
    // The rights that `migrate --grant` gave before there were events.
    let role = format!("older_{}", api.name);
    sql(
        &api,
        &format!(
            "CREATE ROLE {role}; GRANT SELECT, INSERT, UPDATE ON session, sandbox TO {role}; SET ROLE {role};
             INSERT INTO session (instance_id, lease_id, boot_id, started_at) VALUES ('{}', 'l-1', 'b', now());
             RESET ROLE",
            agent.id()
        ),
    )
    .await;
    assert_eq!(stream.until("session").await.data["id"], "l-1");
}
