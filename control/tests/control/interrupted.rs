//! Clients that are gone before they are answered, and requests that cannot be read: the audit log has both.

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use valet_control::tokens;

use crate::support::{Agent, Api};

/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_mins(1);

/// Action and outcome of each row of a target, the newest first.
async fn rows(api: &Api, target: &str) -> Vec<(String, String)> {
    let target: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
    let log = api.get(&format!("/api/v1/audit?target={target}")).await;
    let text = |row: &Value, key: &str| row[key].as_str().expect("text").to_owned();
    log.ok()
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (text(row, "action"), text(row, "outcome")))
        .collect()
}

async fn until_rows(api: &Api, target: &str, expected: &[&str]) {
    let all = async {
        loop {
            let outcomes: Vec<String> = rows(api, target)
                .await
                .into_iter()
                .map(|row| row.1)
                .collect();
            if outcomes == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let all = tokio::time::timeout(LIMIT, all).await;
    assert!(all.is_ok(), "{:?}", rows(api, target).await);
}

/// The answer to a request with the same key, once the first has its own: that comes after its row in the audit log.
async fn repeated(api: &Api, path: &str, body: &Value) -> Value {
    let headers = [("idempotency-key", "k")];
    let began = Instant::now();
    loop {
        let body = Some(body.clone());
        let sent = api.send_with(Method::POST, path, &api.operator, &headers, body);
        let answer = sent.await;
        if answer.status != 409 || began.elapsed() > LIMIT {
            return answer.ok();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_client_has_gone_comes_to_its_end() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    let mut client = api.database.client().await.expect("it runs");
    let held = client.transaction().await.expect("it runs");
    held.execute(
        "SELECT FROM sandbox WHERE instance_id = $1 FOR UPDATE",
        &[&agent.id()],
    )
    .await
    .expect("held");
    let path = format!("/api/v1/sandboxes/{}/drain", agent.id());
    let body = json!({ "reason": "look" });
    let text = body.to_string();
    let ask = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
        api.operator,
        text.len()
    );
    let mut stream = TcpStream::connect(api.address).await.expect("it listens");
    stream.write_all(ask.as_bytes()).await.expect("sent");
    until_rows(&api, agent.id(), &["intended"]).await;
    drop(stream);
    // The server notices that nobody waits any more.
    tokio::time::sleep(Duration::from_millis(500)).await;
    held.rollback().await.expect("it runs");
    until_rows(&api, agent.id(), &["done", "intended"]).await;
    // Whoever comes back with the same key is told what was done, and nothing is done again.
    let order = repeated(&api, &path, &body).await;
    let standing = api.get("/api/v1/orders?standing=true").await.ok();
    assert_eq!(standing.as_array().expect("orders").len(), 1);
    assert_eq!(standing[0]["id"], order["id"]);
    assert_eq!(rows(&api, agent.id()).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_stands_in_the_audit_log_without_what_it_said() {
    let Some(api) = Api::start().await else {
        return;
    };
    let agent = Agent::enrolled(&api, 1).await;
    let path = format!("/api/v1/sandboxes/{}/drain", agent.id());
    let target = format!("POST {path}");
    let send = async |token: &str, key: &str, body: Value| {
        let headers = [("idempotency-key", key)];
        let sent = api.send_with(Method::POST, &path, token, &headers, Some(body));
        sent.await.status
    };
    let large = json!({ "reason": "x".repeat(20_000) });
    assert_eq!(send(&api.operator, "a", json!({ "secret": 1 })).await, 422);
    assert_eq!(send(&api.operator, "b", large).await, 413);
    let look = json!({ "reason": "look" });
    assert_eq!(send(&api.operator, "c", look.clone()).await, 200);
    assert_eq!(
        send(&api.operator, "c", json!({ "reason": "other" })).await,
        422
    );
    // Nobody: what they try is counted, and not written down.
    assert_eq!(send("vct_forged", "d", json!({})).await, 401);
    let log = api.get("/api/v1/audit").await.ok();
    let of_target: Vec<&Value> = log
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["target"] == target.as_str())
        .collect();
    let said: Vec<(&str, &str, &str)> = of_target
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().expect("text");
            (text("actor"), text("outcome"), text("detail"))
        })
        .collect();
    assert_eq!(
        said,
        [
            ("Operator", "refused", "idempotency.reused"),
            ("Operator", "refused", "request.too-large"),
            ("Operator", "refused", "request.malformed"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_read_stands_in_the_audit_log() {
    let Some(api) = Api::start().await else {
        return;
    };
    let login = "x".repeat(43);
    let client = api.database.client().await.expect("it runs");
    client
        .execute(
            "INSERT INTO login (hash, token_id, expires_at)
             SELECT $1, id, now() + interval '1 hour' FROM api_token WHERE role = 'operator'",
            &[&tokens::hash(&login)],
        )
        .await
        .expect("signed in");
    let cookie = format!("__Host-valet={login}");
    let headers = [
        ("cookie", cookie.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let send = async |form: &str| {
        let url = api.url();
        let sent = valet_test_kit::http::send(
            Method::POST,
            &url,
            "/hosts/i-1/drain",
            &headers,
            form.to_owned(),
        );
        sent.await.expect("an answer").status
    };
    assert_eq!(send("reason=a&reason=b").await, 422);
    assert_eq!(send("reason=look&form_token=forged").await, 403);
    let refused = ("http.refused".to_owned(), "refused".to_owned());
    let said = rows(&api, "POST /hosts/i-1/drain").await;
    assert_eq!(said, [refused.clone(), refused]);
}
