//! Which hosts exist, by moto: the list, enrolments by it, and how many there should be.

use std::time::Duration;

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use valet_control::aws::{Aws, Permit};
use valet_control::config::FleetSettings;
use valet_control::leader::Lease;
use valet_control::reaper::FindingKind;
use valet_control::reconcile::reconcile;

use crate::mock_aws::{address, client, make_group, members, query};
use crate::support::{Agent, Api, REGION, fleet};

/// A server whose fleet is a group of moto.
pub struct World {
    pub api: Api,
    pub aws: Aws,
    pub mock: String,
    pub group: String,
    /// The group's instances when it was made.
    pub ids: Vec<String>,
}

impl World {
    /// Nothing where PostgreSQL or Python is not installed.
    pub async fn start(size: u32) -> Option<Self> {
        Self::start_with(size, |_| {}).await
    }

    /// The same with another fleet.
    pub async fn start_with(size: u32, change: impl FnOnce(&mut FleetSettings)) -> Option<Self> {
        let mock = address().await?;
        let (group, ids) = make_group(&mock, size).await;
        let aws = client(&mock);
        let mut settings = FleetSettings {
            group: group.clone(),
            ..fleet()
        };
        change(&mut settings);
        let api = Api::start_changed(
            |config| config.fleets = vec![settings],
            |control| control.aws = Some(aws.clone()),
        )
        .await?;
        Some(Self {
            api,
            aws,
            mock,
            group,
            ids,
        })
    }

    pub async fn reconcile(&self) {
        let findings = reconcile(&self.api.control, &self.aws).await;
        assert_eq!(findings.expect("the database answers"), []);
    }

    pub async fn lease(&self) -> Lease {
        Lease::wait(&self.api.database, Duration::from_secs(30), "test")
            .await
            .expect("nobody leads")
    }

    /// The agent of the group's instance with this number, enrolled.
    pub async fn agent(&self, number: usize) -> Agent {
        let launched = SignedDuration::from_secs(30);
        let mut agent = Agent::of(&self.ids[number], number as u32, launched);
        agent.enrol(&self.api).await.ok();
        agent
    }

    pub async fn host(&self, id: &str) -> Value {
        self.api.get(&format!("/api/v1/sandboxes/{id}")).await.ok()
    }

    pub async fn sql(&self, statement: &str) {
        let client = self.api.database.client().await.expect("it runs");
        client.batch_execute(statement).await.expect(statement);
    }

