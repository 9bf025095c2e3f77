//! Which keys of fleet.toml differ, and which of them changes which resource.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::config::Module;
use super::planner::{self, Change};
use super::side::{Side, terraform_of};
use crate::fleet::path::{Path, Segment};
use crate::load::SpannedTree;
use crate::render::Engine;

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
    segments: Vec<Segment>,
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
    engine: &Engine,
    causes: &[&Cause],
    sides: (&Side, &Side),
    folder: &str,
    changes: &[Change],
    today: Date,
) -> BTreeMap<String, Vec<String>> {
    let all = || {
        causes
            .iter()
            .map(|cause| cause.path.clone())
            .collect::<Vec<_>>()
    };
    let mut of_address: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if causes.len() > 1 && causes.len() <= MAX_CAUSES {
        let (before, after) = sides;
        for cause in causes {
            let Some(without) = put_back(engine, cause, before, after, folder, today) else {
                continue;
            };
            let Ok(old) = Module::read(&before.files, folder) else {
                continue;
            };
            let still = planner::plan(&old, &without);
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

/// The root module of the second fleet with one key as in the first.
fn put_back(
    engine: &Engine,
    cause: &Cause,
    before: &Side,
    after: &Side,
    folder: &str,
    today: Date,
) -> Option<Module> {
    let old: Table = before.source.text.parse().ok()?;
    let new: Table = after.source.text.parse().ok()?;
    let old = Value::Table(old);
    let mut new = Value::Table(new);
    let was = find(&old, &cause.segments).cloned();
    put(&mut new, &cause.segments, was)?;
    let files = terraform_of(engine, toml::to_string(&new).ok()?, today)?;
    Module::read(&files, folder).ok()
}

fn find<'v>(value: &'v Value, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Segment::Key(key) => value.get(key.as_str()),
        Segment::Index(index) => value.get(*index),
    })
}

fn put(value: &mut Value, path: &[Segment], now: Option<Value>) -> Option<()> {
    match (path, value) {
        ([Segment::Key(key)], Value::Table(table)) => {
            match now {
                Some(now) => table.insert(key.clone(), now),
                None => table.remove(key),
            };
            Some(())
        }
        ([Segment::Index(index)], Value::Array(array)) => {
            *array.get_mut(*index)? = now?;
            Some(())
        }
        ([Segment::Key(key), rest @ ..], Value::Table(table)) => {
            put(table.get_mut(key)?, rest, now)
        }
        ([Segment::Index(index), rest @ ..], Value::Array(array)) => {
            put(array.get_mut(*index)?, rest, now)
        }
        _ => None,
    }
}
