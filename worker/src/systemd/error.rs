//! What goes wrong with systemd.

use std::time::Duration;

use super::unit_spool::SpoolError;

/// Why systemd did not say or do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SystemdError {
    /// It refused, or the bus could not be reached.
    #[error("{0}")]
    Call(String),
    #[error("systemd did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error(transparent)]
    Spool(#[from] SpoolError),
}
