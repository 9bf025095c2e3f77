//! An event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Cursor;
use crate::access::Role;
use crate::audit::AuditEntry;
use crate::orders::FleetOrder;
use crate::reaper::OpenFinding;
use crate::sessions::Session;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    Host,
    Order,
    Session,
    Finding,
    Audit,
}

impl EventKind {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Host,
        Self::Order,
        Self::Session,
        Self::Finding,
        Self::Audit,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Order => "order",
            Self::Session => "session",
            Self::Finding => "finding",
            Self::Audit => "audit",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whose role it takes to be told.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Host | Self::Order | Self::Session | Self::Finding => Role::Viewer,
            Self::Audit => Role::Admin,
        }
    }
}

/// A host has come into another state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostEvent {
    /// The instance's id.
    pub id: String,
    pub group: Option<String>,
    /// As in the list of hosts.
    pub state: String,
    /// Why, in the host's own words; left out where the host did not say it.
    pub cause: Option<String>,
    /// When the server knew.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// Something was found, or is no longer so.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingEvent {
    #[serde(flatten)]
    pub finding: OpenFinding,
    /// Whether it is no longer so.
    pub is_over: bool,
}

/// What an event says.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum EventData {
    Host(HostEvent),
    Order(FleetOrder),
    Session(Session),
    Finding(FindingEvent),
    Audit(AuditEntry),
}

/// An event with its place in the order of all.
#[derive(Clone, Debug)]
pub struct FleetEvent {
    pub cursor: Cursor,
    pub kind: EventKind,
    /// The host that it concerns, if it concerns one.
    pub host: Option<String>,
    /// As JSON, made once for everybody who is told.
    pub json: String,
}
