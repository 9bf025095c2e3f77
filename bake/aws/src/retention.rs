//! Which images may go. What is not known to be unused stays.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::tags;

/// How many images one run deletes at the most: a mistake ends before it has become a catastrophe.
pub const MAX_DELETIONS: usize = 10;

/// How long a half-made image is left alone: its bake may go on.
const UNFINISHED: SignedDuration = SignedDuration::from_hours(24);

/// What a snapshot costs, in dollars a month for a GiB: EBS snapshots, standard tier, us-east-1. Snapshots are
/// incremental, so it is the most that one can cost.
const SNAPSHOT_DOLLARS: f64 = 0.05;

/// An image of the environment, and what is known to use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub region: String,
    pub ami: String,
    pub name: String,
    pub created: Timestamp,
    /// The tag `valet:status`.
    pub status: String,
    pub snapshots: Vec<String>,
    /// The sizes of its volumes, in GiB.
    pub gigabytes: i64,
    /// What uses it, in words.
    pub references: Vec<String>,
}

impl Candidate {
    fn is_unused_and_whole(&self) -> bool {
        self.references.is_empty() && tags::is_whole(&self.status)
    }
}

/// What becomes of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Keep,
    Delete,
}

/// A line of the plan.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GcDecision {
    pub region: String,
    pub ami: String,
    pub name: String,
    pub created: Timestamp,
    pub snapshots: Vec<String>,
    /// The most that its snapshots cost in a month.
    pub dollars_a_month: f64,
    pub verdict: Verdict,
    pub reason: String,
    /// Whether it stays for its age alone: if something uses it after all, the next one stays in its place.
    #[serde(skip)]
    pub is_one_of_the_newest: bool,
}

/// Decides about every image of an environment: `count` whole ones stay in each region besides those in use.
#[must_use]
pub fn decide(candidates: &[Candidate], count: u32, now: Timestamp) -> Vec<GcDecision> {
    let mut sorted: Vec<&Candidate> = candidates.iter().collect();
    sorted.sort_by(|one, other| {
        (&one.region, other.created, &other.ami).cmp(&(&other.region, one.created, &one.ami))
    });
    let mut kept: BTreeMap<&str, u32> = BTreeMap::new();
    let mut planned: Vec<GcDecision> = sorted
        .into_iter()
        .map(|candidate| {
            let (verdict, reason) = verdict(
                candidate,
                count,
                kept.entry(&candidate.region).or_default(),
                now,
            );
            GcDecision {
                is_one_of_the_newest: verdict == Verdict::Keep && candidate.is_unused_and_whole(),
                ..line(candidate, verdict, reason)
            }
        })
        .collect();
    // The oldest first, where there are more than one run deletes.
    let mut deletions: Vec<usize> = (0..planned.len())
        .filter(|at| planned[*at].verdict == Verdict::Delete)
        .collect();
    deletions.sort_by_key(|at| planned[*at].created);
    for at in deletions.into_iter().skip(MAX_DELETIONS) {
        planned[at].verdict = Verdict::Keep;
        planned[at].reason = format!("for a later run: one deletes {MAX_DELETIONS} at the most");
    }
    planned
}

fn verdict(candidate: &Candidate, count: u32, kept: &mut u32, now: Timestamp) -> (Verdict, String) {
    if let Some(first) = candidate.references.first() {
        let more = candidate.references.len() - 1;
        let more = if more == 0 {
            String::new()
        } else {
            format!(", and {more} more")
        };
        return (Verdict::Keep, format!("used by {first}{more}"));
    }
    if candidate.is_unused_and_whole() {
        if *kept < count {
            *kept += 1;
            return (Verdict::Keep, format!("one of the newest {count}"));
        }
        return (
            Verdict::Delete,
            format!("unused, and older than the newest {count}"),
        );
    }
    if candidate.status != tags::BUILDING {
        return (
            Verdict::Keep,
            format!(
                "its {} is `{}`, which no bake writes",
                tags::STATUS,
                candidate.status
            ),
        );
    }
    if now.duration_since(candidate.created) < UNFINISHED {
        return (
            Verdict::Keep,
            "half-made less than a day ago: its bake may go on".to_owned(),
        );
    }
    (Verdict::Delete, "half-made more than a day ago".to_owned())
}

