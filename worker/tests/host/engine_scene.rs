//! An engine, the kit's or the real one, with runtimes whose every lease is granted.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::Method;
use hatchet_proto::root::dispatcher_client::DispatcherClient;
use hatchet_proto::root::{UpsertWorkerLabelsRequest, WorkerLabels};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tonic::transport::Channel;
use valet_test_kit::granting_agent::GrantingAgent;
use valet_test_kit::harness::{ACTION, LIMIT};
use valet_test_kit::hatchet::{Engine, Pace, TENANT};
use valet_test_kit::wait::until;
use valet_test_kit::{http, node};

use crate::real_engine::RealEngine;

/// Slots of each runtime.
pub const SLOTS: usize = 2;

/// Attempts at a task of the runtime's: the first, and its three retries.
pub const ATTEMPTS: usize = 4;

/// One of the two.
pub enum EitherEngine {
    Fake(Engine, String),
    Real(Box<RealEngine>),
}

impl EitherEngine {
    pub async fn fake() -> Self {
        let engine = Engine::start(Pace::default()).await.expect("it starts");
        let token = engine.token(Duration::from_hours(1));
        Self::Fake(engine, token)
    }

    pub fn token(&self) -> &str {
        match self {
            Self::Fake(_, token) => token,
            Self::Real(engine) => &engine.token,
        }
    }

    /// The address of its API by REST.
    fn rest(&self) -> String {
        match self {
            Self::Fake(engine, _) => engine.server().url(),
            Self::Real(engine) => engine.rest.clone(),
        }
    }

    /// Where its dispatcher listens, a host and a port.
    pub fn grpc(&self) -> String {
        match self {
            Self::Fake(engine, _) => engine.server().address().to_string(),
            Self::Real(engine) => engine.grpc.clone(),
        }
    }

    /// Puts a task into the queue.
    pub async fn push(&self, input: &Value) {
        match self {
            Self::Fake(engine, _) => {
                let _ = engine.push(ACTION, input, ATTEMPTS as u32 - 1);
            }
            Self::Real(_) => self.trigger("apply", input).await,
        }
    }

    /// Puts a task of this workflow into the real engine's queue.
    pub async fn trigger(&self, workflow: &str, input: &Value) {
        let path = format!("/api/v1/stable/tenants/{TENANT}/workflow-runs/trigger");
        let body = json!({ "workflowName": workflow, "input": input });
        let (status, answer) = self.ask(Method::POST, &path, Some(&body)).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Sets labels of a worker, as the agent does.
    pub async fn label(&self, worker: &str, labels: &[(&str, WorkerLabels)]) {
        let mut dispatcher = self.dispatcher().await;
        let labels = labels.iter();
        let request = self.with_token(UpsertWorkerLabelsRequest {
            worker_id: worker.to_owned(),
            labels: labels
                .map(|(key, label)| ((*key).to_owned(), label.clone()))
                .collect(),
        });
        let answer = dispatcher.upsert_worker_labels(request).await;
        answer.expect("it takes them");
    }

    /// A client of its dispatcher.
    pub async fn dispatcher(&self) -> DispatcherClient<Channel> {
        let address = format!("http://{}", self.grpc());
        DispatcherClient::connect(address)
            .await
            .expect("it listens")
    }

    /// A request to its dispatcher.
    pub fn with_token<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let bearer = format!("Bearer {}", self.token());
        let bearer = bearer.parse().expect("a header");
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.token());
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            // As a load balancer in front names the fleet's one address: without it 0.90 limits each connection alone.
            ("x-real-ip", "192.0.2.7"),
        ];
        let body = body.map(Value::to_string).unwrap_or_default();
        let answer = http::send(method, &self.rest(), path, &headers, body).await;
        let answer = answer.expect("it answers");
        let text = serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body));
        (answer.status, text)
    }
}

/// The value of a label that is a number.
pub fn number(value: i32) -> WorkerLabels {
    WorkerLabels {
        int_value: Some(value),
        str_value: None,
    }
}

/// The value of a label that is a text.
pub fn text(value: &str) -> WorkerLabels {
    WorkerLabels {
        int_value: None,
        str_value: Some(value.to_owned()),
    }
}

