//! Orders: given, sent, acknowledged, and with an outcome.

use axum::http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use valet_control::orders::{OrderState, expire};
use valet_protocol::heartbeat_v2::OrderOutcome;

use crate::support::{Agent, Api};

async fn order(api: &Api, id: &Value) -> Value {
    let path = format!("/api/v1/orders/{}", id.as_str().expect("an id"));
    api.get(&path).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_sent_in_the_same_bytes_until_it_is_done() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    let given = api.order(agent.id(), "drain", "kernel update").await.ok();
    assert_eq!(
        (&given["state"], &given["orderedBy"]),
        (&json!("pending"), &json!("Operator"))
    );
    let first = agent.beat(&api, json!({})).await.ok()["order"].clone();
    assert_eq!(
        (&first["action"], &first["cause"]),
        (&json!("drain"), &json!("Operator: kernel update"))
    );
    let second = agent.beat(&api, json!({})).await.ok()["order"].clone();
    assert_eq!(first.to_string(), second.to_string());
    let id = &given["id"];
    let says = |outcome: &str| json!({ "orders": [{ "id": id, "outcome": outcome }] });
    let accepted = agent.beat(&api, says("accepted")).await.ok();
    assert_eq!(accepted["order"], first);
    assert_eq!(order(&api, id).await["state"], "accepted");
    let done = agent.beat(&api, says("done")).await.ok();
    assert_eq!(done["order"], json!(null));
    // What comes late changes nothing.
    agent.beat(&api, says("failed")).await.ok();
    let order = order(&api, id).await;
    assert_eq!(order["state"], "done");
    assert!(
        order["acknowledgedAt"].is_string()
            && order["endedAt"].is_string()
            && order["sentAt"].is_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_order_takes_the_place_of_the_one_that_stands() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    let drain = api.order(agent.id(), "drain", "look").await.ok();
    let resume = api.order(agent.id(), "resume", "looked").await.ok();
    assert_eq!(order(&api, &drain["id"]).await["state"], "superseded");
    assert_eq!(
        agent.beat(&api, json!({})).await.ok()["order"]["id"],
        resume["id"]
    );
    let path = format!(
        "/api/v1/orders/{}/cancel",
        resume["id"].as_str().expect("an id")
    );
    api.post(&path, json!({ "reason": "no" })).await.ok();
    assert_eq!(agent.beat(&api, json!({})).await.ok()["order"], json!(null));
    let again = api.post(&path, json!({ "reason": "no" })).await;
    assert_eq!((again.status, again.code()), (409, "order.over"));
}

/// A host that is silent is not asked whether it has begun.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nobody_began_in_time_comes_to_its_end() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut states = Vec::new();
    for (number, minutes, accepts) in [(1, 6, false), (2, 4, false), (3, 6, true)] {
        let mut agent = Agent::enrolled(&api, number).await;
        let given = api.order(agent.id(), "drain", "look").await.ok();
        if accepts {
            let accepted = json!({ "orders": [{ "id": given["id"], "outcome": "accepted" }] });
            agent.beat(&api, accepted).await.ok();
        }
        let client = api.database.client().await.expect("it runs");
        let over = format!(
            "UPDATE fleet_order SET expires_at = now() - interval '{minutes} minutes' WHERE instance_id = '{}'",
            agent.id()
        );
        client.batch_execute(&over).await.expect("over");
        expire(&api.database).await.expect("it runs");
        let order = order(&api, &given["id"]).await;
        assert_eq!(order["endedAt"].is_string(), order["state"] == "expired");
        states.push(order["state"].as_str().expect("a state").to_owned());
    }
    assert_eq!(states, ["expired", "pending", "accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reports_the_orders_and_sessions_of_another_host() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    let mut liar = Agent::enrolled(&api, 2).await;
    let lease = json!({ "id": "l-1", "startedAt": "2026-01-01T00:00:00Z" });
    agent.beat(&api, json!({ "leases": [lease] })).await.ok();
    let given = api.order(agent.id(), "drain", "look").await.ok();
    let ended = json!({ "id": "l-1", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "failed" });
    let lies = json!({ "orders": [{ "id": given["id"], "outcome": "done" }], "ended": [ended] });
    liar.beat(&api, lies).await.ok();
    assert_eq!(order(&api, &given["id"]).await["state"], "pending");
    let running = api.get("/api/v1/sessions?running=true").await.ok();
    assert_eq!(running[0]["instanceId"], agent.id());
    assert_eq!(
        agent.beat(&api, json!({})).await.ok()["order"]["id"],
        given["id"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_needs_a_reason_and_stands_in_the_audit_log() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    let empty = api.order(agent.id(), "drain", "  ").await;
    assert_eq!((empty.status, empty.code()), (422, "reason.missing"));
    assert_eq!(
        api.order("i-0", "drain", "look").await.code(),
        "host.unknown"
    );
    api.order(agent.id(), "drain", "look").await.ok();
    let path = format!("/api/v1/sandboxes/{}/drain", agent.id());
    let refused = api
        .send(
            Method::POST,
            &path,
            &api.viewer,
            Some(json!({ "reason": "look" })),
        )
        .await;
    assert_eq!((refused.status, refused.code()), (403, "role.too-low"));
    let log = api
        .get(&format!("/api/v1/audit?target={}", agent.id()))
        .await
        .ok();
    let rows: Vec<(&str, &str)> = log
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            (
                row["outcome"].as_str().unwrap(),
                row["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("done", "look"),
            ("intended", "look"),
            ("refused", "  "),
            ("intended", "  ")
        ]
    );
    let all = api.get("/api/v1/audit").await.ok();
    assert_eq!(
        (&all[0]["action"], &all[0]["outcome"], &all[0]["actor"]),
        (&json!("http.refused"), &json!("refused"), &json!("Viewer"))
    );
}

/// PostgreSQL has no text with a zero in it: that is the client's mistake, and no fault of the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_with_a_zero_is_refused_and_stands_in_the_audit_log_without_it() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    let refused = api.order(agent.id(), "drain", "a\0b").await;
    assert_eq!((refused.status, refused.code()), (422, "reason.missing"));
    let log = api
        .get(&format!("/api/v1/audit?target={}", agent.id()))
        .await
        .ok();
    assert_eq!(
        (&log[0]["outcome"], &log[0]["reason"]),
        (&json!("refused"), &json!("ab"))
    );
    let release = json!({ "target": { "host": "i-\0" }, "reason": "adopted" });
    let token = json!({ "name": "a\0b", "role": "viewer" });
    for (path, body) in [("/api/v1/releases", release), ("/api/v1/tokens", token)] {
        let refused = api.post(path, body).await;
        assert_eq!(refused.status, 422, "{path}: {:#}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_serving_role_adds_to_the_audit_log_and_changes_nothing_in_it() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    api.order(agent.id(), "drain", "look").await.ok();
    let owner = api.database.client().await.expect("it runs");
    let role = format!("server_{}", api.name);
    owner
        .batch_execute(&format!("CREATE ROLE {role} LOGIN"))
        .await
        .expect("a role");
    valet_control::database::grant(&api.database, &role)
        .await
        .expect("granted");
    let database =
        valet_control::database::Database::new(&crate::support::address_as(&role, &api.name), 2)
            .expect("an address");
    let client = database.client().await.expect("it runs");
    client.execute("INSERT INTO audit (actor, role, address, action, target, act, outcome) VALUES ('a', 'b', 'c', 'd', 'e', 'f', 'done')", &[]).await.expect("it may add");
    for statement in [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DROP TABLE audit",
    ] {
        let error = client.batch_execute(statement).await.expect_err(statement);
        assert_eq!(
            error.as_db_error().expect("of the database").code().code(),
            "42501",
            "{statement}"
        );
    }
    // Not even the owner, by mistake.
    owner
        .batch_execute("DELETE FROM audit")
        .await
        .expect_err("it is append-only");
    // The server works with this role.
    let actor =
        valet_control::access::authenticate(&database, &api.operator, [127, 0, 0, 1].into())
            .await
            .expect("an actor");
    let new = valet_control::orders::NewOrder {
        reason: "look".to_owned(),
        within_seconds: None,
        expires_seconds: None,
    };
    let control = valet_control::control::Control {
        database,
        ..api.control.clone()
    };
    valet_control::orders::give(
        &control,
        &actor,
        agent.id(),
        valet_control::orders::Action::Resume,
        &new,
    )
    .await
    .expect("an order");
}

fn outcome() -> impl Strategy<Value = OrderOutcome> {
    prop_oneof![
        Just(OrderOutcome::Accepted),
        Just(OrderOutcome::Done),
        Just(OrderOutcome::Refused),
        Just(OrderOutcome::Failed),
    ]
}

proptest! {
    #[test]
    fn an_order_goes_forward_only_and_its_end_is_final(
        from in proptest::sample::select(OrderState::ALL.to_vec()),
        outcomes in proptest::collection::vec(outcome(), 0..12),
    ) {
        let mut state = from;
        let mut ended: Option<OrderState> = (!from.is_standing()).then_some(from);
        for outcome in outcomes {
            let before = state;
            state = state.after(outcome);
            if let Some(end) = ended {
                prop_assert_eq!(state, end);
            } else {
                prop_assert!(state != OrderState::Pending);
                prop_assert!(before != OrderState::Accepted || state != OrderState::Pending);
                ended = (!state.is_standing()).then_some(state);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_answered_as_the_first_and_does_nothing_again() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    let path = format!("/api/v1/sandboxes/{}/drain", agent.id());
    let send = async |token: &str, key: &str, reason: &str| {
        let headers = [("idempotency-key", key)];
        api.send_with(
            Method::POST,
            &path,
            token,
            &headers,
            Some(json!({ "reason": reason })),
        )
        .await
    };
    let first = send(&api.operator, "k-1", "look").await.ok();
    let again = send(&api.operator, "k-1", "look").await.ok();
    assert_eq!(first, again);
    let other = send(&api.operator, "k-1", "another").await;
    assert_eq!((other.status, other.code()), (422, "idempotency.reused"));
    // Another person's key is another key, and whoever may not order has nothing kept.
    let admin = send(&api.admin, "k-1", "look").await.ok();
    assert_ne!(admin["id"], first["id"]);
    assert_eq!(
        send(&api.viewer, "k-1", "look").await.code(),
        "role.too-low"
    );
    let orders = api.get("/api/v1/orders").await.ok();
    assert_eq!(orders.as_array().map(Vec::len), Some(2));
    // What was refused is refused again; what was not answered is not done twice.
    assert_eq!(
        send(&api.operator, "k-2", "").await.code(),
        "reason.missing"
    );
    assert_eq!(
        send(&api.operator, "k-2", "").await.code(),
        "reason.missing"
    );
    let client = api.database.client().await.expect("it runs");
    client
        .execute("UPDATE idempotency SET status = NULL", &[])
        .await
        .expect("updated");
    assert_eq!(
        send(&api.operator, "k-1", "look").await.code(),
        "idempotency.under-way"
    );
}
