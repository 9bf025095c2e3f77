//! The Valet API as both versions of the contract call it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use tokio::time::Instant;
use valet_protocol::heartbeat::Versions;

use super::schedule::{Schedule, retry_after};
use crate::host::Shared;
use crate::state::{HostState, Identity};

/// The secret that holds the fleet's key.
pub const KEY: &str = "WORKER_API_KEY";

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A change of state is sent at once, but no two heartbeats are closer than this.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// What sends requests to the Valet API.
pub struct ApiClient {
    pub host: Shared,
    /// Where heartbeats are posted to.
    pub url: String,
    pub identity: Arc<Identity>,
    pub versions: Versions,
    pub schedule: Schedule,
}

/// Why a request was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// What the API returned; nothing where it did not respond.
    pub status: Option<StatusCode>,
    pub message: String,
    /// How long the API asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl SendError {
    /// Without a response.
    pub fn without_response(message: String) -> Self {
        Self {
            status: None,
            message,
            retry_after: None,
        }
    }
}

/// Why a pause is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeReason {
    /// The next heartbeat is due.
    Due,
    /// The agent exits.
    Exit,
}

impl ApiClient {
    /// The fleet's key, as it is now: it is read again when it changes.
    ///
    /// # Errors
    ///
    /// Where no such secret is configured.
    pub fn key(&self) -> Result<SecretString, SendError> {
        self.host.secret(KEY).ok_or_else(|| {
            SendError::without_response(format!(
                "no secret {KEY} is configured with used_by = [\"agent\"]"
            ))
        })
    }

    /// Posts JSON and returns the response's body.
    ///
    /// # Errors
    ///
    /// Why it was not taken.
    pub async fn post<T: Serialize>(
        &self,
        url: &str,
        token: &SecretString,
        body: &T,
    ) -> Result<Bytes, SendError> {
        let http = &self.host.http;
        let response = http
            .send_json(Method::POST, url, token, Some(body), TIMEOUT)
            .await
            .map_err(|error| SendError::without_response(error.to_string()))?;
        if response.status.is_success() {
            return Ok(response.body);
        }
        Err(SendError {
            message: format!("it returned {}", response.status),
            retry_after: retry_after(&response.headers, Timestamp::now()),
            status: Some(response.status),
        })
    }

    /// A heartbeat was taken. Returns the pause until the next.
    pub fn taken(&mut self) -> Duration {
        let missed = self.schedule.failures();
        if missed > 0 {
            tracing::info!(missed, "the Valet API accepts heartbeats again");
        }
        self.schedule.taken()
    }

    /// A request was not taken. Returns the pause until the next, and logs an outage once.
    pub fn missed(&mut self, error: &SendError) -> Duration {
        if self.schedule.failures() == 0 {
            let reason = &error.message;
            tracing::warn!(
                reason,
                "the Valet API does not accept heartbeats; the host keeps working"
            );
        }
        self.schedule.missed(error.retry_after)
    }

    /// Waits for the pause, or until the host has news for the API. While the API is down, news is no
    /// reason to ask it more often.
    pub async fn pause(&self, pause: Duration, news: impl FnMut(&HostState) -> bool) -> WakeReason {
        let last = Instant::now();
        let changed = async {
            self.host.wait_until(news).await;
            tokio::time::sleep_until(last + MIN_INTERVAL.min(pause)).await;
        };
        let well = self.schedule.failures() == 0;
        tokio::select! {
            () = tokio::time::sleep(pause) => WakeReason::Due,
            () = changed, if well => WakeReason::Due,
            () = self.host.ending().cancelled() => WakeReason::Exit,
        }
    }
}
