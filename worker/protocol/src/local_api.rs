//! The agent's local API: HTTP/1.1 with JSON over a Unix socket.
//!
//! | request | who | answers |
//! |---|---|---|
//! | `POST /v1/runtime` [`Registration`] | the runtime's user | 200 [`Status`] |
//! | `POST /v1/leases` [`LeaseRequest`] | the runtime's user | 201 [`Lease`]; 409 [`Refusal`] |
//! | `GET /v1/leases/{id}` | the runtime's user | 204: the lease is valid; 404 [`Refusal`] |
//! | `DELETE /v1/leases/{id}` [`LeaseEnd`], or no body | the runtime's user | 204; 404 [`Refusal`] |
//! | `GET /v1/events` | the runtime's user, operators | 200, a line of [`Event`] at once and at every change |
//! | `GET /v1/status` | the runtime's user, operators | 200 [`Status`] |
//! | `GET /metrics` | the runtime's user, operators | 200, Prometheus text |
//! | `POST /v1/drain` [`DrainRequest`] | operators | 202 [`Status`] |
//! | `POST /v1/resume` | operators | 202 [`Status`]; 409 [`Refusal`] |
//!
//! A lease belongs to the connection that asked for it and ends with it: whoever holds one keeps
//! the connection open. It may be given back over any other. Operators are root, the agent's own
//! user and the members of `api.operators_group`; who asks is read from the socket
//! (`SO_PEERCRED`). Every other user is answered 403. A malformed request is answered 400, and
//! every answer that is no success is a [`Refusal`].

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most bytes of a request's body.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// What the agent is up to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It brings the host up. No leases.
    Starting,
    /// Tasks may run.
    Ready,
    /// Running tasks may end, none may begin.
    Draining,
    /// The host is to be replaced. No leases.
    Unhealthy,
    /// The runtime has been stopped after a drain. No leases.
    Stopped,
}

impl State {
    /// As the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Unhealthy => "unhealthy",
            Self::Stopped => "stopped",
        }
    }
}

/// The runtime says who it is, after Hatchet gave it a worker id; said again after every new one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Hatchet's id of the worker, a UUID.
    pub worker_id: String,
    /// The runtime's process.
    pub pid: u32,
    /// Tasks that it runs at a time, from 1 to 1000.
    pub slots: u32,
}

/// The runtime wants to run a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeaseRequest {
    /// Hatchet's name or id of the task run, for people; at most 256 characters.
    pub task: Option<String>,
    /// The lease that this one continues. A runtime that lost its connection while a task ran
    /// asks for the same lease again, and gets it even while the agent drains.
    pub continues: Option<String>,
}

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Lease {
    pub id: String,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskOutcome {
    /// It came to its end.
    #[default]
    Finished,
    /// It threw.
    Failed,
}

/// A lease is given back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeaseEnd {
    pub outcome: TaskOutcome,
}

/// Why a request was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// 409: the host drains or has drained. The task belongs to another host: throw retryably.
    Draining,
    /// 409: the host is sick. The same.
    Unhealthy,
    /// 409: the host is not up yet. The same.
    Starting,
    /// 409: Hatchet heard nothing of the host for so long that other workers may run what was assigned to it, or nobody can
    /// ask it. The same; a task that asked whether its lease is valid may also go on and ask again.
    Reassigned,
    /// 409: every slot has its lease.
    NoSlots,
    /// 409: no runtime has said who it is.
    NotRegistered,
    /// 409: AWS ends the instance, which no resume can undo.
    NotResumable,
    /// 400
    Malformed,
    /// 403
    Forbidden,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 413
    TooLarge,
    /// 503: too many connections.
    Busy,
}

/// The body of every answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Refusal {
    pub reason: RefusalReason,
    /// The same in words, and what to do.
    pub message: String,
    /// How long the runtime waits before it fails a refused task retryably. Meanwhile the pause
    /// takes effect in Hatchet, so that the retry is not sent to this host again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_seconds: Option<u32>,
}

/// An operator's order to drain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DrainRequest {
    /// Why, for whoever reads the log; at most 256 characters.
    pub cause: Option<String>,
    /// Seconds after which what still runs is given back; without it, tasks may take their time.
    pub within_seconds: Option<u32>,
}

/// A line of `GET /v1/events`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Event {
    pub state: State,
    /// Why it is so.
    pub cause: String,
    /// While draining: when what still runs is given back, if there is such a time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline: Option<Timestamp>,
    /// Once the deadline is there: end every task now, so that Hatchet runs it again elsewhere.
    pub abort: bool,
    /// Leases that were revoked: the host was frozen, and Hatchet has given their tasks to other
    /// workers. Abort these tasks at once. The list stays until the next one.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub revoked: Vec<String>,
}

/// What the agent knows, for people and their tools.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Status {
    pub state: State,
    pub cause: String,
    pub since: Timestamp,
    pub version: String,
    pub instance_id: Option<String>,
    pub instance_type: Option<String>,
    pub zone: Option<String>,
    /// `spot`, `on-demand` or as EC2 calls it.
    pub lifecycle: Option<String>,
    pub group: String,
    pub worker_id: Option<String>,
    /// Tasks that the runtime runs at a time; 0 before it has registered.
    pub slots: u32,
    /// Tasks at a time that the configuration gives this instance type. A runtime that asks before
    /// it registers with Hatchet need not be told by anybody else.
    pub slots_allowed: u32,
    pub leases: u32,
    pub tasks_finished: u64,
    pub tasks_failed: u64,
    /// Tasks whose connection closed before they gave their lease back.
    pub tasks_abandoned: u64,
    pub services: Vec<ServiceStatus>,
    /// Whether the runtime's unit is active.
    pub runtime_running: bool,
    pub hatchet: String,
    pub paused_in_hatchet: bool,
    pub drain: Option<DrainStatus>,
}

/// One thing that the agent watches.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ServiceStatus {
    pub name: String,
    /// `unknown`, `up` or `down`.
    pub health: String,
    /// What the last look found, when it is not well.
    pub detail: String,
    pub restarts: u32,
}

/// A drain under way or done.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct DrainStatus {
    pub causes: Vec<String>,
    pub began: Timestamp,
    pub deadline: Option<Timestamp>,
    pub aborting: bool,
    pub finished: bool,
}
