//! What bakes left behind, and what of it may go. What may still be needed stays.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::retention::{MAX_DELETIONS, Verdict};
use crate::tags;

/// How long something is left alone: its bake may go on.
const UNFINISHED: SignedDuration = SignedDuration::from_hours(24);

/// What something is. In the order in which it is removed: an instance holds volumes, an image snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LeftoverKind {
    Instance,
    Image,
    Snapshot,
    Volume,
    KeyPair,
}

impl LeftoverKind {
    /// In AWS's words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Image => "image",
            Self::Snapshot => "snapshot",
            Self::Volume => "volume",
            Self::KeyPair => "key pair",
        }
    }
}

/// By what it is known to be a bake's. Copies, and some partitions, have no tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FoundBy {
    /// It has a bake's id.
    Tag,
    /// It is called as a bake calls it.
    Name,
    /// It is a copy of a bake's image.
    Source,
}

/// Something that a bake made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    pub region: String,
    pub kind: LeftoverKind,
    pub id: String,
    pub name: String,
    pub found_by: FoundBy,
    /// `None` where AWS does not say.
    pub created: Option<Timestamp>,
    /// The tag `valet:bake-id`; empty where it has none.
    pub bake_id: String,
    /// The tag `valet:status`.
    pub status: String,
    /// What uses it, in words.
    pub references: Vec<String>,
    /// The snapshots of an image, which go with it.
    pub snapshots: Vec<String>,
}

/// A line of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SweepDecision {
    pub region: String,
    pub kind: LeftoverKind,
    pub id: String,
    pub name: String,
    pub found_by: FoundBy,
    pub bake_id: String,
    pub snapshots: Vec<String>,
    pub verdict: Verdict,
    pub reason: String,
}

/// Decides about everything that was found. `under_way` has the ids of the bakes that AWS works at.
#[must_use]
pub fn decide(
    found: &[Leftover],
    under_way: &BTreeSet<String>,
    now: Timestamp,
) -> Vec<SweepDecision> {
    let mut sorted: Vec<&Leftover> = found.iter().collect();
    sorted.sort_by(|one, other| {
        (&one.region, one.kind, &one.id).cmp(&(&other.region, other.kind, &other.id))
    });
    let mut images = 0;
    let mut all: Vec<SweepDecision> = Vec::new();
    for leftover in sorted {
        let (mut verdict, mut reason) = verdict(leftover, under_way, now);
        if verdict == Verdict::Delete && leftover.kind == LeftoverKind::Image {
            images += 1;
            if images > MAX_DELETIONS {
                verdict = Verdict::Keep;
                reason = format!("{reason}; one run deletes {MAX_DELETIONS} images at the most");
            }
        }
        let Leftover {
            region,
            kind,
            id,
            name,
            found_by,
            bake_id,
            snapshots,
            ..
        } = leftover.clone();
        all.push(SweepDecision {
            region,
            kind,
            id,
            name,
            found_by,
            bake_id,
            snapshots,
            verdict,
            reason,
        });
    }
    all
}

fn verdict(leftover: &Leftover, under_way: &BTreeSet<String>, now: Timestamp) -> (Verdict, String) {
    let keep = |reason: String| (Verdict::Keep, reason);
    if let Some(first) = leftover.references.first() {
        return keep(format!("used by {first}"));
    }
    if tags::is_whole(&leftover.status) {
        return keep(format!(
            "it is {}: `valet-gen bake gc` decides about it",
            leftover.status
        ));
    }
    if under_way.contains(&leftover.bake_id) {
        return keep("its bake is under way".to_owned());
    }
    let Some(created) = leftover.created else {
        return keep("nobody knows how old it is".to_owned());
    };
    if now.duration_since(created) < UNFINISHED {
        return keep("made less than a day ago: its bake may go on".to_owned());
    }
    let by = match leftover.found_by {
        FoundBy::Tag => "it has a bake's id",
        FoundBy::Name => "it is called as a bake calls such things, and has no tags",
        FoundBy::Source => "it is a copy of a bake's image, and has no tags",
    };
    (
        Verdict::Delete,
        format!("{by}, is used by nothing and more than a day old"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().expect("a time")
    }

    fn leftover() -> impl Strategy<Value = Leftover> {
        let kind = prop_oneof![
            Just(LeftoverKind::Instance),
            Just(LeftoverKind::Image),
            Just(LeftoverKind::Snapshot),
            Just(LeftoverKind::Volume),
            Just(LeftoverKind::KeyPair)
        ];
        let found_by = prop_oneof![
            Just(FoundBy::Tag),
            Just(FoundBy::Name),
            Just(FoundBy::Source)
        ];
        let status = prop_oneof![
            Just("building"),
            Just("verified"),
            Just("promoted"),
            Just("")
        ];
        (
            kind,
            found_by,
            status,
            0..200_u64,
            prop::option::of(0..100_i64),
            0..4_u8,
            prop::collection::vec("[a-z]{1,8}", 0..2),
        )
            .prop_map(
                |(kind, found_by, status, id, hours, bake, references)| Leftover {
                    region: "us-east-1".to_owned(),
                    kind,
                    id: format!("id-{id}"),
                    name: String::new(),
                    found_by,
                    created: hours.map(|hours| now() - SignedDuration::from_hours(hours)),
                    bake_id: format!("bake-{bake}"),
                    status: status.to_owned(),
                    references,
                    snapshots: Vec::new(),
                },
            )
    }

    proptest! {
        #[test]
        fn nothing_that_is_used_whole_young_or_under_way_goes(found in prop::collection::vec(leftover(), 0..40)) {
            let under_way = BTreeSet::from(["bake-1".to_owned()]);
            let swept = decide(&found, &under_way, now());
            prop_assert_eq!(swept.len(), found.len());
            let gone: Vec<&SweepDecision> = swept.iter().filter(|it| it.verdict == Verdict::Delete).collect();
            prop_assert!(gone.iter().filter(|it| it.kind == LeftoverKind::Image).count() <= MAX_DELETIONS);
            for it in gone {
                let mut same = found.iter().filter(|one| one.id == it.id && one.kind == it.kind);
                let may_go = same.any(|one| {
                    one.references.is_empty()
                        && one.status != "verified"
                        && one.status != "promoted"
                        && one.bake_id != "bake-1"
                        && one.created.is_some_and(|at| at <= now() - SignedDuration::from_hours(24))
                });
                prop_assert!(may_go, "{} may not go: {}", it.id, it.reason);
            }
        }
    }
}
