//! Hatchet's REST API, as far as the agent asks it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::DATE;
use hyper::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::settings::Settings;
use crate::http_client::HttpClient;
use crate::state::Queue;

/// A client of the API.
#[derive(Clone, Debug)]
pub struct Rest {
    http: HttpClient,
    settings: Settings,
}

/// How long a question may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The engine gives a worker up that has not been heard of for so long.
pub const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestError {
    /// 401 or 403: the token is not accepted.
    Token,
    /// 404: Hatchet knows no such worker.
    Unknown,
    /// 429: too many questions.
    TooMany,
    /// Everything else, in words.
    Other(String),
}

impl RestError {
    /// In words, for the log and for people.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Token => "Hatchet rejected the token",
            Self::Unknown => "Hatchet does not know the worker",
            Self::TooMany => "Hatchet's rate limit was reached",
            Self::Other(words) => words,
        }
    }
}

/// A worker as Hatchet sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worker {
    /// Whether it has been heard of lately.
    pub connected: bool,
    /// Whether it is paused; of a worker that is inactive Hatchet does not say it.
    pub paused: Option<bool>,
    /// Whether Hatchet has heard nothing of it for so long that it gives its tasks to others. False where its
    /// response does not say the time: this host's clock may be wrong.
    pub given_up: bool,
    /// When it was heard of last, by Hatchet's clock.
    pub heard_at: Option<Timestamp>,
    /// How long ago that was; by this host's clock where Hatchet's response does not say the time.
    pub silent: Option<SignedDuration>,
    /// Tasks that it has by Hatchet's count, where Hatchet counts them.
    pub running: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawWorker {
    status: Option<String>,
    last_heartbeat_at: Option<Timestamp>,
    #[serde(default)]
    slot_config: BTreeMap<String, RawSlots>,
    #[serde(default)]
    labels: Vec<RawLabel>,
}

#[derive(Deserialize)]
struct RawSlots {
    available: Option<i64>,
    limit: i64,
}

#[derive(Deserialize)]
struct RawLabel {
    key: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct RawWorkers {
    #[serde(default)]
    rows: Vec<RawWorker>,
}

impl RawWorker {
    fn has(&self, (key, value): &(String, String)) -> bool {
        let value = Some(value.as_str());
        let mut labels = self.labels.iter();
        labels.any(|label| label.key == *key && label.value.as_deref() == value)
    }

    /// Slots in use, of every kind.
    fn running(&self) -> Option<u32> {
        let used = |slots: &RawSlots| u32::try_from(slots.limit - slots.available?).ok();
        let used: Option<u32> = self.slot_config.values().map(used).sum();
        used.filter(|_| !self.slot_config.is_empty())
    }
}

/// A response's body, and the time by Hatchet's clock where it says it.
struct Response {
    body: Bytes,
    time: Option<Timestamp>,
}

impl Response {
    /// The time by Hatchet's clock, else by ours.
    fn time(&self) -> Timestamp {
        self.time.unwrap_or_else(Timestamp::now)
    }
}

impl Rest {
    #[must_use]
    pub const fn new(http: HttpClient, settings: Settings) -> Self {
        Self { http, settings }
    }

    /// Pauses a worker, which then gets no more tasks, or lets it go on. It takes effect in one to
    /// three seconds.
    ///
    /// # Errors
    ///
    /// Why it was not done.
    pub async fn pause(&self, worker: &str, paused: bool) -> Result<(), RestError> {
        let path = format!("/api/v1/workers/{worker}");
        let body = json!({ "isPaused": paused });
        let answer = self.ask(Method::PATCH, &path, Some(&body)).await;
        answer.map(|_| ())
    }

