//! How the process ends. The codes are part of the interface.

use std::process::ExitCode;

/// The reason for an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: it is done, and all is well.
    Success,
    /// 1: the answer is no. `doctor` found a precondition that does not hold, `heal` could not do
    /// its work, the agent refused an order.
    No,
    /// 2: the command line asks for what there is not.
    Usage,
    /// 3: worker.toml cannot be read or is not what this agent understands.
    Configuration,
    /// 4: no agent answers at the socket.
    NoAgent,
    /// 5: the agent cannot work here at all; the journal says why. systemd starts it again.
    Broken,
}

impl Exit {
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::NoAgent => 4,
            Self::Broken => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
