//! What a host can be ordered to do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use valet_protocol::heartbeat_v2::OrderAction;

use crate::problem::{Problem, ProblemKind};

/// What a host can be ordered to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Finish the running tasks and take no new ones.
    Drain,
    /// Take tasks again.
    Resume,
    /// Drain, restart the runtime, and take tasks again.
    RestartRuntime,
    /// Drain, restart the runtime, AdsPower and the screen, and take tasks again.
    RestartServices,
    /// Drain, and stay drained and protected from scale-in for some time.
    Hold,
    /// Drain, and end.
    Decommission,
}

impl Action {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Drain,
        Self::Resume,
        Self::RestartRuntime,
        Self::RestartServices,
        Self::Hold,
        Self::Decommission,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Resume => "resume",
            Self::RestartRuntime => "restartRuntime",
            Self::RestartServices => "restartServices",
            Self::Hold => "hold",
            Self::Decommission => "decommission",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let named = Self::ALL.into_iter().find(|action| action.as_str() == text);
        named.ok_or(Problem::from(ProblemKind::Internal))
    }

    /// What the host's agent has to know for it.
    pub(super) const fn capability(self) -> &'static str {
        match self {
            Self::Hold | Self::Decommission => Self::Drain.as_str(),
            other => other.as_str(),
        }
    }

    /// Whether more follows by AWS once the host has drained.
    pub(super) const fn needs_aws(self) -> bool {
        matches!(self, Self::Hold | Self::Decommission)
    }

    pub(super) const fn for_agent(self) -> OrderAction {
        match self {
            Self::Drain | Self::Hold | Self::Decommission => OrderAction::Drain,
            Self::Resume => OrderAction::Resume,
            Self::RestartRuntime => OrderAction::RestartRuntime,
            Self::RestartServices => OrderAction::RestartServices,
        }
    }
}
