//! What should become different, and who says so.

use valet_protocol::Config;

use crate::state::{Deadline, DrainSource};

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
