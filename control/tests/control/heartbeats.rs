//! What is kept of heartbeats.

use serde_json::{Value, json};

use crate::support::{Agent, Api};

async fn host(api: &Api, agent: &Agent) -> Value {
    api.get(&format!("/api/v1/sandboxes/{}", agent.id()))
        .await
        .ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_as_it_said_last_with_the_age_of_it() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&api, json!({})).await.ok();
    let ready = host(&api, &agent).await;
    assert_eq!(
        (&ready["state"], &ready["takesNoTasks"]),
        (&json!("ready"), &json!(null))
    );
    assert!(
        ready["seenSecondsAgo"]
            .as_f64()
            .is_some_and(|age| age < 30.0)
    );
    agent
        .beat(
            &api,
            json!({ "status": "unhealthy", "cause": "AdsPower does not answer" }),
        )
        .await
        .ok();
    let sick = host(&api, &agent).await;
    assert_eq!(
        sick["takesNoTasks"],
        "It is unhealthy: AdsPower does not answer."
    );
    assert_eq!(sick["stateChanges"].as_array().map(Vec::len), Some(2));
    let list = api.get("/api/v1/sandboxes?state=unhealthy").await.ok();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    let list = api.get("/api/v1/sandboxes?search=adspower").await.ok();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    let list = api.get("/api/v1/sandboxes?search=100%25").await.ok();
    assert_eq!(list.as_array().map(Vec::len), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn overtaken_heartbeats_change_nothing_and_still_end_sessions() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.seq = 10;
    agent
        .beat(&api, json!({ "status": "draining", "cause": "drain" }))
        .await
        .ok();
    agent.seq = 5;
    let ended = json!({ "id": "l-1", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "finished" });
    let response = agent.beat(&api, json!({ "ended": [ended] })).await.ok();
    assert_eq!(response["acknowledged"], json!(["l-1"]));
    let host = host(&api, &agent).await;
    assert_eq!(host["state"], "draining");
    assert_eq!(host["sessions"][0]["outcome"], "finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_once_however_often_it_is_reported() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    let lease = json!({ "id": "l-1", "task": "scrape", "startedAt": "2026-01-01T00:00:00Z" });
    agent.beat(&api, json!({ "leases": [lease] })).await.ok();
    let running = api.get("/api/v1/sessions?running=true").await.ok();
    assert_eq!(running[0]["task"], "scrape");
    let mut ended = json!({ "id": "l-1", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "failed" });
    agent
        .beat(&api, json!({ "ended": [ended, ended] }))
        .await
        .ok();
    ended["outcome"] = json!("finished");
    agent
        .beat(&api, json!({ "ended": [ended], "leases": [lease] }))
        .await
        .ok();
    let sessions = api.get("/api/v1/sessions").await.ok();
    assert_eq!(sessions.as_array().map(Vec::len), Some(1));
    assert_eq!(sessions[0]["outcome"], "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_counts_only_while_the_server_could_hear() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    agent.beat(&api, json!({})).await.ok();
    let client = api.database.client().await.expect("it runs");
    let heard = async |started: &str, seen: &str| {
        let set = format!(
            "UPDATE ingest_up SET started_at = now() - interval '{started}', last_at = now()"
        );
        client.execute(&set, &[]).await.expect("updated");
        let set = format!("UPDATE pulse SET seen_at = now() - interval '{seen}'");
        client.execute(&set, &[]).await.expect("updated");
        host(&api, &agent).await["state"].clone()
    };
    // `silence.rs` has the seconds at which it changes. Here the clock goes on between the change and the question.
    assert_eq!(heard("1 hour", "60 seconds").await, "ready");
    assert_eq!(heard("1 hour", "91 seconds").await, "offline");
    // The server was down for most of the hour. The host may wait for 120 s before it tries again.
    assert_eq!(heard("100 seconds", "1 hour").await, "ready");
    assert_eq!(heard("180 seconds", "1 hour").await, "ready");
    assert_eq!(heard("211 seconds", "1 hour").await, "offline");
    let host = host(&api, &agent).await;
    let sentence = host["takesNoTasks"].as_str().expect("a sentence");
    let seconds = sentence
        .strip_prefix("Nothing was heard of it for ")
        .and_then(|rest| rest.strip_suffix(" s; before that it was ready: up."))
        .and_then(|seconds| seconds.parse().ok());
    let known = 3600..3700;
    assert!(
        seconds.is_some_and(|seconds: u32| known.contains(&seconds)),
        "{sentence}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_and_the_former_one_counts_until_its_end() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    let client = api.database.client().await.expect("it runs");
    client
        .execute(
            "UPDATE enrolment SET issued_at = now() - interval '13 hours'",
            &[],
        )
        .await
        .expect("updated");
    let response = agent.beat(&api, json!({})).await.ok();
    let renewed = response["token"].as_str().expect("a new token").to_owned();
    // The response may have been lost: the former one still counts.
    agent.beat(&api, json!({})).await.ok();
    agent.token = renewed;
    assert_eq!(agent.beat(&api, json!({})).await.ok()["token"], json!(null));
    client
        .execute("UPDATE enrolment SET expires_at = now()", &[])
        .await
        .expect("updated");
    let refused = agent.beat(&api, json!({})).await;
    assert_eq!((refused.status, refused.code()), (401, "token.refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_no_fleet_is_refused_without_a_new_enrolment() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    let refused = agent.beat(&api, json!({ "group": "another" })).await;
    // Not 401 or 403, after which the agent enrols again at once.
    assert_eq!((refused.status, refused.code()), (422, "group.not-allowed"));
    let hostile = agent
        .beat(
            &api,
            json!({ "cause": "\0 hostile", "since": "-009000-01-01T00:00:00Z" }),
        )
        .await;
    hostile.ok();
    let long: Vec<Value> = (0..101).map(|_| json!({ "id": "l", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:00:00Z", "outcome": "failed" })).collect();
    assert_eq!(
        agent.beat(&api, json!({ "ended": long })).await.code(),
        "request.malformed"
    );
    let large = "x".repeat(200_000);
    assert_eq!(
        agent.beat(&api, json!({ "cause": large })).await.code(),
        "request.too-large"
    );
}
