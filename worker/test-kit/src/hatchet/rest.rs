//! The API by REST, as far as the agent and the TypeScript SDK ask it.

use std::time::{Duration, Instant};

use axum::extract::{Path, Query, Request, State as Of};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::state::{Label, State, TaskRun, WorkerView};
use super::{TENANT, token};
use crate::shared::Shared;

/// Requests for statistics that one address may make in a second.
const STATISTICS_A_SECOND: usize = 10;

type Store = Shared<State>;

pub fn router(state: Store) -> Router {
    Router::new()
        .route("/api/v1/workers/{id}", get(look).patch(update))
        .route("/api/v1/tenants/{tenant}", get(tenant))
        .route("/api/v1/tenants/{tenant}/worker", get(workers))
        .route("/api/v1/tenants/{tenant}/task-stats", get(statistics))
        .route("/api/v1/tenants/{tenant}/queue-metrics", get(dead))
        .layer(from_fn_with_state(state.clone(), authorized))
        .with_state(state)
}

/// Hatchet's middleware answers 403, not 401, to a token that it does not accept.
async fn authorized(Of(state): Of<Store>, request: Request, next: Next) -> Response {
    if state.with(|state| state.api_fails) {
        return problem(StatusCode::BAD_GATEWAY, "the API is down");
    }
    let header = request.headers().get("authorization");
    let token = header.and_then(|value| value.to_str().ok());
    let token = token.and_then(token::shown);
    if token.is_some_and(|token| state.with(|state| state.accepts(token))) {
        return next.run(request).await;
    }
    problem(
        StatusCode::FORBIDDEN,
        "please provide valid credentials for this resource",
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    is_paused: Option<bool>,
}

async fn update(
    Of(state): Of<Store>,
    Path(id): Path<String>,
    Json(update): Json<Update>,
) -> Response {
    state.with(|state| {
        if let (Some(worker), Some(paused)) = (state.worker_mut(&id), update.is_paused) {
            let since = worker.view.paused.unwrap_or_else(Instant::now);
            if !paused && worker.view.paused.is_some() {
                worker.view.resumed = Some(Instant::now());
            }
            worker.view.paused = paused.then_some(since);
        }
    });
    answer(state.with(|state| state.view(&id)).as_ref())
}

async fn look(Of(state): Of<Store>, Path(id): Path<String>) -> Response {
    let seen = state.with(|state| {
        let mut view = state.view(&id)?;
        if state.miscounts > 0 && view.running > 0 {
            state.miscounts -= 1;
            view.running -= 1;
        }
        Some(view)
    });
    answer(seen.as_ref())
}

fn answer(seen: Option<&WorkerView>) -> Response {
    match seen {
        Some(view) => Json(in_json(view)).into_response(),
        None => problem(StatusCode::NOT_FOUND, "worker not found"),
    }
}

async fn workers(
    Of(state): Of<Store>,
    Path(tenant): Path<String>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Response {
    if tenant != TENANT {
        return problem(StatusCode::FORBIDDEN, "not a member of the tenant");
    }
    // Labels are no filter here, as in the real engine's release 0.90.
    let statuses: Vec<&String> = asked
        .iter()
        .filter(|(name, _)| name == "statuses")
        .map(|(_, value)| value)
        .collect();
    let views = state.with(|state| state.views()).into_iter();
    let rows: Vec<Value> = views
        .filter(|view| statuses.is_empty() || statuses.iter().any(|status| *status == view.status))
        .map(|view| in_json(&view))
        .collect();
    Json(json!({ "rows": rows, "pagination": {} })).into_response()
}

/// The SDK asks which kind of engine the tenant is on.
async fn tenant(Path(tenant): Path<String>) -> Response {
    let metadata = json!({ "id": tenant });
    Json(json!({ "metadata": metadata, "name": "kit", "slug": "kit", "version": "V1" }))
        .into_response()
}

async fn statistics(
    Of(state): Of<Store>,
    Path(tenant): Path<String>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Response {
    if tenant != TENANT {
        return problem(StatusCode::FORBIDDEN, "not a member of the tenant");
    }
    if !state.with(may_ask) {
        return problem(StatusCode::TOO_MANY_REQUESTS, "rate limit exceeded");
    }
    let of_name = asked.iter().filter(|(name, _)| name == "taskNames");
    let mut answer = Map::new();
    for (_, name) in of_name {
        let tasks = state.with(|state| state.tasks.clone()).into_iter();
        let tasks: Vec<TaskRun> = tasks.filter(|task| is_of(task, name)).collect();
        answer.insert(name.clone(), counted(&tasks));
    }
    Json(Value::Object(answer)).into_response()
}

async fn dead() -> Response {
    problem(StatusCode::BAD_REQUEST, "queue metrics are not available")
}

fn may_ask(state: &mut State) -> bool {
    let now = Instant::now();
    state.statistics_asked.push(now);
    let old = |asked: &Instant| now.duration_since(*asked) >= Duration::from_secs(1);
    while state.statistics_recent.front().is_some_and(old) {
        state.statistics_recent.pop_front();
    }
    let may = state.statistics_recent.len() < STATISTICS_A_SECOND;
    if may {
        state.statistics_recent.push_back(now);
    } else {
        state.statistics_refused += 1;
    }
    may
}

/// Statistics go by the task's name, which is the second half of its action.
fn is_of(task: &TaskRun, name: &str) -> bool {
    task.action.rsplit(':').next() == Some(name)
}

/// Zeros where there is none, as in the real engine.
fn counted(tasks: &[TaskRun]) -> Value {
    let queued: Vec<&TaskRun> = tasks.iter().filter(|task| task.is_queued()).collect();
    let running = tasks.iter().filter(|task| task.is_running()).count();
    let waiting = match queued.iter().map(|task| task.queued).min() {
        Some(oldest) => {
            json!({ "total": queued.len(), "queues": { "default": queued.len() }, "oldest": seconds_ago(oldest) })
        }
        None => json!({ "total": 0 }),
    };
    json!({ "queued": waiting, "running": { "total": running } })
}

/// An instant of the past as calendar time.
fn seconds_ago(past: Instant) -> String {
    let seconds = crate::clock::unix_seconds().saturating_sub(past.elapsed().as_secs());
    jiff::Timestamp::from_second(seconds as i64)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

fn as_text(label: &Label) -> String {
    match label {
        Label::Text(text) => text.clone(),
        Label::Number(number) => number.to_string(),
    }
}

fn in_json(view: &WorkerView) -> Value {
    let metadata = json!({
        "id": view.id,
        "createdAt": seconds_ago(view.registered),
        "updatedAt": seconds_ago(view.last_heartbeat.unwrap_or(view.registered)),
    });
    let labels: Vec<Value> = view
        .labels
        .iter()
        .map(|(key, label)| json!({ "metadata": metadata, "key": key, "value": as_text(label) }))
        .collect();
    let available = (view.slots as usize).saturating_sub(view.running);
    json!({
        "metadata": metadata,
        "name": view.name,
        "type": "SELFHOSTED",
        "status": view.status,
        "actions": view.actions,
        "labels": labels,
        "slotConfig": { "default": { "available": available, "limit": view.slots } },
        "lastHeartbeatAt": view.last_heartbeat.map(seconds_ago),
    })
}

fn problem(status: StatusCode, description: &str) -> Response {
    let body = json!({ "errors": [{ "description": description }] });
    (status, Json(body)).into_response()
}
