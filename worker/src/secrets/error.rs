//! What goes wrong with secrets. Names are said, values never.

use crate::timeout::TimedOut;

/// Why a store could not be asked. Nothing is known then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("Parameter Store: {0}")]
    ParameterStore(String),
    #[error("Secrets Manager, {name}: {reason}")]
    SecretsManager { name: String, reason: String },
}

/// Why the secrets cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is wrong with each, beginning with its name.
    #[error("{}", .0.join("; "))]
    Unusable(Vec<String>),
    /// They cannot be handed to those who use them.
    #[error("{0}")]
    Write(String),
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
}
