//! How far an order is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use valet_protocol::heartbeat_v2::OrderOutcome;

use crate::problem::{Problem, ProblemKind};

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrderState {
    /// The host has not acknowledged it yet.
    Pending,
    /// The host has persisted it and carries it out. A hold stays so until its end, a decommission until AWS terminates
    /// the host.
    Accepted,
    Done,
    /// The host does not carry it out.
    Refused,
    Failed,
    /// The host did not begin in time.
    Expired,
    /// Another order took its place.
    Superseded,
    /// Somebody took it back.
    Cancelled,
}

impl OrderState {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Accepted,
        Self::Done,
        Self::Refused,
        Self::Failed,
        Self::Expired,
        Self::Superseded,
        Self::Cancelled,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let named = Self::ALL.into_iter().find(|state| state.as_str() == text);
        named.ok_or(Problem::from(ProblemKind::Internal))
    }

    /// Whether the order is still sent.
    #[must_use]
    pub const fn is_standing(self) -> bool {
        matches!(self, Self::Pending | Self::Accepted)
    }

    /// The state after a host has said this. What has come to its end stays as it is, whatever is repeated.
    #[must_use]
    pub const fn after(self, outcome: OrderOutcome) -> Self {
        match (self, outcome) {
            (Self::Pending | Self::Accepted, OrderOutcome::Accepted) => Self::Accepted,
            (Self::Pending | Self::Accepted, OrderOutcome::Done) => Self::Done,
            (Self::Pending | Self::Accepted, OrderOutcome::Refused) => Self::Refused,
            (Self::Pending | Self::Accepted, OrderOutcome::Failed) => Self::Failed,
            _ => self,
        }
    }
}
