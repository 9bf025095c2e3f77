//! Heartbeats by version 2 of the contract: a token of this instance's own, sequence numbers, orders that
//! count once, and ended sessions until they are acknowledged.

use std::time::Duration;

use hyper::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use valet_protocol::heartbeat_v2::{
    ActiveLease, Capability, EnrolmentRequest, EnrolmentResponse, Heartbeat, HeartbeatResponse,
    MAX_ENDED_SESSIONS, VERSION,
};
use valet_protocol::local_api::State;

use super::client::{ApiClient, SendError, WakeReason};
use super::message::ads_power_status;
use super::negotiation::Ended;
use super::orders;
use super::saved::Enrolment;
use super::version1::explained;
use crate::state::HostState;

/// For the last heartbeat, when the agent exits.
const FINAL_HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where the kernel makes random UUIDs.
const RANDOM_UUID: &str = "/proc/sys/kernel/random/uuid";

/// Enrols and sends heartbeats, until the agent exits or the server turns out not to offer this version.
pub async fn run(client: &mut ApiClient) -> Ended {
    let enrolment = match Enrolment::load(&client.host.config) {
        Ok(enrolment) => enrolment,
        Err(error) => {
            tracing::error!(%error, "the boot id cannot be read; heartbeats use version 1");
            return Ended::TryOther;
        }
    };
    let mut session = Session { client, enrolment };
    session.give_unbegun().await;
    loop {
        let sent = session.host_state();
        let pause = match session.step().await {
            Ok(pause) => pause,
            Err(Refused::NotOffered) => return Ended::TryOther,
            Err(Refused::Failed(error)) => session.client.missed(&error),
        };
        let orders = &session.enrolment.orders;
        let news = |current: &HostState| current.state != sent || orders.would_change(current);
        if session.client.pause(pause, news).await == WakeReason::Exit {
            if session.enrolment.token.is_some() {
                let _ = tokio::time::timeout(FINAL_HEARTBEAT_TIMEOUT, session.beat()).await;
            }
            return Ended::Exit;
        }
    }
}

/// Why a step did not work.
#[derive(Debug)]
enum Refused {
    /// The server does not speak this version.
    NotOffered,
    Failed(SendError),
}

impl From<SendError> for Refused {
    fn from(error: SendError) -> Self {
        Self::Failed(error)
    }
}

struct Session<'c> {
    client: &'c mut ApiClient,
    enrolment: Enrolment,
}

