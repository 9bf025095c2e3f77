//! Why the agent, or the start of the host, fails.

/// A step that failed: what, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// Secrets hold the placeholder that Terraform created. A person has yet to store the values, and
    /// a replaced instance would find the same: the host waits.
    #[error("{0}")]
    PlaceholderSecrets(String),
    /// Everything else.
    #[error("{0}")]
    Failed(String),
}

impl AgentError {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

/// An error and what it comes from, in one line. The SDK's own words are `service error` or
/// `dispatch failure`; the reason is further down.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let words = source.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = source.source();
    }
    text
}
