//! `[secrets]`

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bounded;

/// Where one secret is kept and when a worker reads it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The service that keeps the value.
    pub store: SecretStore,

    /// When the worker reads it.
    ///
    /// The agent is told in the instance's user data, as it is of every secret: another value, or another secret, starts an
    /// instance refresh.
    pub read: SecretReadTime,

    /// Days between rotations; an alarm on the value's age is left to the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_after_days: Option<Bounded<1, 1000>>,
}

/// A service that keeps secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretStore {
    /// SSM Parameter Store, as a standard `SecureString`: free, values of at most 4 KB.
    Ssm,
    /// Secrets Manager: 0.40 USD a month for each, values of at most 64 KB.
    SecretsManager,
}

/// When a worker reads a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretReadTime {
    /// Once, when the instance starts.
    Boot,
    /// Again whenever its version changes.
    Runtime,
}

/// What a worker cannot do without: the token by which it reaches Hatchet.
pub fn default_secrets() -> BTreeMap<String, Secret> {
    let token = Secret {
        store: SecretStore::Ssm,
        read: SecretReadTime::Boot,
        rotate_after_days: None,
    };
    BTreeMap::from([("HATCHET_CLIENT_TOKEN".to_owned(), token)])
}
