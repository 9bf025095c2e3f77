//! `[secrets]`

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fleet::{Secret, Store};

/// The names of the fleet's secrets, by where each is kept.
#[derive(Clone, Debug, Serialize)]
pub struct Secrets {
    /// Names of SSM parameters, in their order.
    pub parameters: Vec<String>,
    /// Names of secrets of Secrets Manager, in their order.
    pub secrets: Vec<String>,
}

pub fn resolve(secrets: &BTreeMap<String, Secret>) -> Secrets {
    let names = |store: Store| {
        secrets
            .iter()
            .filter(|(_, secret)| secret.store == store)
            .map(|(name, _)| name.clone())
            .collect()
    };
    Secrets {
        parameters: names(Store::Ssm),
        secrets: names(Store::SecretsManager),
    }
}
