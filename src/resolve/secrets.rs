//! `[secrets]`

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fleet::{Secret, SecretReadTime, SecretStore};

/// The names of the fleet's secrets, by where each is kept.
#[derive(Clone, Debug, Serialize)]
pub struct Secrets {
    /// Names of SSM parameters, in their order.
    pub parameters: Vec<String>,
    /// Names of secrets of Secrets Manager, in their order.
    pub secrets: Vec<String>,
    /// When the worker reads each parameter, in words, by name.
    pub parameters_read: BTreeMap<String, &'static str>,
    /// The same of each secret, with its rotation.
    pub secrets_read: BTreeMap<String, SecretRead>,
    /// Whether there is any.
    pub any: bool,
    /// What stands in place of a value until somebody puts one there.
    pub placeholder: &'static str,
}

/// When a secret is read and when it is due.
#[derive(Clone, Debug, Serialize)]
pub struct SecretRead {
    pub read: &'static str,
    /// Days between rotations, or `never`.
    pub rotate_after_days: String,
}

pub fn resolve(secrets: &BTreeMap<String, Secret>) -> Secrets {
    let names = |store: SecretStore| of(secrets, store).map(|(name, _)| name.clone()).collect();
    Secrets {
        parameters: names(SecretStore::Ssm),
        secrets: names(SecretStore::SecretsManager),
        parameters_read: of(secrets, SecretStore::Ssm)
            .map(|(name, secret)| (name.clone(), read_words(secret)))
            .collect(),
        secrets_read: of(secrets, SecretStore::SecretsManager)
            .map(|(name, secret)| {
                let read = SecretRead {
                    read: read_words(secret),
                    rotate_after_days: secret
                        .rotate_after_days
                        .map_or_else(|| "never".to_owned(), |days| days.to_string()),
                };
                (name.clone(), read)
            })
            .collect(),
        any: !secrets.is_empty(),
        placeholder: valet_protocol::secrets::PLACEHOLDER,
    }
}

fn of(
    secrets: &BTreeMap<String, Secret>,
    store: SecretStore,
) -> impl Iterator<Item = (&String, &Secret)> {
    secrets
        .iter()
        .filter(move |(_, secret)| secret.store == store)
}

fn read_words(secret: &Secret) -> &'static str {
    match secret.read {
        SecretReadTime::Boot => "read when a worker starts",
        SecretReadTime::Runtime => "read again whenever it changes",
    }
}
