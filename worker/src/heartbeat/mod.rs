//! Heartbeats to the Valet API.

mod message;

use std::sync::Arc;
use std::time::Duration;

use hyper::header::RETRY_AFTER;
use hyper::{Method, StatusCode};
use tokio::time::Instant;
use valet_protocol::heartbeat::{DrainInstruction, HeartbeatResponse, Versions};
use valet_protocol::local_api::State;

use crate::backoff::Backoff;
use crate::deadline::Deadline;
use crate::drain::command::{DrainCommand, DrainSource};
use crate::host::Shared;
use crate::identity::Identity;

/// The secret that holds the key.
const KEY: &str = "WORKER_API_KEY";

/// How long one may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// For the last one, when the agent exits.
const FINAL_HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(3);

/// A change of state is said at once, but no two heartbeats are closer than this.
const APART: Duration = Duration::from_secs(1);

/// The longest that an answer's `Retry-After` is honoured.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(10);

/// Says every `heartbeat.interval_seconds` how the host is, whenever its state changes, and once more
/// at the end. An API that does not answer changes nothing on the host.
pub async fn run(host: Shared) {
    let Some(url) = host.config.heartbeat.url.clone() else {
        return;
    };
    let known = host.wait_until(|current| current.identity.is_some() && current.secrets_ready);
    tokio::select! {
        () = known => {}
        () = host.ending().cancelled() => return,
    }
    let Some(identity) = host.read(|current| current.identity.clone()) else {
        return;
    };
    let interval = host.config.heartbeat.interval_seconds.duration();
    let mut sender = Sender {
        host,
        url,
        identity,
        versions: message::versions(),
        schedule: Schedule::new(interval),
        said: HeartbeatResponse::default(),
    };
    loop {
        let (pause, state) = sender.beat().await;
        if sender.rest(pause, state).await {
            let _ = tokio::time::timeout(FINAL_HEARTBEAT_TIMEOUT, sender.beat()).await;
            return;
        }
    }
}

struct Sender {
    host: Shared,
    url: String,
    identity: Arc<Identity>,
    versions: Versions,
    schedule: Schedule,
    /// What the API answered last. An order counts once.
    said: HeartbeatResponse,
}

/// Why a heartbeat was not taken.
#[derive(Debug, PartialEq, Eq)]
struct SendError {
    message: String,
    /// How long the API asks to be left alone.
    retry_after: Option<Duration>,
}

impl Sender {
    /// One heartbeat. Answers the pause until the next, and the state that was said.
    async fn beat(&mut self) -> (Duration, State) {
        let state = self.host.read(|current| current.state);
        match self.send().await {
            Ok(answer) => {
                if self.schedule.backoff.failures() > 0 {
                    let missed = self.schedule.backoff.failures();
                    tracing::info!(missed, "the Valet API accepts heartbeats again");
                }
                self.obey(answer).await;
                (self.schedule.taken(), state)
            }
            Err(fault) => {
                if self.schedule.backoff.failures() == 0 {
                    let reason = &fault.message;
                    tracing::warn!(
                        reason,
                        "the Valet API does not accept heartbeats; the host keeps working"
                    );
                }
                (self.schedule.missed(fault.retry_after), state)
            }
        }
    }

    async fn send(&self) -> Result<HeartbeatResponse, SendError> {
        let fault = |message| SendError {
            message,
            retry_after: None,
        };
        let Some(key) = self.host.secret(KEY) else {
            return Err(fault(format!(
                "no secret {KEY} is configured with used_by = [\"agent\"]"
            )));
        };
        let message = self
            .host
            .read(|current| message::of(current, &self.identity, &self.versions));
        let http = &self.host.http;
        let answer = http
            .send_json(Method::POST, &self.url, &key, Some(&message), TIMEOUT)
            .await
            .map_err(fault)?;
        if answer.status.is_success() {
            return Ok(message::answer(&answer.body));
        }
        let retry_after = answer.headers.get(RETRY_AFTER);
        Err(SendError {
            message: refusal(answer.status),
            retry_after: retry_after
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs),
        })
    }

    /// Gives the orders that the answer carries, unless the last one carried them already.
    async fn obey(&mut self, answer: HeartbeatResponse) {
        let before = std::mem::replace(&mut self.said, answer.clone());
        if answer.drain != before.drain
            && let Some(drain) = answer.drain
        {
            self.host.send_command(order(&drain)).await;
        }
        if answer.resume && !before.resume {
            let cause = "ordered by the Valet API".to_owned();
            self.host.send_command(DrainCommand::Resume { cause }).await;
        }
    }

    /// Waits for the next heartbeat. Answers whether the agent exits.
    async fn rest(&self, pause: Duration, said: State) -> bool {
        let last = Instant::now();
        let changed = async {
            self.host.wait_until(|current| current.state != said).await;
            tokio::time::sleep_until(last + APART.min(pause)).await;
        };
        // While the API is down a change of state is no reason to ask it more often.
        let well = self.schedule.backoff.failures() == 0;
        tokio::select! {
            () = tokio::time::sleep(pause) => false,
            () = changed, if well => false,
            () = self.host.ending().cancelled() => true,
        }
    }
}

fn order(drain: &DrainInstruction) -> DrainCommand {
    let cause = drain.cause.as_deref().unwrap_or("ordered by the Valet API");
    DrainCommand::Drain {
        source: DrainSource::ValetApi,
        cause: cause.chars().take(256).collect(),
        deadline: drain
            .within_seconds
            .map(|seconds| Deadline::within(Duration::from_secs(seconds.into()))),
    }
}

fn refusal(status: StatusCode) -> String {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            format!("it returned {status}: the key in {KEY} is not accepted")
        }
        _ => format!("it returned {status}"),
    }
}

/// When the next heartbeat is due.
#[derive(Debug)]
struct Schedule {
    interval: Duration,
    backoff: Backoff,
}

impl Schedule {
    /// After one that failed, the next is tried sooner than usual, then later and later, up to four
    /// intervals.
    const fn new(interval: Duration) -> Self {
        Self {
            interval,
            backoff: Backoff::new(
                Duration::from_nanos(interval.as_nanos() as u64 / 4),
                interval.saturating_mul(4),
            ),
        }
    }

    /// The API has taken one. Pauses differ by a tenth to each side, so that hosts that started
    /// together drift apart.
    fn taken(&mut self) -> Duration {
        self.backoff.reset();
        self.interval.mul_f64(0.9 + 0.2 * fastrand::f64())
    }

    /// The API has not taken one. What it asks for counts; added to it is a pause of our own, so that
    /// hosts that were told the same do not come back together.
    fn missed(&mut self, retry_after: Option<Duration>) -> Duration {
        let shortest = self.interval / 30;
        let pause = self.backoff.pause().max(shortest);
        pause + retry_after.unwrap_or_default().min(MAX_RETRY_AFTER)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
