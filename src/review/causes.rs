//! Which keys of fleet.toml differ, and which of them changes which resource.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::config::Module;
use super::planner::{self, Change};
use super::put_back::PutBack;
use super::side::Side;
use crate::fleet::path::{Path, Segment};
use crate::load::SpannedTree;

/// A key of fleet.toml that differs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// Such as `instances.root_volume.volume_size`.
    pub path: String,
    /// The environment whose table it is in; `null` for a key of the whole fleet.
    pub environment: Option<String>,
    /// The value before as TOML, shortened; `null` where the key was not there.
    pub before: Option<String>,
    /// The value after as TOML, shortened; `null` where the key is not there any more.
    pub after: Option<String>,
    /// The line in the fleet after the change; where a key was taken out, that of its table.
    pub line: usize,
    #[serde(skip)]
    pub span: Range<usize>,
    #[serde(skip)]
    pub(super) segments: Vec<Segment>,
}

/// More keys than this are not tried one by one.
const MAX_CAUSES: usize = 12;

/// The longest value that is printed.
const MAX_VALUE_CHARS: usize = 60;

/// Every key that differs between two fleets, in the order of the second file.
#[must_use]
pub fn changed_keys(before: &Side, after: &Side) -> Vec<Cause> {
    let (Ok(old), Ok(new)) = (before.source.text.parse(), after.source.text.parse()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    compare(
        &Path::default(),
        &Value::Table(old),
        &Value::Table(new),
        &mut found,
    );
    let Ok(root) = toml::de::DeTable::parse(&after.source.text) else {
        return Vec::new();
    };
    let tree = SpannedTree::new(root);
    let mut causes: Vec<Cause> = found
        .into_iter()
        .map(|(path, before, now)| {
            let span = tree.span(&path);
            Cause {
                path: path.to_string(),
                environment: environment_of(path.segments()),
                before: before.as_ref().map(shown),
                after: now.as_ref().map(shown),
                line: after.source.text[..span.start].matches('\n').count() + 1,
                span,
                segments: path.segments().to_vec(),
            }
        })
        .collect();
    causes.sort_by_key(|cause| (cause.span.start, cause.path.clone()));
    causes
}

type Difference = (Path, Option<Value>, Option<Value>);

fn compare(path: &Path, old: &Value, new: &Value, found: &mut Vec<Difference>) {
    match (old, new) {
        (Value::Table(old), Value::Table(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let below = path.clone().key(key);
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => compare(&below, old, new, found),
                    (old, new) => found.push((below, old.cloned(), new.cloned())),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&path.clone().index(index), old, new, found);
            }
        }
        (old, new) if old == new => {}
        (old, new) => found.push((path.clone(), Some(old.clone()), Some(new.clone()))),
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Table(_) | Value::Array(_) => serde_json::to_string(value).unwrap_or_default(),
        other => other.to_string(),
    };
    if text.chars().count() <= MAX_VALUE_CHARS {
        return text;
    }
    let cut: String = text.chars().take(MAX_VALUE_CHARS).collect();
    format!("{cut}…")
}

/// The causes that concern an environment: those of the whole fleet, and its own.
#[must_use]
pub fn of_environment<'c>(causes: &'c [Cause], environment: &str) -> Vec<&'c Cause> {
    causes
        .iter()
        .filter(|cause| {
            let own = cause.environment.as_deref();
            own.is_none_or(|name| name == environment)
        })
        .collect()
}

fn environment_of(path: &[Segment]) -> Option<String> {
    match path {
        [Segment::Key(first), Segment::Key(name), ..] if first == "environments" => {
            Some(name.clone())
        }
        _ => None,
    }
}

/// The keys that change each resource, by address. Each key is put back alone: what then changes
/// otherwise is its work. Keys that only count together are all named.
#[must_use]
pub fn attribute(
    causes: &[&Cause],
    put_back: &PutBack<'_>,
    (old, new): (&Module, &Module),
    folder: &str,
    changes: &[Change],
) -> BTreeMap<String, Vec<String>> {
    let all = || {
        causes
            .iter()
            .map(|cause| cause.path.clone())
            .collect::<Vec<_>>()
    };
    let mut of_address: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if !changes.is_empty() && causes.len() > 1 && causes.len() <= MAX_CAUSES {
        for cause in causes {
            let Some(files) = put_back.terraform_without(cause) else {
                continue;
            };
            let Ok(without) = Module::read_beside(&files, folder, Some(new)) else {
                continue;
            };
            let still = planner::plan_changes(old, &without);
            for change in changes {
                let same = still.iter().find(|other| other.address == change.address);
                let is_same = same.is_some_and(|other| {
                    other.action == change.action
                        && other.attributes == change.attributes
                        && other.after == change.after
                });
                if !is_same {
                    of_address
                        .entry(change.address.clone())
                        .or_default()
                        .push(cause.path.clone());
                }
            }
        }
    }
    for change in changes {
        of_address.entry(change.address.clone()).or_insert_with(all);
    }
    of_address
}
