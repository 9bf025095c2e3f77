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
pub fn required_secrets(fleet: &Fleet) -> Vec<&'static str> {
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

/// Characters that the inline policies of a role may have in all, white space aside (IAM user guide, IAM and AWS STS
/// quotas).
pub const ROLE_POLICY_CHARACTERS: usize = 10_240;

/// Characters of the worker role's policies beside the names of its secrets, in a fleet that records sessions everywhere:
/// a part that is always the same, and one for each time that the fleet's and the environment's names stand in them. The
/// end-to-end test measures them.
const OTHER_CHARACTERS: usize = 4_000;
const NAMES_IN_OTHERS: usize = 13;

/// Characters of an ARN beside its name: partition, service, region, account, quotation marks and comma.
const ARN_CHARACTERS: usize =
    "\"arn:aws-us-gov:secretsmanager:ap-southeast-1:000000000000:secret:-??????\",".len();

/// About how many characters the inline policies of the worker's role have, and a little more.
#[must_use]
pub fn role_policy_characters(path: &str, secrets: &BTreeMap<String, Secret>) -> usize {
    let names = secrets
        .keys()
        .map(|name| key(path, name).len() + ARN_CHARACTERS);
    OTHER_CHARACTERS + NAMES_IN_OTHERS * path.len() + names.sum::<usize>()
}

/// The name of a secret in its store, below the environment's path.
#[must_use]
pub fn key(path: &str, name: &str) -> String {
    format!("{path}/{name}")
}
