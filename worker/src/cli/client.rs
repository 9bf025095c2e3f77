//! The command line's end of the local API.

use std::time::Duration;

use hyper::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use valet_protocol::local_api::Refusal;

use crate::http::{self, HttpError};
use crate::timeout::within;

/// How long the agent may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// Nobody listens at the socket.
    NoAgent(String),
    /// The agent says no.
    Refused(Refusal),
}

/// Calls the agent at this socket.
///
/// # Errors
///
/// When no agent answers, or it refuses.
pub async fn call<T: DeserializeOwned>(
    socket: &str,
    method: Method,
    path: &str,
    body: Option<&impl Serialize>,
) -> Result<T, CallError> {
    let no_agent =
        |error: HttpError| CallError::NoAgent(format!("no agent responds at {socket}: {error}"));
    let body = body.map_or_else(Vec::new, |body| {
        serde_json::to_vec(body).unwrap_or_default()
    });
    let exchange = async {
        let stream = UnixStream::connect(socket)
            .await
            .map_err(|error| HttpError::failed(&error))?;
        http::send(stream, http::request(method, path, body, None)?).await
    };
    let answer = within(TIMEOUT, exchange).await.map_err(no_agent)?;
    let strange = |error: serde_json::Error| {
        CallError::NoAgent(format!(
            "the response at {socket} is not one of the agent's API: {error}"
        ))
    };
    if answer.status.is_success() {
        serde_json::from_slice(&answer.body).map_err(strange)
    } else {
        Err(CallError::Refused(
            serde_json::from_slice(&answer.body).map_err(strange)?,
        ))
    }
}
