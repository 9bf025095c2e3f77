//! What Hatchet says of the workers of silent hosts.

use std::collections::BTreeMap;

use super::evidence::Suspect;
use super::rules::HatchetWitness;
use crate::queue::{Hatchet, WorkerStatus};

/// The most workers that are asked about in one round.
const MAX_ASKED: usize = 20;

/// Asks about each worker. Once Hatchet does not answer, the others are unknown.
pub async fn ask(
    hatchet: Option<&Hatchet>,
    suspects: &[Suspect],
) -> BTreeMap<String, HatchetWitness> {
    let mut known = BTreeMap::new();
    let Some(hatchet) = hatchet else { return known };
    for suspect in suspects.iter().take(MAX_ASKED) {
        // A host that never had a worker has no witness in Hatchet.
        let Some(worker) = &suspect.worker else {
            continue;
        };
        let witness = match hatchet.worker(worker).await {
            Ok(WorkerStatus::Active) => HatchetWitness::Active,
            Ok(WorkerStatus::Inactive) => HatchetWitness::Inactive,
            // A token of another tenant would find none of all workers.
            Ok(WorkerStatus::None) => HatchetWitness::Unknown,
            Err(error) => {
                tracing::warn!(%error, "Hatchet says nothing of silent hosts");
                break;
            }
        };
        known.insert(suspect.instance.clone(), witness);
    }
    known
}
