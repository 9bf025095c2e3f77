//! What Hatchet says of queues and workers: the kit's engine where it has it, and answers in the form of the real one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use valet_control::queue::{Hatchet, HatchetError, HatchetSettings, QueueSettings, publish};
use valet_test_kit::hatchet::{Engine, Pace};
use valet_test_kit::server::Server;

use crate::mock_aws::query;
use crate::world::World;

/// Hatchet's API as far as it says how workers are. The answers have the form of the real one (v0.90.0): the status, and
/// when the worker was heard last.
pub struct Workers {
    _server: Server,
    state: Arc<Mutex<WorkersState>>,
    folder: tempfile::TempDir,
}

#[derive(Default)]
struct WorkersState {
    statuses: BTreeMap<String, String>,
    /// The engine is of before its list had pages.
    gives_all_at_once: bool,
    refuses: bool,
    calls: WorkerCalls,
}

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct WorkerCalls {
    /// Pages of the list.
    pub pages: usize,
    /// The workers that were asked about one by one.
    pub singly: Vec<String>,
}

type Shared = State<Arc<Mutex<WorkersState>>>;

fn in_json(status: &str) -> Value {
    json!({ "status": status, "lastHeartbeatAt": Timestamp::now().to_string() })
}

async fn worker(State(state): Shared, Path(id): Path<String>) -> Result<Json<Value>, StatusCode> {
    let mut state = state.lock().expect("no panic");
    state.calls.singly.push(id.clone());
    if state.refuses {
        return Err(StatusCode::TOO_MANY_REQUESTS);
    }
    match state.statuses.get(&id).map(String::as_str) {
        Some("429") => Err(StatusCode::TOO_MANY_REQUESTS),
        Some(status) => Ok(Json(in_json(status))),
        None => Err(StatusCode::NOT_FOUND),
    }
}

async fn list(
    State(state): Shared,
    Query(asked): Query<BTreeMap<String, usize>>,
) -> Result<Json<Value>, StatusCode> {
    let mut state = state.lock().expect("no panic");
    state.calls.pages += 1;
    if state.refuses {
        return Err(StatusCode::TOO_MANY_REQUESTS);
    }
    let (offset, limit) = if state.gives_all_at_once {
        (0, usize::MAX)
    } else {
        (asked["offset"], asked["limit"])
    };
    let rows = state.statuses.iter().skip(offset).take(limit);
    let rows: Vec<Value> = rows
        .map(|(id, status)| {
            let mut row = in_json(status);
            row["metadata"] = json!({ "id": id });
            row
        })
        .collect();
    Ok(Json(json!({ "rows": rows, "pagination": {} })))
}

impl Workers {
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(WorkersState::default()));
        let router = Router::new()
            .route("/api/v1/workers/{id}", get(worker))
            .route("/api/v1/tenants/t/worker", get(list))
            .with_state(state.clone());
        let server = Server::start(router).await.expect("a port");
        let folder = tempfile::tempdir().expect("a folder");
        let claims = json!({ "sub": "t", "server_url": server.url() });
        let token = format!(
            "e30.{}.c2ln",
            BASE64_URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        std::fs::write(folder.path().join("token"), token).expect("written");
        Self {
            _server: server,
            state,
            folder,
        }
    }

    pub fn settings(&self) -> HatchetSettings {
        HatchetSettings {
            token_file: Some(self.folder.path().join("token")),
        }
    }

    /// How the worker of this id is; `429` for an engine that says nothing.
    pub fn set(&self, id: &str, status: &str) {
        let mut state = self.state.lock().expect("no panic");
        state.statuses.insert(id.to_owned(), status.to_owned());
    }

    /// As engines were before their list had pages.
    pub fn give_all_at_once(&self) {
        self.state.lock().expect("no panic").gives_all_at_once = true;
    }

    /// Says nothing to anybody from now on.
    pub fn refuse(&self) {
        self.state.lock().expect("no panic").refuses = true;
    }

    /// What was asked since this was called last.
    pub fn take_calls(&self) -> WorkerCalls {
        std::mem::take(&mut self.state.lock().expect("no panic").calls)
    }
}

