//! Orders that end in AWS: hold and decommission.

use serde_json::{Value, json};
use valet_control::leader::Lease;
use valet_control::orders::carry_out;

use crate::mock_aws::{client, members, protected, query};
use crate::recorder::Recorder;
use crate::support::first_fleet;
use crate::world::World;

impl World {
    async fn decommission(&self, host: &str, replace: bool) -> Value {
        let body = json!({ "replace": replace, "reason": "old kernel" });
        let path = format!("/api/v1/sandboxes/{host}/decommission");
        self.api.post(&path, body).await.ok()
    }

    /// A group of this size that was read, and the leader's lease.
    async fn led(size: u32) -> Option<(Self, Lease)> {
        let world = Self::start(size).await?;
        world.reconcile().await;
        let lease = world.lease().await;
        Some((world, lease))
    }

    async fn carry_out(&self, lease: &Lease) {
        carry_out(&self.api.control, &self.aws, lease)
            .await
            .expect("carried out");
    }

    async fn order(&self, order: &Value) -> Value {
        let id = order["id"].as_str().expect("an id");
        self.api.get(&format!("/api/v1/orders/{id}")).await.ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decommissioned_host_drains_and_then_aws_ends_it() {
    let Some((world, lease)) = World::led(3).await else {
        return;
    };
    let turn = async || world.carry_out(&lease).await;
    for (number, replace, left) in [(0, true, 3), (1, false, 2)] {
        let mut agent = world.agent(number).await;
        let says = |status: &str, orders: Value| json!({ "group": world.group, "status": status, "orders": orders });
        agent.beat(&world.api, says("ready", json!([]))).await.ok();
        let order = world.decommission(agent.id(), replace).await;
        // For the agent it is a drain with a deadline.
        let sent = agent.beat(&world.api, says("ready", json!([]))).await.ok();
        assert_eq!(
            (&sent["order"]["id"], &sent["order"]["action"]),
            (&order["id"], &json!("drain"))
        );
        assert!(sent["order"]["deadline"].is_string());
        let outcome = |outcome: &str| json!([{ "id": order["id"], "outcome": outcome }]);
        agent
            .beat(&world.api, says("draining", outcome("accepted")))
            .await
            .ok();
        turn().await;
        assert_eq!(members(&world.mock, &world.group).await.len(), 3);
        assert!(
            members(&world.mock, &world.group)
                .await
                .contains(&world.ids[number])
        );
        let answer = agent
            .beat(&world.api, says("stopped", outcome("done")))
            .await
            .ok();
        assert_eq!(answer["order"], Value::Null, "it is not sent any more");
        let stands = world.order(&order).await;
        assert_eq!(stands["state"], "accepted");
        assert!(stands["drainedAt"].is_string());
        turn().await;
        let ended = world.order(&order).await;
        let words = if replace {
            "AWS terminates it, and its group replaces it"
        } else {
            "AWS terminates it, and its group is smaller by one"
        };
        assert_eq!(
            (&ended["state"], &ended["detail"]),
            (&json!("done"), &json!(words))
        );
        let members = members(&world.mock, &world.group).await;
        assert_eq!(members.len(), left);
        assert!(!members.contains(&world.ids[number]));
        let rows = world.audit(agent.id()).await;
        let acts: Vec<(&str, &str, &str)> = rows
            .iter()
            .map(|row| (row.0.as_str(), row.1.as_str(), row.2.as_str()))
            .collect();
        assert_eq!(
            acts,
            [
                ("intended", "order.decommission", "Admin"),
                ("done", "order.decommission", "Admin"),
                ("intended", "host.terminate", "valet-control"),
                ("done", "host.terminate", "valet-control"),
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_host_ends_when_its_time_is_over_and_one_that_ended_is_done() {
    let Some((world, lease)) = World::led(2).await else {
        return;
    };
    // Its agent never enrolled.
    let order = world.decommission(&world.ids[0], true).await;
    world.carry_out(&lease).await;
    assert_eq!(world.order(&order).await["state"], "pending");
    world.sql("UPDATE fleet_order SET deadline = now()").await;
    world.carry_out(&lease).await;
    assert_eq!(world.order(&order).await["state"], "done");
    assert!(
        !members(&world.mock, &world.group)
            .await
            .contains(&world.ids[0])
    );
    // Somebody else has terminated the other one meanwhile: it is not tried again.
    let order = world.decommission(&world.ids[1], false).await;
    let end = [
        ("InstanceId", world.ids[1].as_str()),
        ("ShouldDecrementDesiredCapacity", "false"),
    ];
    query(
        &world.mock,
        "autoscaling",
        "TerminateInstanceInAutoScalingGroup",
        &end,
    )
    .await;
    world
        .sql("UPDATE fleet_order SET deadline = now() WHERE state = 'pending'")
        .await;
    world.carry_out(&lease).await;
    let ended = world.order(&order).await;
    assert_eq!(
        (&ended["state"], &ended["detail"]),
        (&json!("done"), &json!("it was ending already"))
    );
    assert_eq!(
        members(&world.mock, &world.group).await.len(),
        2,
        "the group was not made smaller"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_not_shown_is_tried_again_and_a_host_of_no_group_fails_its_order() {
    let Some((world, lease)) = World::led(1).await else {
        return;
    };
    let mut control = world.api.control.clone();
    let order = world.decommission(&world.ids[0], false).await;
    world.sql("UPDATE fleet_order SET deadline = now()").await;
    // The group is not shown: it is tried again, and nothing has become of the order.
    first_fleet(&mut control).account = "210987654321".to_owned();
    world
        .sql("UPDATE sandbox SET account = '210987654321'")
        .await;
    carry_out(&control, &world.aws, &lease)
        .await
        .expect("it waits");
    assert_eq!(world.order(&order).await["state"], "pending");
    // It is in no fleet.
    world
        .sql("UPDATE sandbox SET account = '1'; UPDATE fleet_order SET called_at = NULL")
        .await;
    carry_out(&control, &world.aws, &lease)
        .await
        .expect("carried out");
    let ended = world.order(&order).await;
    assert_eq!(
        (&ended["state"], &ended["detail"]),
        (&json!("failed"), &json!("it is in no group of this server"))
    );
    assert_eq!(members(&world.mock, &world.group).await, world.ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_refuses_is_the_orders_end_and_stands_in_its_detail() {
    const WORDS: &str = "the group would be below its minimum";
    let Some((world, lease)) = World::led(1).await else {
        return;
    };
    let recorder = Recorder::start(&world.mock, Some(WORDS)).await;
    let aws = client(&recorder.url());
    let order = world.decommission(&world.ids[0], false).await;
    world.sql("UPDATE fleet_order SET deadline = now()").await;
    carry_out(&world.api.control, &aws, &lease)
        .await
        .expect("carried out");
    let ended = world.order(&order).await;
    let detail = ended["detail"].as_str().unwrap_or_default();
    assert_eq!(ended["state"], "failed");
    assert!(detail.contains(WORDS), "{detail}");
    let rows = world.audit(&world.ids[0]).await;
    let (outcome, action, _, detail) = rows.last().expect("rows");
    assert_eq!(
        (outcome.as_str(), action.as_str()),
        ("failed", "host.terminate")
    );
    assert!(detail.contains(WORDS), "{detail}");
    // It has come to its end: it is not tried again.
    world.sql("UPDATE fleet_order SET called_at = NULL").await;
    carry_out(&world.api.control, &aws, &lease)
        .await
        .expect("nothing is due");
    assert_eq!(recorder.terminations(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_host_is_protected_while_it_is_held() {
    let Some((world, lease)) = World::led(2).await else {
        return;
    };
    let turn = async || world.carry_out(&lease).await;
    let now_protected = async || protected(&world.mock, &world.group).await;
    let mut agent = world.agent(0).await;
    let says = |orders: Value| json!({ "group": world.group, "orders": orders });
    agent.beat(&world.api, says(json!([]))).await.ok();
    let path = format!("/api/v1/sandboxes/{}/hold", agent.id());
    let body = json!({ "forSeconds": 3600, "reason": "look at it" });
    let order = world.api.post(&path, body).await.ok();
    turn().await;
    assert_eq!(now_protected().await, [agent.id()]);
    let sent = agent.beat(&world.api, says(json!([]))).await.ok();
    assert_eq!(sent["order"]["action"], "drain");
    agent
        .beat(
            &world.api,
            says(json!([{ "id": order["id"], "outcome": "done" }])),
        )
        .await
        .ok();
    assert_eq!(world.order(&order).await["state"], "accepted", "it lasts");
    // The agent of an idle host takes its own protection off, and with it ours.
    let off = [
        ("AutoScalingGroupName", world.group.as_str()),
        ("InstanceIds.member.1", agent.id()),
        ("ProtectedFromScaleIn", "false"),
    ];
    query(&world.mock, "autoscaling", "SetInstanceProtection", &off).await;
    world.reconcile().await;
    world
        .sql("UPDATE fleet_order SET called_at = now() - interval '2 minutes'")
        .await;
    turn().await;
    assert_eq!(now_protected().await, [agent.id()]);
    // Its time is over.
    world.sql("UPDATE fleet_order SET expires_at = now()").await;
    turn().await;
    assert_eq!(now_protected().await, Vec::<String>::new());
    let ended = world.order(&order).await;
    assert_eq!(
        (&ended["state"], &ended["detail"]),
        (&json!("done"), &json!("its time is over"))
    );
    let sent = agent.beat(&world.api, says(json!([]))).await.ok();
    assert_eq!(sent["order"]["action"], "resume");
    let cause = format!(
        "valet-control: the hold {} is over",
        order["id"].as_str().expect("an id")
    );
    assert_eq!(sent["order"]["cause"], cause);
}
