//! How many hosts there should be, and what is told of those that are there.

use axum::http::Method;
use serde_json::{Value, json};

use crate::mock_aws::{members, query};
use crate::support::{Agent, Api};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_says_how_many_hosts_there_should_be() {
    let Some(world) = World::start(1).await else {
        return;
    };
    let path = format!("/api/v1/fleets/{}/capacity", world.group);
    let ask = async |token: &str, key: &str, body: Value| {
        let headers = [("idempotency-key", key)];
        let body = Some(body);
        world
            .api
            .send_with(Method::POST, &path, token, &headers, body)
            .await
    };
    let four = json!({ "desired": 4, "reason": "the evening" });
    let answer = ask(&world.api.operator, "k-1", four.clone()).await.ok();
    assert_eq!(
        answer,
        json!({ "id": world.group, "before": 1, "desired": 4 })
    );
    assert_eq!(members(&world.mock, &world.group).await.len(), 4);
    // Repeated with the same key, nothing happens again, whatever it is by now.
    let two = [
        ("AutoScalingGroupName", world.group.as_str()),
        ("DesiredCapacity", "2"),
    ];
    query(&world.mock, "autoscaling", "SetDesiredCapacity", &two).await;
    assert_eq!(ask(&world.api.operator, "k-1", four).await.ok(), answer);
    assert_eq!(members(&world.mock, &world.group).await.len(), 2);

    let refused = ask(
        &world.api.operator,
        "k-2",
        json!({ "desired": 31, "reason": "more" }),
    )
    .await;
    assert_eq!(
        (refused.status, refused.code()),
        (422, "value.out-of-range")
    );
    assert_eq!(refused.body["detail"], "`desired` is from 0 to 30");
    let refused = ask(
        &world.api.operator,
        "k-3",
        json!({ "desired": 1, "reason": " " }),
    )
    .await;
    assert_eq!(refused.code(), "reason.missing");
    let refused = ask(
        &world.api.viewer,
        "k-4",
        json!({ "desired": 1, "reason": "x" }),
    )
    .await;
    assert_eq!(refused.status, 403);
    let elsewhere = world
        .api
        .post(
            "/api/v1/fleets/nowhere/capacity",
            json!({ "desired": 1, "reason": "x" }),
        )
        .await;
    assert_eq!((elsewhere.status, elsewhere.code()), (404, "fleet.unknown"));
    let rows = world.audit(&world.group).await;
    let row = |outcome: &str, detail: &str| {
        (
            outcome.to_owned(),
            "fleet.capacity".to_owned(),
            "Operator".to_owned(),
            detail.to_owned(),
        )
    };
    assert_eq!(
        rows,
        [
            row("intended", "desired: 4"),
            row("done", ""),
            row("intended", "desired: 31"),
            row("refused", "value.out-of-range: `desired` is from 0 to 30"),
            row("intended", "desired: 1"),
            row("refused", "reason.missing: "),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_aws_says_so_and_makes_no_call() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    let path = format!("/api/v1/fleets/{}/capacity", crate::support::GROUP);
    let answer = api
        .post(&path, json!({ "desired": 1, "reason": "x" }))
        .await;
    assert_eq!((answer.status, answer.code()), (409, "aws.disabled"));
    for (verb, body) in [
        ("hold", json!({ "forSeconds": 60, "reason": "x" })),
        ("decommission", json!({ "replace": true, "reason": "x" })),
    ] {
        let path = format!("/api/v1/sandboxes/{}/{verb}", agent.id());
        let answer = api.post(&path, body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (409, "aws.disabled"),
            "{verb}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_what_is_known_and_nothing_of_what_is_not() {
    let Some(world) = World::start(2).await else {
        return;
    };
    world.reconcile().await;
    let mut agent = world.agent(0).await;
    let lease = json!({ "id": "l-1", "startedAt": "2026-01-01T00:00:00Z" });
    let says = json!({ "group": world.group, "leases": [lease] });
    agent.beat(&world.api, says).await.ok();
    let router = valet_control::http::metrics_router(world.api.control.clone());
    let server = valet_test_kit::server::Server::start(router)
        .await
        .expect("a port");
    let response =
        valet_test_kit::http::send(Method::GET, &server.url(), "/metrics", &[], String::new())
            .await
            .expect("an answer");
    let group = &world.group;
    for line in [
        format!("valet_control_hosts{{group=\"{group}\",state=\"ready\"}} 1"),
        format!("valet_control_hosts{{group=\"{group}\",state=\"unenrolled\"}} 1"),
        format!("valet_control_tasks{{group=\"{group}\"}} 1"),
        "valet_control_epoch 0".to_owned(),
        "valet_control_leads 0".to_owned(),
    ] {
        assert!(
            response.body.lines().any(|given| given == line),
            "{line}\n{}",
            response.body
        );
    }
    assert!(!response.body.contains("valet_control_findings{"));
}
