//! What Hatchet and EC2 say of silent hosts. A few are asked about one by one, many by lists; what is left over waits for
//! the next look, and everybody's turn comes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::answers::{ASK_AGAIN, Answers};
use super::rules::{Ec2Witness, Evidence, HatchetWitness};
use crate::aws::{Aws, MAX_STATUS_IDS};
use crate::queue::{Hatchet, HatchetError, MAX_LISTED_WORKERS, WorkerStatus};

/// The most workers that Hatchet is asked about one by one in one look.
const MAX_SINGLY: usize = 20;
/// The most pages of Hatchet's list of workers that are read in one look.
const MAX_PAGES: usize = 10;
/// The most calls of EC2 in one look: it allows 20 in a second.
const MAX_STATUS_CALLS: usize = 10;

/// A silent host and its worker in Hatchet.
pub struct Suspect {
    pub instance: String,
    pub worker: Option<String>,
}

/// What was said of the silent hosts of a fleet, from one look to the next.
#[derive(Debug, Default)]
pub struct Witnesses {
    ec2: Answers<Ec2Witness>,
    /// By the worker's id.
    hatchet: Answers<HatchetWitness>,
    list: WorkerList,
}

/// How far Hatchet's list of workers was read.
#[derive(Debug, Default)]
struct WorkerList {
    /// How many of its workers were read; none when the next look begins it.
    offset: usize,
    /// The first of them.
    first: Option<String>,
    /// When it had been read to its end.
    read_at: Option<Instant>,
}

impl WorkerList {
    /// Goes on to the next page, or back to the beginning after the last one.
    fn turn(&mut self, page: &[(String, WorkerStatus)], now: Instant) {
        let first = page.first().map(|(worker, _)| worker);
        // An older engine knows no pages: it gives all of them each time.
        let is_whole =
            page.len() > MAX_LISTED_WORKERS || (self.offset > 0 && first == self.first.as_ref());
        if first.is_none() || is_whole {
            *self = Self {
                read_at: Some(now),
                ..Self::default()
            };
            return;
        }
        if self.offset == 0 {
            self.first = first.cloned();
        }
        self.offset += page.len();
    }
}

impl Witnesses {
    /// Asks about those whose turn it is, and says what is known of each by now. One about whom it is not known yet whether
    /// anybody knows anything is left out.
    pub async fn ask(
        &mut self,
        aws: &Aws,
        hatchet: Option<&Hatchet>,
        region: &str,
        suspects: &[Suspect],
    ) -> BTreeMap<String, Evidence> {
        let instances = suspects.iter().map(|suspect| suspect.instance.as_str());
        let workers = suspects
            .iter()
            .filter_map(|suspect| suspect.worker.as_deref());
        self.ec2.keep(&instances.clone().collect());
        self.hatchet.keep(&workers.clone().collect());
        self.ask_ec2(aws, region, instances).await;
        let is_answering = match hatchet {
            Some(hatchet) => self.ask_hatchet(hatchet, workers).await,
            None => false,
        };
        let is_asked = |suspect: &&Suspect| {
            let worker = suspect.worker.as_deref();
            self.ec2.was_asked(&suspect.instance)
                && (!is_answering || worker.is_none_or(|worker| self.hatchet.was_asked(worker)))
        };
        let of = |suspect: &Suspect| (suspect.instance.clone(), self.evidence(suspect));
        suspects.iter().filter(is_asked).map(of).collect()
    }

    /// Asks about one host now, and says what both answer: what was said before does not count.
    pub async fn ask_again(
        aws: &Aws,
        hatchet: Option<&Hatchet>,
        region: &str,
        suspect: &Suspect,
    ) -> Evidence {
        let mut witnesses = Self::default();
        let asked = std::slice::from_ref(suspect);
        witnesses.ask(aws, hatchet, region, asked).await;
        witnesses.evidence(suspect)
    }

