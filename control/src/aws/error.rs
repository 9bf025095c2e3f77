//! Why a call of AWS was of no use.

use crate::outbound::{AddressError, SendError};

/// Why AWS was not asked, or does not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// Nothing was sent, because another replica may lead by now.
    #[error("{action}: not sent, because this replica may not lead any more")]
    Fenced { action: &'static str },
    /// Nothing was sent.
    #[error("no credentials for AWS: {0}")]
    Credentials(String),
    #[error("{0}")]
    Address(#[from] AddressError),
    /// Nothing was sent.
    #[error("{action}: {reason}")]
    NotSent {
        action: &'static str,
        reason: String,
    },
    /// Whether AWS did it is not known.
    #[error("{action}: {reason}; whether AWS did it is not known")]
    NoResponse {
        action: &'static str,
        reason: String,
    },
    /// AWS answers that it does not do it.
    #[error("{action}: AWS answers {code}: {message}")]
    Refused {
        action: &'static str,
        status: u16,
        code: String,
        message: String,
    },
    /// AWS answers what nobody expects.
    #[error("{action}: the response cannot be read: {reason}")]
    Unreadable {
        action: &'static str,
        reason: String,
    },
}

impl AwsError {
    pub(super) fn of_send(action: &'static str, error: &SendError) -> Self {
        let reason = error.to_string();
        match error {
            SendError::Fenced => Self::Fenced { action },
            SendError::NotSent { .. } => Self::NotSent { action, reason },
            SendError::NoResponse { .. } => Self::NoResponse { action, reason },
        }
    }

    /// AWS's code; empty where AWS did not answer.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            _ => "",
        }
    }

    /// Whether the same call may go well a moment later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotSent { .. } | Self::NoResponse { .. } => true,
            Self::Refused { status, code, .. } => {
                *status >= 500
                    || code.contains("Throttl")
                    || matches!(
                        code.as_str(),
                        "RequestLimitExceeded" | "TooManyRequestsException"
                    )
            }
            _ => false,
        }
    }
}