    /// Outcome, action, actor and detail of a target's rows in the audit log, the oldest first.
    pub async fn audit(&self, target: &str) -> Vec<(String, String, String, String)> {
        let rows = self
            .api
            .get(&format!("/api/v1/audit?target={target}"))
            .await
            .ok();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let rows = rows.as_array().expect("rows").iter().rev();
        rows.map(|row| {
            (
                text(row, "outcome"),
                text(row, "action"),
                text(row, "actor"),
                text(row, "detail"),
            )
        })
        .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_says_which_hosts_there_are_and_what_ran_on_those_that_are_gone_is_lost() {
    let Some(world) = World::start(2).await else {
        return;
    };
    world.reconcile().await;
    let hosts = world.api.get("/api/v1/sandboxes").await.ok();
    let states: Vec<&str> = hosts
        .as_array()
        .expect("hosts")
        .iter()
        .map(|host| host["state"].as_str().expect("text"))
        .collect();
    assert_eq!(states, ["unenrolled", "unenrolled"]);
    assert_eq!(
        hosts[0]["takesNoTasks"],
        "AWS has this instance, and its agent has not enrolled."
    );
    let fleets = world.api.get("/api/v1/fleets").await.ok();
    let shown = (
        &fleets[0]["id"],
        &fleets[0]["desired"],
        &fleets[0]["inService"],
        &fleets[0]["max"],
    );
    assert_eq!(
        shown,
        (&json!(world.group), &json!(2), &json!(2), &json!(30))
    );

    let mut agent = world.agent(0).await;
    let lease = json!({ "id": "l-1", "startedAt": "2026-01-01T00:00:00Z" });
    // Whatever a host calls its group, AWS's word stands.
    agent
        .beat(
            &world.api,
            json!({ "group": world.group, "leases": [lease] }),
        )
        .await
        .ok();
    world.api.order(agent.id(), "drain", "look").await.ok();
    world.reconcile().await;
    assert_eq!(world.host(agent.id()).await["state"], "ready");

    world
        .aws
        .terminate_instance(REGION, agent.id(), false, &Permit::of_request())
        .await
        .expect("terminated");
    world.reconcile().await;
    let host = world.host(agent.id()).await;
    assert_eq!(host["state"], "gone");
    assert_eq!(host["sessions"][0]["outcome"], "lost");
    assert_eq!(
        (&host["orders"][0]["state"], &host["orders"][0]["detail"]),
        (
            &json!("failed"),
            &json!("AWS does not have the instance any more")
        )
    );
    let left = world.api.get("/api/v1/sandboxes").await.ok();
    assert_eq!(left.as_array().expect("hosts").len(), 1);
    // Nothing changes by looking again.
    world.reconcile().await;
    assert_eq!(world.host(agent.id()).await["state"], "gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolments_ask_the_list_and_never_aws() {
    let Some(world) = World::start(2).await else {
        return;
    };
    let young = SignedDuration::from_secs(30);
    // There is no list yet: AWS's signature and the launch decide.
    let mut first = Agent::of(&world.ids[0], 1, young);
    first.enrol(&world.api).await.ok();
    world.reconcile().await;
    let mut second = Agent::of(&world.ids[1], 2, young);
    second.enrol(&world.api).await.ok();
    // One that AWS started after the list was read.
    let mut unlisted = Agent::new(3, young);
    let answer = unlisted.enrol(&world.api).await;
    assert_eq!((answer.status, answer.code()), (503, "instance.not-listed"));
    let client = world.api.database.client().await.expect("it runs");
    let asked = client
        .query_one("SELECT asked_at > read_at FROM fleet_group", &[])
        .await
        .expect("a row");
    assert!(
        asked.get::<_, bool>(0),
        "the leader is asked to read it anew"
    );
    // One that does not run, and one that runs elsewhere. A release does not vouch for them.
    for (state, group) in [
        ("terminated", Some(world.group.as_str())),
        ("running", None),
        ("running", Some("other")),
    ] {
        client
            .execute(
                "INSERT INTO aws_instance (instance_id, account, region, state, group_name) VALUES ($1, 'a', 'r', $2, $3)
                 ON CONFLICT (instance_id) DO UPDATE SET state = $2, group_name = $3",
                &[&unlisted.id(), &state, &group],
            )
            .await
            .expect("written");
        let release = json!({ "target": { "host": unlisted.id() }, "reason": "try" });
        world.api.post("/api/v1/releases", release).await.ok();
        let answer = unlisted.enrol(&world.api).await;
        assert_eq!(
            (answer.status, answer.code()),
            (409, "instance.not-running"),
            "{state} {group:?}"
        );
    }
    // Who enrolled once goes on, whatever the list says; and a list that is old says nothing.
    first.previous = Some(first.token.clone());
    world.sql("DELETE FROM aws_instance").await;
    first.enrol(&world.api).await.ok();
    world
        .sql("UPDATE fleet_group SET read_at = now() - interval '6 minutes'")
        .await;
    Agent::new(4, young).enrol(&world.api).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_ran_before_the_server_is_adopted_and_a_listed_one_still_has_its_time() {
    let Some(world) = World::start(2).await else {
        return;
    };
    world.reconcile().await;
    let old = SignedDuration::from_hours(3);
    let mut agent = Agent::of(&world.ids[0], 1, old);
    let answer = agent.enrol(&world.api).await;
    assert_eq!((answer.status, answer.code()), (409, "launch.too-long-ago"));
    let release = json!({ "target": { "group": world.group }, "reason": "it ran before" });
    world.api.post("/api/v1/releases", release).await.ok();
    agent.enrol(&world.api).await.ok();
    assert_eq!(world.host(agent.id()).await["state"], "enrolled");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_another_account_and_a_missing_group_end_no_host() {
    let Some(world) = World::start(1).await else {
        return;
    };
    let agent = world.agent(0).await;
    world.reconcile().await;
    let gone = async || {
        let client = world.api.database.client().await.expect("it runs");
        let row = client
            .query_one(
                "SELECT count(*) FROM sandbox WHERE gone_at IS NOT NULL",
                &[],
            )
            .await;
        row.expect("a row").get::<_, i64>(0)
    };
    // The host is not shown, and has not been for an hour.
    world.sql("UPDATE aws_instance SET seen_at = now() - interval '1 hour', instance_id = 'i-0000000000000dead'").await;
    world
        .sql(
            "UPDATE sandbox SET instance_id = instance_id, enrolled_at = now() - interval '1 hour'",
        )
        .await;
    world.sql("INSERT INTO sandbox (instance_id, account, region, zone, instance_type, image_id, launched_at, enrolled_at)
               VALUES ('i-0000000000000dead', '123456789012', 'us-east-1', 'z', 't', 'i', now(), now() - interval '1 hour')").await;
    for (group, account, words) in [
        (
            "no-such-group",
            "123456789012",
            "AWS has no such group in us-east-1",
        ),
        (
            world.group.as_str(),
            "210987654321",
            "the credentials are of account 123456789012, and the group is in 210987654321",
        ),
    ] {
        let mut control = world.api.control.clone();
        control.fleets[0].group = group.to_owned();
        control.fleets[0].account = account.to_owned();
        let findings = reconcile(&control, &world.aws)
            .await
            .expect("the database answers");
        assert_eq!(
            (
                findings[0].kind,
                findings[0].subject.as_str(),
                findings[0].detail.as_str()
            ),
            (FindingKind::GroupUnreadable, group, words)
        );
        assert_eq!(gone().await, 0);
    }
    // Seen with the right ones, it is gone: EC2 has not shown it for an hour.
    world.reconcile().await;
    assert_eq!(gone().await, 1);
    assert_eq!(world.host(agent.id()).await["state"], "enrolled");
}

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
