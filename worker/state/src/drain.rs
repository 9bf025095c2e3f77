//! How far a drain is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Deadline;

/// A drain.
#[derive(Clone, Debug, PartialEq)]
pub struct DrainState {
    /// Who asks for it, and why.
    pub causes: BTreeMap<DrainSource, String>,
    pub began: Timestamp,
    /// When what still runs is given back, if there is such a time.
    pub deadline: Option<Deadline>,
    /// Whether the runtime has been told to abort.
    pub aborting: bool,
    pub stage: DrainStage,
}

/// How far a drain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DrainStage {
    /// Tasks run, or may still come.
    Tasks,
    /// No task runs any more and Hatchet has had its time to assign late ones.
    Idle,
    /// The runtime is to stop.
    Stopping,
    /// The runtime has stopped.
    Finished,
}

impl DrainState {
    /// Whether the runtime has stopped.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.stage == DrainStage::Finished
    }
}

/// Who requests a drain. Each source has at most one request: a repeated one replaces its cause and
/// deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrainSource {
    /// EC2 takes the spot instance back.
    Spot,
    /// EC2 sees that this spot instance is at risk.
    Rebalance,
    /// The group ends the instance, and its hook waits for us.
    Group,
    /// EC2 is going to maintain, reboot or retire the host.
    Maintenance,
    /// The Valet API's answer to a heartbeat.
    ValetApi,
    /// A person on the host.
    Operator,
    /// A service, the runtime, memory or disk: the host is to be replaced.
    Sick,
    /// Secrets of the runtime or of AdsPower have changed, and they are to be started again.
    Refresh,
    /// An order of the control plane: the runtime is restarted.
    RestartRuntime,
    /// The same with AdsPower, the X server and the screen.
    RestartServices,
    /// SIGTERM.
    Stop,
}

impl DrainSource {
    /// Whether a person or the Valet API may take it back.
    #[must_use]
    pub const fn resumable(self) -> bool {
        matches!(
            self,
            Self::ValetApi | Self::Operator | Self::RestartRuntime | Self::RestartServices
        )
    }

    /// Whether the drain is for a restart, after which the host works again.
    #[must_use]
    pub const fn restarts(self) -> bool {
        matches!(self, Self::RestartRuntime | Self::RestartServices)
    }
}