async fn engine() -> (Engine, tempfile::TempDir, HatchetSettings) {
    let engine = Engine::start(Pace::default()).await.expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, engine.token(Duration::from_hours(1))).expect("written");
    (
        engine,
        folder,
        HatchetSettings {
            token_file: Some(file),
        },
    )
}

/// Far above what anything here takes.
const LIMIT: Duration = Duration::from_mins(1);
const TASKS: [&str; 2] = ["checkout", "search"];

fn tasks() -> Vec<String> {
    TASKS.iter().map(|task| (*task).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_known_or_it_is_not_and_never_0_by_mistake() {
    let (engine, _folder, settings) = engine().await;
    let hatchet = Hatchet::new(&settings, |_| None)
        .await
        .expect("a token")
        .expect("a token");
    let queue = hatchet.queue(&tasks()).await.expect("known");
    assert_eq!((queue.depth, queue.oldest_seconds), (0, 0.0));
    for action in [
        "flow:checkout",
        "flow:checkout",
        "flow:search",
        "flow:other",
    ] {
        let _ = engine.push(action, &Value::Null, 0);
    }
    assert_eq!(hatchet.queue(&tasks()).await.expect("known").depth, 3);
    // Ten a second, and then 429. A machine that is busy may need some turns to ask so often.
    let tasks = tasks();
    let until_answered = async |expected: u16| {
        let began = Instant::now();
        loop {
            let asked = join_all((0..30).map(|_| hatchet.queue(&tasks))).await;
            if asked.contains(&Err(HatchetError::Status(expected))) {
                return;
            }
            assert!(began.elapsed() < LIMIT, "no {expected} but {asked:?}");
        }
    };
    until_answered(429).await;
    // Whoever may not ask is told so, when it was not told to wait.
    engine.expire_tokens();
    until_answered(403).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_publishes_the_queue_in_the_agents_series_and_leaves_out_what_it_does_not_know()
{
    let (engine, _folder, settings) = engine().await;
    let queue = QueueSettings {
        namespace: "Published".to_owned(),
        tasks: tasks(),
    };
    let Some(world) = World::start_with(1, |fleet| fleet.queue = Some(queue)).await else {
        return;
    };
    let lease = world.lease().await;
    let mut control = world.api.control.clone();
    control.hatchet = settings;
    let now = Timestamp::now();
    let (start, end) = (
        now - SignedDuration::from_mins(50),
        now + SignedDuration::from_mins(50),
    );
    let (start, end) = (start.to_string(), end.to_string());
    // How many values there are in a series of one dimension, and the largest.
    let stored = async |metric: &str| {
        let asked = [
            ("Namespace", "Published"),
            ("MetricName", metric),
            ("Dimensions.member.1.Name", "AutoScalingGroupName"),
            ("Dimensions.member.1.Value", &world.group),
            ("StartTime", &start),
            ("EndTime", &end),
            ("Period", "36000"),
            ("Statistics.member.1", "SampleCount"),
            ("Statistics.member.2", "Maximum"),
        ];
        let text = query(&world.mock, "monitoring", "GetMetricStatistics", &asked).await;
        let of = |name: &str| {
            let begin = text.find(&format!("<{name}>"))? + name.len() + 2;
            let end = begin + text[begin..].find('<')?;
            text[begin..end].parse::<f64>().ok()
        };
        (of("SampleCount"), of("Maximum"))
    };
    let _ = engine.push("flow:search", &Value::Null, 0);
    publish(&control, &world.aws, &lease).await;
    assert_eq!(stored("QueueDepth").await, (Some(1.0), Some(1.0)));
    assert_eq!(stored("QueueOldestAge").await.0, Some(1.0));
    // Hatchet does not answer: nothing is published, and no 0.
    engine.expire_tokens();
    tokio::time::sleep(Duration::from_secs(1)).await;
    publish(&control, &world.aws, &lease).await;
    assert_eq!(stored("QueueDepth").await, (Some(1.0), Some(1.0)));
}