    fn evidence(&self, suspect: &Suspect) -> Evidence {
        // A host that never had a worker has no witness in Hatchet.
        let worker = suspect.worker.as_deref();
        let hatchet = worker.and_then(|worker| self.hatchet.of(worker));
        let ec2 = self.ec2.of(&suspect.instance);
        Evidence {
            hatchet: hatchet.unwrap_or(HatchetWitness::Unknown),
            ec2: ec2.unwrap_or(Ec2Witness::Unknown),
        }
    }

    async fn ask_ec2<'a>(
        &mut self,
        aws: &Aws,
        region: &str,
        instances: impl Iterator<Item = &'a str>,
    ) {
        let now = Instant::now();
        let due = self.ec2.due(instances, now);
        for ids in due.chunks(MAX_STATUS_IDS).take(MAX_STATUS_CALLS) {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            let answered = aws.instance_statuses(region, &ids).await;
            let failure = answered.as_ref().err().cloned();
            let said: BTreeMap<String, Ec2Witness> = answered
                .unwrap_or_default()
                .into_iter()
                .map(|status| {
                    let said = if status.is_impaired {
                        Ec2Witness::Impaired
                    } else {
                        Ec2Witness::Fine
                    };
                    (status.id, said)
                })
                .collect();
            for id in &ids {
                self.ec2.put(id, said.get(id).copied(), now);
            }
            if let Some(error) = failure {
                tracing::warn!(%error, "EC2 says nothing of silent hosts");
                break;
            }
        }
    }

    /// Whether Hatchet has answered all that it was asked.
    async fn ask_hatchet<'a>(
        &mut self,
        hatchet: &Hatchet,
        workers: impl Iterator<Item = &'a str>,
    ) -> bool {
        let due = self.hatchet.due(workers, Instant::now());
        let mut open: BTreeSet<&str> = due.iter().copied().collect();
        let listed = if due.len() > MAX_SINGLY {
            self.read_list(hatchet, &mut open).await
        } else {
            Ok(())
        };
        // Those that the list does not have, too: it leaves out whoever was not heard for a day.
        let rest = due.into_iter().filter(|worker| open.contains(worker));
        let asked = self.ask_singly(hatchet, rest).await;
        for error in [&listed, &asked]
            .into_iter()
            .filter_map(|asked| asked.as_ref().err())
        {
            tracing::warn!(%error, "Hatchet says nothing of silent hosts");
        }
        listed.is_ok() && asked.is_ok()
    }

    /// Reads on in Hatchet's list, and takes whom it has out of those that are open.
    async fn read_list(
        &mut self,
        hatchet: &Hatchet,
        open: &mut BTreeSet<&str>,
    ) -> Result<(), HatchetError> {
        let now = Instant::now();
        let is_recent = |read_at: Instant| now.duration_since(read_at) < ASK_AGAIN;
        let mut pages = 0;
        while !open.is_empty() && pages < MAX_PAGES && !self.list.read_at.is_some_and(is_recent) {
            let page = hatchet.workers(self.list.offset).await?;
            pages += 1;
            for (worker, status) in &page {
                if open.remove(worker.as_str()) {
                    self.hatchet.put(worker, witness(*status), now);
                }
            }
            self.list.turn(&page, now);
        }
        Ok(())
    }

    async fn ask_singly<'a>(
        &mut self,
        hatchet: &Hatchet,
        workers: impl Iterator<Item = &'a str>,
    ) -> Result<(), HatchetError> {
        let now = Instant::now();
        for worker in workers.take(MAX_SINGLY) {
            let answered = hatchet.worker(worker).await;
            let said = answered.as_ref().ok().and_then(|status| witness(*status));
            self.hatchet.put(worker, said, now);
            answered?;
        }
        Ok(())
    }
}

/// A token of another tenant would find none of all workers.
const fn witness(status: WorkerStatus) -> Option<HatchetWitness> {
    match status {
        WorkerStatus::Active => Some(HatchetWitness::Active),
        WorkerStatus::Inactive => Some(HatchetWitness::Inactive),
        WorkerStatus::None => None,
    }
}
