//! Who may enrol, and when.

use jiff::SignedDuration;
use serde_json::json;

use crate::support::{Agent, Api};

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_enrols_with_aws_document_and_the_fleet_s_key() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::new(1, SignedDuration::from_secs(30));
    let wrong = agent.enrol_with(&api, "not-the-key").await;
    assert_eq!((wrong.status, wrong.code()), (401, "worker-key.refused"));
    let response = agent.enrol(&api).await.ok();
    assert_eq!(response["token"].as_str().map(str::len), Some(43));
    let host = api
        .get(&format!("/api/v1/sandboxes/{}", agent.id()))
        .await
        .ok();
    assert_eq!(host["state"], "enrolled");
    assert_eq!(
        host["takesNoTasks"],
        "It has enrolled and not sent a heartbeat yet."
    );
    // The secret itself is nowhere.
    let client = api.database.client().await.expect("it runs");
    let row = client.query_one("SELECT count(*) FROM enrolment WHERE encode(token_hash, 'escape') LIKE '%' || $1 || '%'", &[&agent.token]).await.expect("a row");
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_enrols_once_unless_its_agent_proves_itself() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::enrolled(&api, 1).await;
    let mut thief = agent.clone();
    let again = thief.enrol(&api).await;
    assert_eq!((again.status, again.code()), (409, "boot.enrolled"));
    // Another boot while this one is heard.
    thief.boot = "ffffffff-0000-0000-0000-000000000000".to_owned();
    let other = thief.enrol(&api).await;
    assert_eq!((other.status, other.code()), (409, "boot.enrolled"));
    agent.previous = Some(agent.token.clone());
    agent.enrol(&api).await.ok();
    agent.beat(&api, json!({})).await.ok();
    // An operator's word counts once.
    let release = json!({ "target": { "host": agent.id() }, "reason": "reinstalled" });
    api.post("/api/v1/releases", release).await.ok();
    agent.previous = None;
    agent.enrol(&api).await.ok();
    assert_eq!(agent.enrol(&api).await.code(), "boot.enrolled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebooted_host_enrols_when_its_former_boot_is_silent() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::new(1, SignedDuration::from_secs(30));
    agent.enrol(&api).await.ok();
    let task = json!({ "id": "l-1", "task": "scrape", "startedAt": "2026-01-01T00:00:00Z" });
    agent.beat(&api, json!({ "leases": [task] })).await.ok();
    let former = agent.token.clone();
    agent.boot = "ffffffff-0000-0000-0000-000000000000".to_owned();
    agent.seq = 0;
    assert_eq!(agent.enrol(&api).await.code(), "boot.enrolled");
    let client = api.database.client().await.expect("it runs");
    for table in ["pulse SET seen_at", "enrolment SET issued_at"] {
        client
            .execute(
                &format!("UPDATE {table} = now() - interval '61 seconds'"),
                &[],
            )
            .await
            .expect("updated");
    }
    agent.enrol(&api).await.ok();
    agent.beat(&api, json!({})).await.ok();
    // What ran before is lost, and the former token is not worth anything.
    let sessions = api.get("/api/v1/sessions").await.ok();
    assert_eq!(sessions[0]["outcome"], "lost");
    agent.token = former;
    assert_eq!(agent.beat(&api, json!({})).await.code(), "token.refused");
}

/// An instance that was hibernated goes on with the boot that it had, days later.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_slept_past_the_end_of_its_token_proves_itself_with_it() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::new(1, SignedDuration::from_secs(30));
    agent.enrol(&api).await.ok();
    let task = json!({ "id": "l-1", "task": "scrape", "startedAt": "2026-01-01T00:00:00Z" });
    agent
        .beat(&api, json!({ "leases": [task.clone()] }))
        .await
        .ok();
    let client = api.database.client().await.expect("it runs");
    let sleep = "UPDATE pulse SET seen_at = now() - interval '3 days';
                 UPDATE sandbox SET launched_at = now() - interval '3 days';
                 UPDATE enrolment SET issued_at = now() - interval '3 days', expires_at = now() - interval '2 days'";
    client.batch_execute(sleep).await.expect("updated");
    let refused = agent.beat(&api, json!({ "leases": [task.clone()] })).await;
    assert_eq!((refused.status, refused.code()), (401, "token.refused"));
    // Silence that long makes room for another boot, and not for somebody who only knows this one.
    assert_eq!(agent.clone().enrol(&api).await.code(), "boot.enrolled");
    agent.previous = Some(agent.token.clone());
    agent.enrol(&api).await.ok();
    agent.beat(&api, json!({ "leases": [task] })).await.ok();
    let sessions = api.get("/api/v1/sessions").await.ok();
    assert_eq!(sessions.as_array().map(Vec::len), Some(1), "{sessions}");
    assert_eq!(sessions[0]["outcome"], json!(null), "its task goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_instance_needs_an_operator_s_release() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut old = Agent::new(1, SignedDuration::from_hours(2));
    let refused = old.enrol(&api).await;
    assert_eq!(
        (refused.status, refused.code()),
        (409, "launch.too-long-ago")
    );
    // A fleet that ran before the server did.
    let unknown = json!({ "target": { "group": "another" }, "reason": "adopted" });
    assert_eq!(
        api.post("/api/v1/releases", unknown).await.code(),
        "group.not-allowed"
    );
    let group =
        json!({ "target": { "group": crate::support::GROUP }, "seconds": 60, "reason": "adopted" });
    api.post("/api/v1/releases", group).await.ok();
    old.enrol(&api).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_no_one_declared_does_not_enrol() {
    let Some(api) = Api::start().await else {
        return;
    };
    let mut agent = Agent::new(1, SignedDuration::from_secs(30));
    let text = valet_test_kit::identity::document(&agent.instance, jiff::Timestamp::now());
    let other = text.replace(valet_test_kit::identity::ACCOUNT, "999999999999");
    agent.document = crate::support::signer()
        .sign(&other, &["-nocerts"])
        .expect("it is signed");
    let refused = agent.enrol(&api).await;
    assert_eq!(
        (refused.status, refused.code()),
        (401, "identity.not-allowed")
    );
    assert_eq!(refused.body["detail"], "account 999999999999 in us-east-1");
    agent.document = "AAAA".to_owned();
    assert_eq!(agent.enrol(&api).await.code(), "identity.invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_overlap_while_they_are_rotated() {
    let Some(mut api) = Api::start().await else {
        return;
    };
    let added = api
        .post("/api/v1/worker-keys", json!({ "reason": "rotation" }))
        .await
        .ok();
    let keys = api.get("/api/v1/worker-keys").await.ok();
    assert_eq!(keys.as_array().map(Vec::len), Some(2));
    let mut before = Agent::enrolled(&api, 1).await;
    let first = std::mem::replace(
        &mut api.key,
        added["value"].as_str().expect("a value").to_owned(),
    );
    let mut after = Agent::enrolled(&api, 2).await;
    let id = keys[1]["id"].as_str().expect("an id");
    api.post(
        &format!("/api/v1/worker-keys/{id}/retire"),
        json!({ "afterSeconds": 0, "reason": "rotation" }),
    )
    .await
    .ok();
    let mut late = Agent::new(3, SignedDuration::from_secs(30));
    assert_eq!(
        late.enrol_with(&api, &first).await.code(),
        "worker-key.refused"
    );
    // Hosts have tokens, which the key's end does not concern.
    before.beat(&api, json!({})).await.ok();
    after.beat(&api, json!({})).await.ok();
}
