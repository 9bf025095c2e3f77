//! Which hosts exist, by moto: the list, and enrolments by it.

use jiff::SignedDuration;
use serde_json::json;
use valet_control::aws::Permit;
use valet_control::reaper::FindingKind;
use valet_control::reconcile::reconcile;

use crate::support::{Agent, REGION, first_fleet};
use crate::world::World;

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
        let fleet = first_fleet(&mut control);
        fleet.group = group.to_owned();
        fleet.account = account.to_owned();
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
