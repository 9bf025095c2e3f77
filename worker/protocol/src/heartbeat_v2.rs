//! The contract with the control plane, version 2.
//!
//! An instance enrols once with AWS's signed identity document and the fleet's key, and gets a token of
//! its own. Every heartbeat bears that token; the document is never sent again. Orders have an id that
//! the agent persists and acknowledges, so that no order is carried out twice, whatever repeats it.
//!
//! | request | header | body | response |
//! |---|---|---|---|
//! | `POST .../enrol` | `Authorization: Bearer` with `WORKER_API_KEY` | [`EnrolmentRequest`] | 200 [`EnrolmentResponse`]; 401; 409: this boot is enrolled already, and `previousToken` does not prove that it was this agent; 404: the server speaks version 1 |
//! | `POST .../heartbeat` | `Authorization: Bearer` with the token | [`Heartbeat`] | 200 [`HeartbeatResponse`]; 401: enrol again |
//!
//! Unknown keys are ignored by both sides. What a side does not know of it does not send: the agent says
//! in `capabilities` which orders it carries out. A server without version 2 answers the enrolment with
//! 404 or another status of a server that knows no such path, and the agent speaks version 1
//! ([`crate::heartbeat`]). It asks again every six hours, and goes back to version 1 where a heartbeat is
//! answered 404.

pub mod openapi;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::heartbeat::{AdsPowerStatus, Versions};
use crate::local_api::State;

/// The version of this contract.
pub const VERSION: u32 = 2;

/// The most ended sessions in one heartbeat. The rest follow in the next.
pub const MAX_ENDED_SESSIONS: usize = 100;

/// An instance says who it is, once in each boot and whenever its token is refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentRequest {
    /// The version that the agent speaks, 2.
    pub version: u32,
    /// The instance identity document with AWS's signature by RSA 2048 and SHA-256: PKCS #7 in base64,
    /// as the metadata service gives it at `/latest/dynamic/instance-identity/rsa2048`. Every field of
    /// the instance is read from the signed bytes.
    pub rsa2048: String,
    /// The kernel's id of this boot, a UUID.
    pub boot_id: String,
    /// 16 random bytes in hexadecimal digits, new for each enrolment.
    pub nonce: String,
    /// The token that this instance was given before in this boot, if it has one: it proves that the
    /// agent that enrols again is the one that had enrolled, although the token has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_token: Option<String>,
    pub versions: Versions,
    pub capabilities: Vec<Capability>,
}

/// An instance is enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentResponse {
    /// 256 random bits in base64url. The server keeps a hash of it.
    pub token: String,
    /// When the token ends. A heartbeat's response carries a new one before that.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub token_expires: Timestamp,
    /// Seconds between two heartbeats that the server would like; the agent's own configuration where it
    /// is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u32>,
}

/// What the agent can be told to do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Capability {
    Drain,
    Resume,
    /// Drain, then restart the runtime.
    RestartRuntime,
    /// Drain, then restart the runtime, AdsPower and the screen.
    RestartServices,
}

impl Capability {
    /// Every one that this version of the contract knows.
    pub const ALL: [Self; 4] = [
        Self::Drain,
        Self::Resume,
        Self::RestartRuntime,
        Self::RestartServices,
    ];
}

/// How the host is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    pub version: u32,
    pub boot_id: String,
    /// Grows by one with each heartbeat of a boot, over restarts of the agent too: a server drops what is
    /// older than what it has seen.
    pub seq: u64,
    pub status: State,
    /// Why the status is what it is, at most 400 characters.
    pub cause: String,
    /// When the host came into this status.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// The Auto Scaling group's target lifecycle state, such as `InService`, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    pub group: String,
    /// Hatchet's id of the worker, once the runtime has registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<String>,
    pub slots: u32,
    pub ads_power_status: AdsPowerStatus,
    /// Tasks that run.
    pub leases: Vec<ActiveLease>,
    /// Sessions that ended since the server acknowledged them last: at most [`MAX_ENDED_SESSIONS`]. They are
    /// repeated until they stand in [`HeartbeatResponse::acknowledged`].
    pub ended: Vec<EndedSession>,
    /// What became of orders. Repeated until the server stops to send the order.
    pub orders: Vec<OrderStatus>,
    pub versions: Versions,
}

/// A task that runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActiveLease {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
}

/// A task that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndedSession {
    /// The lease.
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub ended_at: Timestamp,
    pub outcome: SessionOutcome,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SessionOutcome {
    Finished,
    Failed,
    /// Its connection closed before it gave the lease back.
    Abandoned,
    /// Its lease was revoked after a freeze of the host: another worker runs it.
    Revoked,
}

/// What a heartbeat is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HeartbeatResponse {
    /// The order that stands, if there is one. The same order is the same bytes, and counts once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Ids of ended sessions that are safe with the server.
    pub acknowledged: Vec<String>,
    /// A new token, to be used from the next heartbeat on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub token_expires: Option<Timestamp>,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Up to 64 letters, digits and hyphens, never used for another order.
    pub id: String,
    pub action: OrderAction,
    /// Who ordered it and why, for the log; at most 256 characters count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// For a drain: when running tasks are aborted. Left out: they may take their time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub deadline: Option<Timestamp>,
    /// An order that has not begun by then is not carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub expires: Option<Timestamp>,
}

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrderAction {
    Drain,
    Resume,
    RestartRuntime,
    RestartServices,
    /// An order of a later version of the contract.
    #[serde(other)]
    Unknown,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderStatus {
    pub id: String,
    pub outcome: OrderOutcome,
    /// Why it was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrderOutcome {
    /// It is persisted and carried out.
    Accepted,
    Done,
    /// It expired before it began, is not known to this agent, or the host's state forbids it.
    Refused,
    Failed,
}

/// Everything that goes over the wire, for the schema.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Contract {
    enrolment: EnrolmentRequest,
    enrolment_response: EnrolmentResponse,
    heartbeat: Heartbeat,
    heartbeat_response: HeartbeatResponse,
}

/// The JSON Schema of the contract, as control.schema.json has it.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Contract)
}

#[cfg(test)]
#[path = "heartbeat_v2_tests.rs"]
mod tests;