fn line(candidate: &Candidate, verdict: Verdict, reason: String) -> GcDecision {
    let Candidate {
        region,
        ami,
        name,
        created,
        snapshots,
        gigabytes,
        ..
    } = candidate.clone();
    GcDecision {
        region,
        ami,
        name,
        created,
        snapshots,
        dollars_a_month: dollars(gigabytes),
        verdict,
        reason,
        is_one_of_the_newest: false,
    }
}

/// The most that snapshots of this many GiB cost in a month, to the cent.
#[must_use]
pub fn dollars(gigabytes: i64) -> f64 {
    (gigabytes as f64 * SNAPSHOT_DOLLARS * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().expect("a time")
    }

    fn candidate() -> impl Strategy<Value = Candidate> {
        let status = prop_oneof![
            Just("building"),
            Just("verified"),
            Just("promoted"),
            Just(""),
            Just("other")
        ];
        (
            0..2_u8,
            0..100_000_u64,
            0..1000_i64,
            status,
            prop::collection::vec("[a-z]{1,8}", 0..3),
        )
            .prop_map(|(region, id, hours, status, references)| Candidate {
                region: format!("region-{region}"),
                ami: format!("ami-{id:017x}"),
                name: format!("image-{id}"),
                created: now() - SignedDuration::from_hours(hours),
                status: status.to_owned(),
                snapshots: vec![format!("snap-{id:017x}")],
                gigabytes: 40,
                references,
            })
    }

    proptest! {
        /// Held against a model that is as simple as the sentence that it stands for.
        #[test]
        fn nothing_that_is_used_new_or_unknown_is_deleted(
            candidates in prop::collection::vec(candidate(), 0..40),
            count in 0..6_u32,
        ) {
            // No region has an id twice.
            let by_id = |it: Candidate| ((it.region.clone(), it.ami.clone()), it);
            let candidates: BTreeMap<_, _> = candidates.into_iter().map(by_id).collect();
            let candidates: Vec<Candidate> = candidates.into_values().collect();
            let planned = decide(&candidates, count, now());
            prop_assert_eq!(planned.len(), candidates.len());
            let deleted: Vec<&GcDecision> = planned.iter().filter(|it| it.verdict == Verdict::Delete).collect();
            prop_assert!(deleted.len() <= MAX_DELETIONS);
            for gone in deleted {
                let of = candidates.iter().filter(|it| it.ami == gone.ami && it.region == gone.region);
                for candidate in of {
                    prop_assert!(candidate.references.is_empty(), "{} is used", gone.ami);
                    let is_whole = candidate.status == "verified" || candidate.status == "promoted";
                    let newer = candidates.iter().filter(|it| {
                        it.region == gone.region
                            && it.references.is_empty()
                            && (it.status == "verified" || it.status == "promoted")
                            && (it.created, &it.ami) > (candidate.created, &candidate.ami)
                    });
                    let is_old = is_whole && newer.count() as u32 >= count;
                    let is_lost = candidate.status == "building" && candidate.created <= now() - SignedDuration::from_hours(24);
                    prop_assert!(is_old || is_lost, "{} may not go: {}", gone.ami, gone.reason);
                }
            }
        }
    }

    #[test]
    fn the_oldest_go_first_and_ten_at_the_most() {
        let candidates: Vec<Candidate> = (0..30)
            .map(|number| Candidate {
                region: "us-east-1".to_owned(),
                ami: format!("ami-{number:017x}"),
                name: String::new(),
                created: now() - SignedDuration::from_hours(1000 + number),
                status: tags::VERIFIED.to_owned(),
                snapshots: Vec::new(),
                gigabytes: 40,
                references: Vec::new(),
            })
            .collect();
        let planned = decide(&candidates, 5, now());
        let gone: Vec<&str> = planned
            .iter()
            .filter(|it| it.verdict == Verdict::Delete)
            .map(|it| it.ami.as_str())
            .collect();
        let oldest: Vec<String> = (20..30)
            .map(|number| format!("ami-{number:017x}"))
            .collect();
        assert_eq!(gone, oldest);
        assert_eq!(planned[0].dollars_a_month, 2.0);
    }
}
