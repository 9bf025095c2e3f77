//! Heartbeats by version 1 of the contract: the fleet's key and the identity document in each.

use std::time::Duration;

use hyper::StatusCode;
use tokio::time::Instant;
use valet_protocol::heartbeat::{DrainInstruction, HeartbeatResponse};
use valet_protocol::local_api::State;

use super::client::{ApiClient, KEY, SendError, WakeReason};
use super::message;
use super::negotiation::Ended;
use crate::drain::command::DrainCommand;
use crate::state::{Deadline, DrainSource};

/// For the last heartbeat, when the agent exits.
const FINAL_HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(3);

/// Sends heartbeats for this long, or until the agent exits.
/// `last` is the last response of an earlier turn, so that no order counts twice.
pub async fn run(client: &mut ApiClient, last: &mut HeartbeatResponse, at_most: Duration) -> Ended {
    let until = Instant::now() + at_most;
    let mut sender = Sender { client, last };
    loop {
        let (pause, state) = sender.beat().await;
        let woken = sender
            .client
            .pause(pause, |current| current.state != state)
            .await;
        if woken == WakeReason::Exit {
            let _ = tokio::time::timeout(FINAL_HEARTBEAT_TIMEOUT, sender.beat()).await;
            return Ended::Exit;
        }
        if Instant::now() >= until {
            return Ended::TryOther;
        }
    }
}

struct Sender<'c> {
    client: &'c mut ApiClient,
    /// What the API answered last. An order counts once.
    last: &'c mut HeartbeatResponse,
}

impl Sender<'_> {
    /// One heartbeat. Returns the pause until the next, and the state that was sent.
    async fn beat(&mut self) -> (Duration, State) {
        let state = self.client.host.read(|current| current.state);
        match self.send().await {
            Ok(response) => {
                let pause = self.client.taken();
                self.apply(response).await;
                (pause, state)
            }
            Err(error) => (self.client.missed(&error), state),
        }
    }

    async fn send(&self) -> Result<HeartbeatResponse, SendError> {
        let client = &self.client;
        let key = client.key()?;
        let message = client
            .host
            .read(|current| message::of(current, &client.identity, &client.versions));
        let sent = client.post(&client.url, &key, &message).await;
        sent.map(|body| message::response(&body)).map_err(explained)
    }

    /// Gives the orders that the response carries, unless the last one carried them already.
    async fn apply(&mut self, response: HeartbeatResponse) {
        let before = std::mem::replace(self.last, response.clone());
        let host = &self.client.host;
        if response.drain != before.drain
            && let Some(drain) = response.drain
        {
            host.send_command(command(&drain)).await;
        }
        if response.resume && !before.resume {
            let cause = "ordered by the Valet API".to_owned();
            host.send_command(DrainCommand::Resume { cause }).await;
        }
    }
}

fn command(drain: &DrainInstruction) -> DrainCommand {
    let cause = drain.cause.as_deref().unwrap_or("ordered by the Valet API");
    DrainCommand::Drain {
        source: DrainSource::ValetApi,
        cause: cause.chars().take(256).collect(),
        deadline: drain
            .within_seconds
            .map(|seconds| Deadline::within(Duration::from_secs(seconds.into()))),
    }
}

/// The error, with what to do about a key that is not accepted.
pub fn explained(mut error: SendError) -> SendError {
    if let Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) = error.status {
        error.message += &format!(": the key in {KEY} is not accepted");
    }
    error
}