impl Session<'_> {
    fn host_state(&self) -> State {
        self.client.host.read(|current| current.state)
    }

    /// Enrols where that is necessary, then sends a heartbeat. Returns the pause until the next.
    async fn step(&mut self) -> Result<Duration, Refused> {
        if self.enrolment.token.is_none() {
            self.enrol().await?;
        }
        self.beat().await
    }

    async fn enrol(&mut self) -> Result<(), Refused> {
        let Some(document) = self.client.identity.rsa2048.clone() else {
            tracing::warn!(
                "the metadata service has no rsa2048 signature; heartbeats use version 1"
            );
            return Err(Refused::NotOffered);
        };
        let request = self.enrolment_request(document)?;
        let key = self.client.key()?;
        let url = enrolment_url(&self.client.url);
        let body = match self.client.post(&url, &key, &request).await {
            Ok(body) => body,
            Err(error) => return Err(enrolment_refused(error)),
        };
        // A server that answers everything with 200 does not speak this version either.
        let Ok(response) = serde_json::from_slice::<EnrolmentResponse>(&body) else {
            return Err(Refused::NotOffered);
        };
        if let Some(seconds) = response.interval_seconds {
            self.client.schedule.set_interval(seconds);
        }
        self.enrolment.token = Some(SecretString::from(response.token));
        self.enrolment.previous_token = None;
        self.enrolment.save(&self.client.host.config);
        tracing::info!(token_expires = %response.token_expires, "enrolled with the Valet API");
        Ok(())
    }

    fn enrolment_request(&self, document: String) -> Result<EnrolmentRequest, SendError> {
        let nonce = std::fs::read_to_string(RANDOM_UUID).map_err(|error| {
            SendError::without_response(format!("{RANDOM_UUID} cannot be read: {error}"))
        })?;
        let previous = self.enrolment.previous_token.as_ref();
        Ok(EnrolmentRequest {
            version: VERSION,
            rsa2048: document,
            boot_id: self.enrolment.boot_id.clone(),
            nonce: nonce.trim().replace('-', ""),
            previous_token: previous.map(|token| token.expose_secret().to_owned()),
            versions: self.client.versions.clone(),
            capabilities: Capability::ALL.to_vec(),
        })
    }

    /// One heartbeat. Returns the pause until the next.
    async fn beat(&mut self) -> Result<Duration, Refused> {
        let host = self.client.host.clone();
        let Some(token) = self.enrolment.token.clone() else {
            return Ok(Duration::ZERO);
        };
        host.read(|current| self.enrolment.orders.observe(current));
        self.enrolment.seq += 1;
        // Saved before it is sent: an agent that is killed now must not send the same number again.
        self.enrolment.save(&host.config);
        let heartbeat = host.read(|current| self.heartbeat(current));
        let body = match self.client.post(&self.client.url, &token, &heartbeat).await {
            Ok(body) => body,
            Err(error) => return self.refused(error),
        };
        let pause = self.client.taken();
        self.enrolment.orders.delivered(&heartbeat.orders);
        match serde_json::from_slice(&body) {
            Ok(response) => self.apply(response).await,
            Err(_) if body.is_empty() => self.apply(HeartbeatResponse::default()).await,
            // What is not understood asks for nothing.
            Err(error) => tracing::warn!(%error, "the Valet API's response is not valid"),
        }
        Ok(pause)
    }

    fn heartbeat(&self, current: &HostState) -> Heartbeat {
        let registration = current.runtime.registration.as_ref();
        Heartbeat {
            version: VERSION,
            boot_id: self.enrolment.boot_id.clone(),
            seq: self.enrolment.seq,
            status: current.state,
            cause: current.cause.clone(),
            since: current.since,
            lifecycle: current.target_state.clone(),
            group: self.client.identity.group.clone(),
            worker_id: registration.map(|registration| registration.worker_id.clone()),
            slots: current.slots(),
            ads_power_status: ads_power_status(current),
            leases: current
                .running
                .iter()
                .map(|(id, task)| ActiveLease {
                    id: id.clone(),
                    task: task.name.clone(),
                    started_at: task.started,
                })
                .collect(),
            ended: self.client.host.ended_sessions.oldest(MAX_ENDED_SESSIONS),
            orders: self.enrolment.orders.statuses(),
            versions: self.client.versions.clone(),
        }
    }

    /// A heartbeat was not taken.
    fn refused(&mut self, error: SendError) -> Result<Duration, Refused> {
        match error.status {
            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                self.enrolment.refuse_token();
                self.enrolment.save(&self.client.host.config);
                tracing::info!("the Valet API does not accept the token; enrolling again");
                Ok(Duration::from_millis(fastrand::u64(0..500)))
            }
            // The server speaks version 1 again: a release was rolled back.
            Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => {
                Err(Refused::NotOffered)
            }
            _ => Err(Refused::Failed(error)),
        }
    }

    async fn apply(&mut self, response: HeartbeatResponse) {
        let host = self.client.host.clone();
        host.ended_sessions
            .acknowledge(&host.config, &response.acknowledged);
        if let Some(token) = response.token {
            self.enrolment.token = Some(SecretString::from(token));
        }
        let now = Timestamp::now();
        let orders = &mut self.enrolment.orders;
        let order = host.read(|current| orders.receive(response.order, current, now));
        // Saved before it is carried out, so that no restart repeats it.
        self.enrolment.save(&host.config);
        if let Some(order) = order {
            host.send_command(orders::command(&order)).await;
        }
    }

    /// Gives the orders again that an earlier process accepted and did not come to carry out.
    async fn give_unbegun(&mut self) {
        let host = self.client.host.clone();
        host.read(|current| self.enrolment.orders.observe(current));
        for order in self.enrolment.orders.unbegun() {
            host.send_command(orders::command(&order)).await;
        }
    }
}

/// The enrolment's address: beside the heartbeat's.
fn enrolment_url(heartbeat: &str) -> String {
    let (base, query) = heartbeat.split_once('?').unwrap_or((heartbeat, ""));
    let folder = base.trim_end_matches('/').rsplit_once('/');
    let enrol = folder.map_or_else(
        || format!("{base}/enrol"),
        |(folder, _)| format!("{folder}/enrol"),
    );
    if query.is_empty() {
        enrol
    } else {
        format!("{enrol}?{query}")
    }
}

/// What a refused enrolment means. A server that knows no such path may say so by 404, 405 or, behind a
/// gateway, by 403 or 400; one that is down, busy or does not accept the key says nothing about versions.
fn enrolment_refused(error: SendError) -> Refused {
    match error.status {
        Some(StatusCode::UNAUTHORIZED) => Refused::Failed(explained(error)),
        Some(StatusCode::CONFLICT) => Refused::Failed(SendError {
            message: "it returned 409: this boot is enrolled already. Release the instance in the \
                      control plane"
                .to_owned(),
            ..error
        }),
        Some(status)
            if status.is_client_error()
                && status != StatusCode::TOO_MANY_REQUESTS
                && status != StatusCode::REQUEST_TIMEOUT =>
        {
            Refused::NotOffered
        }
        _ => Refused::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enrolment_is_beside_the_heartbeat() {
        for (heartbeat, enrolment) in [
            (
                "https://api.example.com/api/v1/sandboxes/heartbeat",
                "https://api.example.com/api/v1/sandboxes/enrol",
            ),
            ("http://h/beat?x=1", "http://h/enrol?x=1"),
        ] {
            assert_eq!(enrolment_url(heartbeat), enrolment);
        }
    }

    #[test]
    fn only_a_server_that_knows_no_such_path_is_one_of_version_1() {
        let refused = |status: u16| {
            enrolment_refused(SendError {
                status: StatusCode::from_u16(status).ok(),
                message: String::new(),
                retry_after: None,
            })
        };
        for status in [400, 403, 404, 405, 422] {
            assert!(matches!(refused(status), Refused::NotOffered), "{status}");
        }
        for status in [401, 408, 409, 429, 500, 502, 503] {
            assert!(matches!(refused(status), Refused::Failed(_)), "{status}");
        }
    }
}
