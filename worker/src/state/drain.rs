//! How far a drain is.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::deadline::Deadline;
use crate::drain::command::DrainSource;

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
