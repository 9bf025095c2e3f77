//! A unit, and what is done to one.

/// Whether a unit runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// systemd's word: `active`, `activating`, `deactivating`, `inactive`, `failed`, `reloading`.
    pub active: String,
    /// Its main process, if it has one.
    pub main_pid: Option<u32>,
}

impl Unit {
    /// Whether it runs.
    #[must_use]
    pub fn running(&self) -> bool {
        matches!(self.active.as_str(), "active" | "reloading")
    }

    /// Whether it has come to rest.
    #[must_use]
    pub fn resting(&self) -> bool {
        matches!(self.active.as_str(), "inactive" | "failed")
    }
}

/// What is done to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitAction {
    Start,
    Stop,
    Restart,
}

impl UnitAction {
    /// systemctl's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}
