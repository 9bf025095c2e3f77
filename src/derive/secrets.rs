//! Secrets whose names mean something to the agent, and where each is kept.

use std::collections::BTreeMap;

use crate::fleet::{Fleet, Secret, SecretStore, Tls, Worker};

/// The token by which a worker reaches Hatchet.
pub const HATCHET_TOKEN: &str = "HATCHET_CLIENT_TOKEN";

/// The key of the Valet API, which takes heartbeats.
pub const API_KEY: &str = "WORKER_API_KEY";

/// Certificate and key of mutual TLS with Hatchet.
pub const MUTUAL_TLS: [&str; 2] = ["HATCHET_CLIENT_TLS_CERT", "HATCHET_CLIENT_TLS_KEY"];

/// Whether the agent sends heartbeats, for which it needs [`API_KEY`].
#[must_use]
pub fn sends_heartbeats(worker: &Worker) -> bool {
    worker.heartbeat.url.is_some()
}

/// The secrets that the worker cannot do without.
#[must_use]
pub fn needed(fleet: &Fleet) -> Vec<&'static str> {
    let mut needed = vec![HATCHET_TOKEN];
    if sends_heartbeats(&fleet.worker) {
        needed.push(API_KEY);
    }
    if fleet.worker.hatchet.tls == Tls::Mtls {
        needed.extend(MUTUAL_TLS);
    }
    needed
}

/// The secrets that a service keeps, in the order of their names.
pub fn kept_in(
    secrets: &BTreeMap<String, Secret>,
    store: SecretStore,
) -> impl Iterator<Item = (&String, &Secret)> {
    secrets
        .iter()
        .filter(move |(_, secret)| secret.store == store)
}

/// The name of a secret in its store, below the environment's path.
#[must_use]
pub fn key(path: &str, name: &str) -> String {
    format!("{path}/{name}")
}
