//! The secrets of `worker.toml`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One secret. Its name is that of the environment variable in which it reaches who uses it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    pub store: SecretStore,
    /// The parameter's name or the secret's id, such as `/valet/staging/DATABASE_URL`.
    pub key: String,
    pub read: SecretReadTime,
    /// Who uses it, and is restarted when it changes.
    pub used_by: Vec<User>,
}

/// A service that keeps secrets.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SecretStore {
    /// SSM Parameter Store.
    Ssm,
    /// Secrets Manager.
    SecretsManager,
}

/// When a secret is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretReadTime {
    /// Once, when the agent starts.
    Boot,
    /// Again whenever its version changes.
    Runtime,
}

/// A program that uses secrets.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum User {
    /// The agent itself, which keeps it in memory.
    Agent,
    /// The runtime, by `runtime.env` in the runtime directory.
    Runtime,
    /// AdsPower, by `adspower.env` there.
    AdsPower,
}

impl User {
    /// The environment file that it reads, in the runtime directory.
    #[must_use]
    pub const fn file(self) -> Option<&'static str> {
        match self {
            Self::Agent => None,
            Self::Runtime => Some("runtime.env"),
            Self::AdsPower => Some("adspower.env"),
        }
    }
}
