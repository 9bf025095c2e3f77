//! `[secrets]`: names, and never a value.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::derive;
use crate::fleet::{self, SecretReadTime, SecretStore};

/// The names of the fleet's secrets, by where each is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Secrets {
    /// SSM parameters, and when the worker reads each.
    pub parameters: BTreeMap<String, SecretReadTime>,
    /// Secrets of Secrets Manager.
    pub secrets: BTreeMap<String, ManagedSecret>,
}

/// A secret of Secrets Manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ManagedSecret {
    /// When the worker reads it.
    pub read: SecretReadTime,
    /// Days between rotations; `None` for one that is never due.
    pub rotate_after_days: Option<u32>,
}

impl Secrets {
    /// Whether the fleet has no secret at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty() && self.secrets.is_empty()
    }
}

pub fn resolve(secrets: &BTreeMap<String, fleet::Secret>) -> Secrets {
    let managed = |secret: &fleet::Secret| ManagedSecret {
        read: secret.read,
        rotate_after_days: secret.rotate_after_days.map(fleet::Bounded::get),
    };
    Secrets {
        parameters: derive::secrets::kept_in(secrets, SecretStore::Ssm)
            .map(|(name, secret)| (name.clone(), secret.read))
            .collect(),
        secrets: derive::secrets::kept_in(secrets, SecretStore::SecretsManager)
            .map(|(name, secret)| (name.clone(), managed(secret)))
            .collect(),
    }
}
