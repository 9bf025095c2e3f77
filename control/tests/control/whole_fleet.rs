//! A fleet as a whole: its key is rotated under it, and all of it comes back at once. No host is lost, and none looks dead.

use axum::http::Method;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::agent::until_served;
use crate::support::{Agent, Api};

/// Agents whose key is rotated.
const ROTATED: u32 = 20;
/// Agents that come back at once.
const RECONNECTING: u32 = 60;

async fn sql(api: &Api, statement: &str) {
    let client = api.database.client().await.expect("it runs");
    client.batch_execute(statement).await.expect(statement);
}

/// The states of all hosts, each once.
async fn states(api: &Api) -> Vec<String> {
    let path = "/api/v1/sandboxes?gone=true";
    let hosts = api.send(Method::GET, path, &api.viewer, None).await.ok();
    let hosts = hosts.as_array().expect("hosts").iter();
    let mut states: Vec<String> = hosts
        .map(|host| host["state"].as_str().expect("a state").to_owned())
        .collect();
    states.dedup();
    states
}

async fn enrolled(api: &Api, count: u32) -> Vec<Agent> {
    let numbers: Vec<u32> = (1..=count).collect();
    let mut agents = join_all(numbers.iter().map(|number| Agent::enrolled(api, *number))).await;
    let beats = agents.iter_mut().map(|agent| agent.beat(api, json!({})));
    for answer in join_all(beats).await {
        answer.ok();
    }
    agents
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_under_twenty_agents_and_no_host_is_lost() {
    let Some(mut api) = Api::start().await else {
        return;
    };
    let mut agents = enrolled(&api, ROTATED).await;
    let old = api.key.clone();
    let reason = json!({ "reason": "rotation" });
    let added = api.post("/api/v1/worker-keys", reason).await.ok();
    let keys = api.get("/api/v1/worker-keys").await.ok();
    // Some enrol again by the old key while both count, as an agent does whose token has ended.
    sql(&api, "UPDATE enrolment SET expires_at = now()").await;
    for agent in &mut agents[..7] {
        assert_eq!(agent.beat(&api, json!({})).await.status, 401);
        agent.previous = Some(agent.token.clone());
        agent.enrol(&api).await.ok();
    }
    let former = keys
        .as_array()
        .expect("keys")
        .iter()
        .find(|key| key["id"] != added["id"])
        .expect("the first key");
    let path = format!(
        "/api/v1/worker-keys/{}/retire",
        former["id"].as_str().expect("an id")
    );
    let retire = json!({ "afterSeconds": 0, "reason": "rotation" });
    api.post(&path, retire).await.ok();
    // The next ones read the new key.
    api.key = added["value"].as_str().expect("a value").to_owned();
    for agent in &mut agents[7..14] {
        agent.previous = Some(agent.token.clone());
        agent.enrol(&api).await.ok();
    }
    // The last ones have only the old key. They are refused, and count as alive all the same.
    sql(
        &api,
        "UPDATE pulse SET seen_at = now() - interval '10 minutes'",
    )
    .await;
    sql(
        &api,
        "UPDATE ingest_up SET started_at = now() - interval '1 hour'",
    )
    .await;
    for agent in &mut agents[14..] {
        agent.previous = Some(agent.token.clone());
        let refused = agent.enrol_with(&api, &old).await;
        assert_eq!(
            (refused.status, refused.code()),
            (401, "worker-key.refused")
        );
    }
    let beats = agents[..14]
        .iter_mut()
        .map(|agent| agent.beat(&api, json!({})));
    for answer in join_all(beats).await {
        answer.ok();
    }
    assert_eq!(states(&api).await, ["ready"]);
    // Nobody is alive by a document and a key that has ended, without the token of the boot.
    let mut thief = agents[14].clone();
    sql(
        &api,
        "UPDATE pulse SET seen_at = now() - interval '10 minutes'",
    )
    .await;
    thief.previous = Some("another".to_owned());
    assert_eq!(thief.enrol_with(&api, &old).await.status, 401);
    assert_eq!(states(&api).await, ["offline"]);
    // When they read the new key, they are back.
    for agent in &mut agents[14..] {
        agent.enrol(&api).await.ok();
    }
    let beats = agents.iter_mut().map(|agent| agent.beat(&api, json!({})));
    for answer in join_all(beats).await {
        answer.ok();
    }
    assert_eq!(states(&api).await, ["ready"]);
    let client = api.database.client().await.expect("it runs");
    let row = client.query_one("SELECT count(*) FROM sandbox", &[]).await;
    assert_eq!(row.expect("a row").get::<_, i64>(0), i64::from(ROTATED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_fleet_that_reconnects_at_once_is_heard() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agents = enrolled(&api, RECONNECTING).await;
    // An outage of an hour, in which every token ended, and a replica that remembers nothing. All have one address.
    sql(&api, "UPDATE enrolment SET expires_at = now()").await;
    sql(&api, "UPDATE pulse SET seen_at = now() - interval '1 hour'").await;
    let other = api.replica().await;
    let ended = json!({ "id": "l-1", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "finished" });
    let come_back = agents.iter_mut().map(async |agent| {
        let refused = until_served(async || agent.beat(&other, json!({})).await).await;
        assert_eq!((refused.status, refused.code()), (401, "token.refused"));
        agent.previous = Some(agent.token.clone());
        until_served(async || agent.enrol(&other).await).await.ok();
        let beat = async || agent.beat(&other, json!({ "ended": [ended] })).await;
        until_served(beat).await.ok()
    });
    let answers: Vec<Value> = join_all(come_back).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer["acknowledged"] == json!(["l-1"]))
    );
    assert_eq!(states(&other).await, ["ready"]);
    // One that launched while the server was away comes now, for the first time.
    let mut late = Agent::new(RECONNECTING + 1, SignedDuration::from_mins(40));
    sql(
        &api,
        "UPDATE ingest_up SET started_at = now() - interval '3 hours', last_at = now() - interval '1 hour'",
    )
    .await;
    valet_control::registry::hear(&api.database)
        .await
        .expect("it is up");
    late.enrol(&other).await.ok();
}
