//! Values that must not be printed, whatever a rule says of them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rule::Finding;
use crate::review::terraform_plan::Values;
use crate::review::values::{at, marked_paths};

/// Texts that are shorter say nothing, and stand in other words.
const MIN_CHARS: usize = 3;

/// What stands in the place of a value that must not be printed.
const HIDDEN: &str = "(sensitive)";

/// A finding without the sensitive values of its resource.
#[must_use]
pub fn without_sensitive(mut finding: Finding, values: &Values) -> Finding {
    for text in hidden(values) {
        for part in [&mut finding.message, &mut finding.label, &mut finding.help] {
            if part.contains(text) {
                *part = part.replace(text, HIDDEN);
            }
        }
    }
    finding
}

/// Every sensitive text, the longest first, so that none is left of one that another is a part of.
fn hidden(values: &Values) -> Vec<&str> {
    let mut found = BTreeSet::new();
    for (value, markers) in [
        (&values.before, &values.before_sensitive),
        (&values.after, &values.after_sensitive),
    ] {
        for path in marked_paths(markers) {
            let below = if path.is_empty() {
                vec![value]
            } else {
                at(value, &path)
            };
            below.into_iter().for_each(|one| texts(one, &mut found));
        }
    }
    let mut found: Vec<&str> = found.into_iter().collect();
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found
}

fn texts<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) if text.chars().count() >= MIN_CHARS => {
            found.insert(text);
        }
        Value::Array(elements) => elements.iter().for_each(|one| texts(one, found)),
        Value::Object(members) => members.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}