    /// Looks at a worker.
    ///
    /// # Errors
    ///
    /// Why nothing was seen.
    pub async fn worker(&self, worker: &str) -> Result<Worker, RestError> {
        let path = format!("/api/v1/workers/{worker}");
        let response = self.ask(Method::GET, &path, None).await?;
        let raw: RawWorker = read(&response.body)?;
        let status = raw.status.as_deref().unwrap_or_default();
        let silent_at = |now: Timestamp| {
            let last = raw.last_heartbeat_at;
            last.map(|last| now.duration_since(last))
        };
        let paused = match status {
            "ACTIVE" => Some(false),
            "PAUSED" => Some(true),
            _ => None,
        };
        let known_silent = response.time.and_then(silent_at);
        let silent = silent_at(response.time());
        Ok(Worker {
            connected: paused.is_some() && silent.is_some_and(|silent| silent < FRESH),
            paused,
            given_up: status == "INACTIVE" && known_silent.is_some_and(|silent| silent >= FRESH),
            heard_at: raw.last_heartbeat_at,
            silent,
            running: raw.running(),
        })
    }

    /// How many tasks of these names wait, and since when.
    ///
    /// # Errors
    ///
    /// Why it is not known.
    pub async fn queue(&self, tasks: &[String]) -> Result<Queue, RestError> {
        let (tenant, query) = (&self.settings.tenant, task_names(tasks));
        let path = format!("/api/v1/tenants/{tenant}/task-stats?{query}");
        let response = self.ask(Method::GET, &path, None).await?;
        Ok(queue_of(&read(&response.body)?, response.time()))
    }

    /// How many paused workers have all of these labels. Not every release of Hatchet selects by labels (0.90 ignores
    /// them), so the list is searched here.
    ///
    /// # Errors
    ///
    /// Why it is not known.
    pub async fn draining(&self, labels: &[(String, String)]) -> Result<u32, RestError> {
        let tenant = &self.settings.tenant;
        let query = paused_with(labels);
        let path = format!("/api/v1/tenants/{tenant}/worker?{query}");
        let response = self.ask(Method::GET, &path, None).await?;
        let RawWorkers { rows } = read(&response.body)?;
        let has_all = |worker: &&RawWorker| labels.iter().all(|label| worker.has(label));
        Ok(rows.iter().filter(has_all).count() as u32)
    }

    /// Sends a request and returns the response of success.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, RestError> {
        let url = format!("{}{path}", self.settings.rest);
        let token = &self.settings.token;
        let answer = self
            .http
            .send_json(method, &url, token, body, TIMEOUT)
            .await;
        let answer = answer.map_err(|error| RestError::Other(error.to_string()))?;
        match answer.status {
            status if status.is_success() => Ok(Response {
                time: time(&answer.headers),
                body: answer.body,
            }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(RestError::Token),
            StatusCode::NOT_FOUND => Err(RestError::Unknown),
            StatusCode::TOO_MANY_REQUESTS => Err(RestError::TooMany),
            status => Err(RestError::Other(format!("Hatchet returned {status}"))),
        }
    }
}

fn task_names(tasks: &[String]) -> String {
    let names = tasks.iter().map(|task| ("taskNames", task));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(names)
        .finish()
}

fn paused_with(labels: &[(String, String)]) -> String {
    let labels = labels
        .iter()
        .map(|(key, value)| ("labels", format!("{key}:{value}")));
    form_urlencoded::Serializer::new(String::new())
        .append_pair("statuses", "PAUSED")
        .extend_pairs(labels)
        .finish()
}

fn time(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp())
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, RestError> {
    serde_json::from_slice(body)
        .map_err(|error| RestError::Other(format!("Hatchet's response is invalid: {error}")))
}

/// The sum over `{task: {queued: {total, oldest}}}`. A task of which none waits is left out there.
fn queue_of(answer: &Value, now: Timestamp) -> Queue {
    let queued: Vec<&Value> = answer
        .as_object()
        .map(|tasks| {
            tasks
                .values()
                .filter_map(|task| task.get("queued"))
                .collect()
        })
        .unwrap_or_default();
    let depth = queued
        .iter()
        .filter_map(|queued| queued.get("total")?.as_u64())
        .sum();
    let oldest: Option<Timestamp> = queued
        .iter()
        .filter_map(|queued| queued.get("oldest")?.as_str()?.parse().ok())
        .min();
    let waited = oldest.map(|oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
    Queue {
        depth,
        oldest_seconds: waited.unwrap_or(0.0),
        at: now,
    }
}

#[cfg(test)]
#[path = "rest_tests.rs"]
mod tests;
