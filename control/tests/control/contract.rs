//! The running server against its own OpenAPI document, by schemathesis: it makes requests that fit the document and requests
//! that do not, in sequences too, and holds every response against what the document says of it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use test_support::problem::Problem;
use test_support::{folders, is_deep, python, skip};

use crate::support::{Agent, Api};

/// The credentials by kind of caller.
const CONFIG: &str = "control/tests/contract/schemathesis.toml";
/// Requests for each operation, in a test of every day and in a deep one.
const EXAMPLES: (u32, u32) = (12, 400);
/// Seconds for all of it.
const MAX_SECONDS: (u32, u32) = (35, 300);

/// The program of this name; nothing where Python is not installed.
fn schemathesis() -> Option<Command> {
    match python::command("schemathesis") {
        Ok(command) => Some(command),
        Err(Problem::Missing(what)) => {
            skip(&what);
            None
        }
        Err(Problem::Failed(what)) => panic!("{what}"),
    }
}

/// A server that knows hosts, sessions and orders, so that there is something to read.
async fn filled() -> Option<(Api, Agent, Value)> {
    let api = Api::start().await?;
    let mut agents = Vec::new();
    for number in 1..=3 {
        agents.push(Agent::enrolled(&api, number).await);
    }
    for agent in &mut agents {
        let lease = json!({ "id": "l-1", "task": "scrape", "startedAt": "2026-01-01T00:00:00Z" });
        let ended = json!({ "id": "l-0", "startedAt": "2026-01-01T00:00:00Z", "endedAt": "2026-01-01T00:01:00Z", "outcome": "failed" });
        let says = json!({ "leases": [lease], "ended": [ended] });
        agent.beat(&api, says).await.ok();
        api.order(agent.id(), "drain", "look").await.ok();
    }
    let agent = agents.pop()?;
    let order = api.order(agent.id(), "drain", "look again").await.ok();
    // Whatever tokens are found and revoked, the one that asks goes on counting. Of the few keys that are made up, each is
    // new each time, or nearly every request would be refused for its key.
    let client = api.database.client().await.expect("it runs");
    client
        .batch_execute(
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
             CREATE TRIGGER keep BEFORE UPDATE ON api_token FOR EACH ROW WHEN (OLD.name = 'Admin')
                EXECUTE FUNCTION keep();
             CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                DELETE FROM idempotency WHERE key = NEW.key; RETURN NULL; END $$;
             CREATE TRIGGER forget AFTER INSERT ON idempotency FOR EACH ROW EXECUTE FUNCTION forget()",
        )
        .await
        .expect("kept");
    drop(client);
    Some((api, agent, order))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_response_is_one_that_the_document_has() {
    let Some(mut command) = tokio::task::spawn_blocking(schemathesis)
        .await
        .expect("no panic")
    else {
        return;
    };
    let Some((api, agent, order)) = filled().await else {
        return;
    };
    let (address, _stop) = api.unlimited().await;
    let of = |(every_day, deep)| if is_deep() { deep } else { every_day };
    let folder = tempfile::tempdir().expect("a folder");
    command
        .current_dir(folder.path())
        .env("TOKEN", &api.admin)
        .env("WORKER_KEY", &api.key)
        .env("INSTANCE_TOKEN", &agent.token)
        .env("HOST", agent.id())
        .env("ORDER", order["id"].as_str().expect("an id"))
        .arg("--config-file")
        .arg(folders::repository().join(CONFIG))
        .arg("run")
        .arg(format!("{address}/api/v1/openapi.json"))
        .args(["--max-examples", &of(EXAMPLES).to_string()])
        .args(["--max-time", &of(MAX_SECONDS).to_string()])
        .args([
            "--seed",
            "1",
            // With two, Hypothesis stumbles over CPython 3.11's parser now and then, which is not safe for threads.
            "--workers",
            "1",
            "--continue-on-failure",
            "--no-shrink",
        ]);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("no panic")
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    keep(&said);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// For the report of deep runs.
fn keep(said: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("schemathesis.txt"), said).expect("written");
}