/// One event of a runtime's journal.
#[derive(Clone, Debug)]
pub struct Event {
    pub pid: u32,
    pub task: String,
}

/// A runtime with Hatchet's SDK.
pub struct Runtime {
    pub child: Child,
    pub pid: u32,
}

impl Runtime {
    pub fn send(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid as i32).expect("a process");
        kill_process(pid, signal).expect("it runs");
    }
}

/// An engine with runtimes, whose every lease is granted.
pub struct Scene {
    pub engine: EitherEngine,
    _agent: GrantingAgent,
    folder: TempDir,
}

impl Scene {
    pub fn new(engine: EitherEngine) -> Self {
        let folder = TempDir::new().expect("a folder");
        let agent = GrantingAgent::start(&folder.path().join("agent.sock")).expect("it listens");
        Self {
            engine,
            _agent: agent,
            folder,
        }
    }

    fn journal_file(&self) -> std::path::PathBuf {
        self.folder.path().join("journal.jsonl")
    }

    /// Starts a runtime and waits until its worker has registered. Returns its worker's id, too.
    pub async fn start_runtime(&self) -> (Runtime, String) {
        let program = node::runtime().expect("the runtime is installed");
        self.start_program(&program, "").await
    }

    /// The same with a program of the kit's runtimes, which is told its seat.
    pub async fn start_program(&self, program: &Path, seat: &str) -> (Runtime, String) {
        let before = self.events("registered").len();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("runtime.log"))
            .expect("a log");
        let environment: BTreeMap<&str, String> = [
            ("HATCHET_CLIENT_TOKEN", self.engine.token().to_owned()),
            // No wire is between these and the engine.
            ("HATCHET_CLIENT_HOST_PORT", self.engine.grpc()),
            ("HATCHET_CLIENT_API_URL", self.engine.rest()),
            ("HATCHET_CLIENT_TLS_STRATEGY", "none".to_owned()),
            ("VALET_SOCKET", self.path("agent.sock")),
            ("RUNTIME_SLOTS", SLOTS.to_string()),
            ("RUNTIME_SEAT", seat.to_owned()),
            ("RUNTIME_JOURNAL", self.path("journal.jsonl")),
        ]
        .into();
        let child = Command::new("node")
            .arg(program)
            .envs(environment)
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let pid = child.id().expect("it runs");
        let registered = || self.events("registered").len() > before;
        let waits = tokio::time::timeout(LIMIT, until(LIMIT * 2, "it registers", registered));
        assert!(waits.await.is_ok(), "it does not register:\n{}", self.log());
        let line = self.lines("registered").pop().expect("a line");
        let worker = line["worker"].as_str().expect("its id").to_owned();
        (Runtime { child, pid }, worker)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub fn log(&self) -> String {
        let of_engine = match &self.engine {
            EitherEngine::Fake(..) => String::new(),
            EitherEngine::Real(engine) => engine.log(),
        };
        let runtime = std::fs::read_to_string(self.folder.path().join("runtime.log"));
        format!("{}\n{of_engine}", runtime.unwrap_or_default())
    }

    fn lines(&self, event: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.journal_file()).unwrap_or_default();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines
            .filter(|line: &Value| line["event"] == event)
            .collect()
    }

    pub fn events(&self, event: &str) -> Vec<Event> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lines = self.lines(event).into_iter();
        lines
            .map(|line| Event {
                pid: line["pid"].as_u64().unwrap_or_default() as u32,
                task: text(&line["task"]),
            })
            .collect()
    }

    pub async fn until_events(&self, event: &str, number: usize, within: Duration) {
        let began = Instant::now();
        while self.events(event).len() < number {
            assert!(
                began.elapsed() < within,
                "{} of {number} {event} after {within:?}\n{}",
                self.events(event).len(),
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn worker(&self, id: &str) -> Value {
        let (status, worker) = self
            .engine
            .ask(Method::GET, &format!("/api/v1/workers/{id}"), None)
            .await;
        assert_eq!(status, 200, "{worker}");
        worker
    }

    pub async fn until_status(&self, id: &str, status: &str) {
        let began = Instant::now();
        while self.worker(id).await["status"] != status {
            assert!(
                began.elapsed() < LIMIT,
                "not {status}: {}",
                self.worker(id).await
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
