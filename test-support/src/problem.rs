//! Why a test did not succeed.

/// Why a test did not succeed.
#[derive(Clone, Debug)]
pub enum Problem {
    /// What it needs is not on this machine.
    Missing(String),
    Failed(String),
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Self::Failed(problem)
    }
}
