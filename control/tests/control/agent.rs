//! An agent, as far as the server sees one.

use std::time::{Duration, Instant};

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use valet_test_kit::imds::Instance;

use crate::support::{Answer, Api, GROUP, signer};

/// Far above what a busy machine takes to serve somebody.
const LIMIT: Duration = Duration::from_mins(1);

/// Asks again what was answered 503, as an agent does: a machine with other work may have no connection to its database in
/// time for everybody at once.
pub async fn until_served(mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    let began = Instant::now();
    loop {
        let answer = ask().await;
        if answer.status != 503 || began.elapsed() > LIMIT {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// An agent, as far as the server sees one.
#[derive(Clone, Debug)]
pub struct Agent {
    pub instance: Instance,
    pub document: String,
    pub boot: String,
    pub token: String,
    pub previous: Option<String>,
    pub seq: u64,
}

impl Agent {
    /// The agent of an instance with this number, launched this long ago.
    pub fn new(number: u32, launched_ago: SignedDuration) -> Self {
        let instance = Instance {
            id: format!("i-{number:017x}"),
            ..Instance::default()
        };
        let launched = Timestamp::now() - launched_ago;
        Self {
            document: signer().rsa2048(&instance, launched).expect("it is signed"),
            instance,
            boot: format!("00000000-0000-0000-0000-{number:012x}"),
            token: String::new(),
            previous: None,
            seq: 0,
        }
    }

    /// The agent of an instance with this id, launched this long ago.
    pub fn of(id: &str, number: u32, launched_ago: SignedDuration) -> Self {
        let mut agent = Self::new(number, launched_ago);
        agent.instance.id = id.to_owned();
        let launched = Timestamp::now() - launched_ago;
        agent.document = signer()
            .rsa2048(&agent.instance, launched)
            .expect("it is signed");
        agent
    }

    /// The agent of an instance that was just launched, enrolled.
    pub async fn enrolled(api: &Api, number: u32) -> Self {
        let mut agent = Self::new(number, SignedDuration::from_secs(30));
        agent.enrol(api).await.ok();
        agent
    }

    pub fn id(&self) -> &str {
        &self.instance.id
    }

    pub fn enrolment(&self) -> Value {
        let mut body = json!({
            "version": 2, "rsa2048": self.document, "bootId": self.boot, "nonce": "0123456789abcdef0123456789abcdef",
            "versions": { "worker": "1.0.0", "kernel": "6.8" },
            "capabilities": ["drain", "resume", "restartRuntime", "restartServices"],
        });
        if let Some(previous) = &self.previous {
            body["previousToken"] = json!(previous);
        }
        body
    }

    /// Enrols with the server's key, and keeps the token.
    pub async fn enrol(&mut self, api: &Api) -> Answer {
        let key = api.key.clone();
        self.enrol_with(api, &key).await
    }

    pub async fn enrol_with(&mut self, api: &Api, key: &str) -> Answer {
        let path = "/api/v1/sandboxes/enrol";
        let answer = api
            .send(Method::POST, path, key, Some(self.enrolment()))
            .await;
        if let Some(token) = answer.body["token"].as_str() {
            self.token = token.to_owned();
        }
        answer
    }

    /// The body of a heartbeat of a ready host with these changes.
    pub fn heartbeat(&self, seq: u64, changes: &Value) -> Value {
        let mut body = json!({
            "version": 2, "bootId": self.boot, "seq": seq, "status": "ready", "cause": "up",
            "since": "2026-01-01T00:00:00Z", "lifecycle": "InService", "group": GROUP, "workerId": "w-1", "slots": 4,
            "adsPowerStatus": "running", "leases": [], "ended": [], "orders": [],
            "versions": { "worker": "1.0.0", "kernel": "6.8" },
        });
        for (name, value) in changes.as_object().expect("an object") {
            body[name] = value.clone();
        }
        body
    }

    /// A heartbeat of a ready host with these changes.
    pub async fn beat(&mut self, api: &Api, changes: Value) -> Answer {
        self.seq += 1;
        let body = self.heartbeat(self.seq, &changes);
        let path = "/api/v1/sandboxes/heartbeat";
        api.send(Method::POST, path, &self.token, Some(body)).await
    }
}
