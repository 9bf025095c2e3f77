//! Two releases at a time, as in a rolling deploy and in one that is rolled back: the schema is the newer one's, and a fleet
//! speaks to both. `VALET_CONTROL_BEFORE` names the older program, which `just control-deep` builds from the history; without
//! it both are this one, which proves the way and not the older program.

use std::path::PathBuf;
use std::process::Command;

use axum::http::Method;
use serde_json::{Value, json};

use crate::process::{Process, write_config};
use crate::support::{Agent, Api, GROUP};

fn program_before() -> PathBuf {
    std::env::var_os("VALET_CONTROL_BEFORE").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_valet-control")),
        PathBuf::from,
    )
}

/// The same database by the server at another address.
async fn at(api: &Api, process: &Process) -> Api {
    let mut other = api.replica().await;
    other.address = process.address.parse().expect("an address");
    other
}

async fn order(api: &Api, id: &Value) -> Value {
    let id = id.as_str().expect("an id");
    api.get(&format!("/api/v1/orders/{id}")).await.ok()
}

/// A host that enrols with one release, is ordered by the other, and speaks to both by turns.
async fn live(first: &Api, second: &Api, number: u32) {
    let mut agent = Agent::enrolled(first, number).await;
    let lease = json!({ "id": "l-1", "task": "scrape", "startedAt": "2026-01-01T00:00:00Z" });
    agent.beat(second, json!({ "leases": [lease] })).await.ok();
    let given = second.order(agent.id(), "drain", "an update").await.ok();
    let sent = agent.beat(first, json!({})).await.ok();
    assert_eq!(sent["order"]["id"], given["id"]);
    let ended = json!({ "id": "l-1", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "finished" });
    let says = |outcome: &str| json!([{ "id": given["id"], "outcome": outcome }]);
    let done = json!({ "status": "stopped", "ended": [ended], "orders": says("done") });
    agent
        .beat(second, json!({ "orders": says("accepted") }))
        .await
        .ok();
    let answer = agent.beat(first, done).await.ok();
    assert_eq!(answer["acknowledged"], json!(["l-1"]));
    let cancelled = first
        .order(agent.id(), "resume", "it was updated")
        .await
        .ok();
    let path = format!(
        "/api/v1/orders/{}/cancel",
        cancelled["id"].as_str().expect("an id")
    );
    second
        .post(&path, json!({ "reason": "not yet" }))
        .await
        .ok();
    for api in [first, second] {
        assert_eq!(order(api, &given["id"]).await["state"], "done");
        assert_eq!(order(api, &cancelled["id"]).await["state"], "cancelled");
        let host = api
            .get(&format!("/api/v1/sandboxes/{}", agent.id()))
            .await
            .ok();
        assert_eq!(host["state"], "stopped");
        assert_eq!(host["sessions"][0]["outcome"], "finished");
        assert_eq!(host["orders"].as_array().map(Vec::len), Some(2));
    }
    // A token that one gave counts for the other, and so does the proof that it is the same agent.
    agent.previous = Some(agent.token.clone());
    agent.enrol(second).await.ok();
    agent.beat(first, json!({})).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_release_before_serves_on_the_schema_of_this_one() {
    let Some(api) = Api::start().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let config = write_config(folder.path());
    let before = program_before();
    let (older, newer) = (
        Process::of(&before, &api.location, &config, &[]),
        Process::start(&api.location, &config, &[]),
    );
    let (older, newer) = (at(&api, &older).await, at(&api, &newer).await);
    live(&older, &newer, 1).await;
    live(&newer, &older, 2).await;
    for api in [&older, &newer] {
        // What people and programs read, each as the release has it.
        for path in [
            "/api/v1/sandboxes?search=ready",
            "/api/v1/sessions",
            "/api/v1/orders?standing=true",
            "/api/v1/fleets",
            "/api/v1/findings",
            "/api/v1/worker-keys",
            "/api/v1/tokens",
            "/api/v1/audit",
        ] {
            api.get(path).await.ok();
        }
        let key = api
            .post("/api/v1/worker-keys", json!({ "reason": "rotation" }))
            .await
            .ok();
        let path = format!(
            "/api/v1/worker-keys/{}/retire",
            key["id"].as_str().expect("an id")
        );
        let retire = json!({ "afterSeconds": 60, "reason": "rotation" });
        api.post(&path, retire).await.ok();
        let release = json!({ "target": { "group": GROUP }, "reason": "it ran before" });
        api.post("/api/v1/releases", release).await.ok();
        let refused = api
            .send(Method::GET, "/api/v1/audit", &api.viewer, None)
            .await;
        assert_eq!((refused.status, refused.code()), (403, "role.too-low"));
    }
    // Rolled back, the older one finds a schema that it does not know, and leaves it as it is.
    let migrated = Command::new(&before)
        .args(["migrate", "--database", &api.location, "--config"])
        .arg(&config)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&migrated.stdout);
    assert!(
        migrated.status.success(),
        "{}",
        String::from_utf8_lossy(&migrated.stderr)
    );
    assert!(said.ends_with("applied: 0\n"), "{said}");
}
