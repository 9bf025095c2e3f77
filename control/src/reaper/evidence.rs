//! What Hatchet and EC2 say of silent hosts.

use std::collections::BTreeMap;

use super::hatchet_worker;
use super::rules::{Ec2Witness, Evidence, HatchetWitness};
use crate::aws::Aws;
use crate::queue::Hatchet;

/// A silent host and its worker in Hatchet.
pub struct Suspect {
    pub instance: String,
    pub worker: Option<String>,
}

/// Asks both. What they do not say is unknown.
pub async fn gather(
    aws: &Aws,
    hatchet: Option<&Hatchet>,
    region: &str,
    suspects: &[Suspect],
) -> BTreeMap<String, Evidence> {
    if suspects.is_empty() {
        return BTreeMap::new();
    }
    let ids: Vec<String> = suspects
        .iter()
        .map(|suspect| suspect.instance.clone())
        .collect();
    let statuses = aws.instance_statuses(region, &ids).await;
    let statuses = statuses.unwrap_or_else(|error| {
        tracing::warn!(%error, "EC2 says nothing of silent hosts");
        Vec::new()
    });
    let workers = hatchet_worker::ask(hatchet, suspects).await;
    let of = |suspect: &Suspect| {
        let status = statuses.iter().find(|status| status.id == suspect.instance);
        let ec2 = match status.map(|status| status.is_impaired) {
            Some(true) => Ec2Witness::Impaired,
            Some(false) => Ec2Witness::Fine,
            None => Ec2Witness::Unknown,
        };
        let worker = workers.get(&suspect.instance);
        let hatchet = worker.copied().unwrap_or(HatchetWitness::Unknown);
        (suspect.instance.clone(), Evidence { hatchet, ec2 })
    };
    suspects.iter().map(of).collect()
}
