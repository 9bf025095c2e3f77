//! What should become different, and who says so.

use valet_protocol::Config;

use crate::deadline::Deadline;

/// Who asks for a drain. There is one order of each at a time: a repeated one changes the words
/// and moves the deadline only if it comes from the same source.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
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
    /// Secrets of the runtime or of AdsPower have changed, and they are to be started anew.
    Refresh,
    /// SIGTERM.
    Stop,
}

impl Source {
    /// Whether a person or the Valet API may take it back.
    #[must_use]
    pub const fn resumable(self) -> bool {
        matches!(self, Self::ValetApi | Self::Operator)
    }
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// No new tasks; what runs may go on until the deadline, if there is one.
    Drain {
        source: Source,
        /// Why, in words.
        cause: String,
        deadline: Option<Deadline>,
    },
    /// This source asks no longer: AWS has cancelled its event.
    Withdraw { source: Source, cause: String },
    /// A person or the Valet API takes back what people and the Valet API ordered.
    Resume { cause: String },
}

impl Order {
    /// The host is sick: what runs has its time, and then the host is replaced.
    #[must_use]
    pub fn sick(config: &Config, cause: String) -> Self {
        Self::Drain {
            source: Source::Sick,
            cause,
            deadline: Some(Deadline::within(config.drain.task_seconds.duration())),
        }
    }
}
