//! What is known of the runtime.

use valet_protocol::local_api::Registration;

/// The runtime.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runtime {
    /// Whether systemd has been asked since the agent started. Before that, a runtime that an
    /// earlier process of the agent had started may run.
    pub seen: bool,
    /// Whether its unit is active.
    pub running: bool,
    /// What it said of itself; gone when it ends.
    pub registration: Option<Registration>,
    /// Restarts since the agent started.
    pub restarts: u32,
}

impl Runtime {
    /// Whether it is known not to run.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.seen && !self.running
    }
}

/// What is wanted of the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuntimeTarget {
    /// A drain neither stops a runtime that has tasks nor starts one that has ended; and an agent
    /// that starts does not know yet.
    #[default]
    AsItIs,
    Running,
    Stopped,
}
