//! The checklist's items, each by who answers for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::{Entry, Status};
use crate::catalog::controls::requirements::REQUIREMENTS;

/// How many controls there are of each status, and what became of the checklist.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub enforced: usize,
    pub waived: usize,
    pub people: usize,
    pub missing: usize,
    pub requirements: Requirements,
}

/// The checklist's items. An item with several controls may be in more than one list.
#[derive(Clone, Debug, Serialize)]
pub struct Requirements {
    pub total: usize,
    /// Items of which no control is missing.
    pub accounted_for: usize,
    /// Items that something enforces, by what that is.
    pub enforced: BTreeMap<&'static str, Vec<u8>>,
    /// Items that people see to, in whole or in part, by who they are.
    pub left_to: BTreeMap<&'static str, Vec<u8>>,
    pub waived: Vec<u8>,
    pub missing: Vec<u8>,
}

impl Summary {
    pub(super) fn of(controls: &[Entry]) -> Self {
        let count = |status| {
            controls
                .iter()
                .filter(|entry| entry.status == status)
                .count()
        };
        Self {
            enforced: count(Status::Enforced),
            waived: count(Status::Waived),
            people: count(Status::People),
            missing: count(Status::Missing),
            requirements: requirements(controls),
        }
    }

    /// Two sentences about an environment: the checklist, and every control.
    #[must_use]
    pub fn sentences(&self, environment: &str) -> String {
        let total = self.enforced + self.waived + self.people + self.missing;
        let parts = [
            (self.enforced, "enforced"),
            (self.waived, "waived"),
            (self.people, "left to people"),
            (self.missing, "missing"),
        ];
        format!(
            "{environment}: {}\n{environment}: {total} controls: {}\n",
            self.requirements.sentence(),
            in_words(&parts)
        )
    }
}

impl Requirements {
    fn sentence(&self) -> String {
        let mut sentence = format!(
            "{} of {} requirement items accounted for: {} enforced",
            self.accounted_for,
            self.total,
            distinct(self.enforced.values()),
        );
        if !self.enforced.is_empty() {
            let _ = write!(sentence, " ({})", joined(&self.enforced, ", ", enforced_by));
        }
        if !self.left_to.is_empty() {
            let _ = write!(
                sentence,
                ", {} left to people in whole or in part ({})",
                distinct(self.left_to.values()),
                joined(&self.left_to, "; ", left_to),
            );
        }
        for (items, word) in [(&self.waived, "waived"), (&self.missing, "missing")] {
            if !items.is_empty() {
                let _ = write!(sentence, "; {word}: {}", list(items));
            }
        }
        sentence
    }
}

fn requirements(controls: &[Entry]) -> Requirements {
    let mut all = Requirements {
        total: REQUIREMENTS.len(),
        accounted_for: 0,
        enforced: BTreeMap::new(),
        left_to: BTreeMap::new(),
        waived: Vec::new(),
        missing: Vec::new(),
    };
    for item in &REQUIREMENTS {
        let mut is_asked = false;
        let of_item = controls
            .iter()
            .filter(|entry| entry.requirement == Some(item.number));
        for entry in of_item {
            is_asked = true;
            let list = match entry.status {
                Status::Enforced => all.enforced.entry(entry.enforced_by.as_str()).or_default(),
                Status::People => all
                    .left_to
                    .entry(entry.left_to.unwrap_or_default())
                    .or_default(),
                Status::Waived => &mut all.waived,
                Status::Missing => &mut all.missing,
            };
            if list.last() != Some(&item.number) {
                list.push(item.number);
            }
        }
        if is_asked && all.missing.last() != Some(&item.number) {
            all.accounted_for += 1;
        }
    }
    all
}

/// How many items are in these lists, each counted once.
fn distinct<'l>(lists: impl Iterator<Item = &'l Vec<u8>>) -> usize {
    let items: BTreeSet<&u8> = lists.flatten().collect();
    items.len()
}

fn joined(
    lists: &BTreeMap<&str, Vec<u8>>,
    between: &str,
    shown: fn(&str, &[u8]) -> String,
) -> String {
    lists
        .iter()
        .map(|(who, items)| shown(who, items))
        .collect::<Vec<_>>()
        .join(between)
}

fn enforced_by(what: &str, items: &[u8]) -> String {
    format!("{} by {what}", items.len())
}

fn left_to(whom: &str, items: &[u8]) -> String {
    format!("{whom}: {}", list(items))
}

fn list(items: &[u8]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

fn in_words(parts: &[(usize, &str)]) -> String {
    parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}
