//! What should become different, and who says so.

use valet_protocol::Config;

use crate::deadline::Deadline;

/// Who requests a drain. Each source has at most one request: a repeated one replaces its cause and
/// deadline.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize,
)]
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

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrainCommand {
    /// No new tasks; what runs may go on until the deadline, if there is one.
    Drain {
        source: DrainSource,
        /// Why, in words.
        cause: String,
        deadline: Option<Deadline>,
    },
    /// This source requests no longer: AWS has cancelled its event.
    Withdraw { source: DrainSource, cause: String },
    /// A person or the Valet API takes back what people and the Valet API ordered.
    Resume { cause: String },
}

impl DrainCommand {
    /// The host is sick: what runs has its time, and then the host is replaced.
    #[must_use]
    pub fn unhealthy(config: &Config, cause: String) -> Self {
        Self::Drain {
            source: DrainSource::Sick,
            cause,
            deadline: Some(Deadline::within(config.drain.task_seconds.duration())),
        }
    }
}
