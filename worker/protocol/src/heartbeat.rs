//! Heartbeats, which the agent posts to the Valet API, and what it is answered.
//!
//! The request bears `Authorization: Bearer` with the fleet's key, which says that it comes from some
//! worker of ours. Which one it is, `identity` proves: AWS has signed it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::local_api::State;

/// The body of a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    pub instance_id: String,
    pub status: State,
    /// Tasks that run.
    pub active_tasks: u32,
    /// Tasks that may run at a time; 0 until the runtime has said it.
    pub slots: u32,
    pub ads_power_status: AdsPowerStatus,
    pub versions: Versions,
    pub identity: SignedIdentity,
}

/// How AdsPower is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdsPowerStatus {
    /// Its API has not been asked often enough to be sure.
    Starting,
    /// Its API answers.
    Running,
    /// Its API does not answer.
    Error,
}

/// What runs on the host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Versions {
    /// Of `valet-worker`.
    pub worker: String,
    /// Of the kernel; the image's id is in the identity document.
    pub kernel: String,
}

/// The instance identity document and AWS's signature of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIdentity {
    /// JSON, as the metadata service gives it: every byte of it is signed.
    pub document: String,
    /// PKCS #7 in base64, without the lines that begin and end it in PEM.
    pub pkcs7: String,
}

/// What a heartbeat may be answered. An empty body, and keys that are not here, ask for nothing.
///
/// An order counts once: while answer after answer repeats it, nothing happens again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeartbeatResponse {
    /// `"drain": true`, or an object with `cause` and `withinSeconds`, both of which may be left out.
    pub drain: Option<DrainInstruction>,
    /// `"resume": true`
    pub resume: bool,
}

/// The host is to take no more tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DrainInstruction {
    /// Why, for whoever reads the log.
    pub cause: Option<String>,
    /// Seconds after which what still runs is given back; without it, tasks may take their time.
    pub within_seconds: Option<u32>,
}
