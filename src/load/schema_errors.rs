//! What in a tree does not fit the types of the language: unknown keys, wrong types, values out
//! of range. The JSON Schema that the types generate is asked, so every violation is named at once.

use std::collections::BTreeMap;

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::loaded::DiscardedSetting;
use super::schema_codes::{MISSING_KEY, OUT_OF_RANGE, TYPE, UNKNOWN_KEY};
use super::schema_messages::{SchemaLocation, diagnostic, explain};
use super::tree::SpannedTree;
use crate::diagnostic::{Diagnostic, Omitted, Severity};
use crate::fleet::path::{Path, Segment};
use crate::fleet::schema;

/// A value that cannot be typed, and where it stands.
pub struct SchemaViolation {
    pub path: Path,
    /// The key that the table at `path` lacks.
    pub missing: Option<String>,
    /// `None` for a key that resembles no other: it was to set nothing that we know.
    pub discarded: Option<DiscardedSetting>,
    pub diagnostic: Diagnostic,
}

/// How many violations of one tree are put into words; the others are counted.
const MAX_EXPLAINED: usize = 200;

/// The violations of a tree.
pub struct SchemaViolations {
    /// In the order of their paths.
    pub violations: Vec<SchemaViolation>,
    /// Those beyond the first [`MAX_EXPLAINED`].
    pub omitted: Vec<Omitted>,
}

/// Every violation of the tree. `error` is what serde said; it is the answer when the schema finds nothing.
pub fn violations(tree: &SpannedTree<'_>, error: &toml::de::Error) -> SchemaViolations {
    let schema = schema::tables_schema();
    let instance = tree.to_json();
    let mut found = dates(tree, &schema);
    let mut omitted: BTreeMap<&'static str, usize> = BTreeMap::new();
    match jsonschema::validator_for(&schema) {
        Ok(validator) => {
            for error in validator.iter_errors(&instance) {
                let room = MAX_EXPLAINED.saturating_sub(found.len());
                if room == 0 {
                    let (code, count) = kind_of(&error);
                    *omitted.entry(code).or_default() += count;
                    continue;
                }
                let at = path_of(&instance, error.instance_path().as_str());
                // A table that lacks a key may have one too many as well.
                let says_all = |violation: &SchemaViolation| {
                    violation.path == at && violation.missing.is_none()
                };
                if found.iter().any(says_all) {
                    continue;
                }
                let location = SchemaLocation {
                    tree,
                    schema: &schema,
                    at,
                };
                let more = explain(&location, &error, room, &mut found);
                if more > 0 {
                    *omitted.entry(UNKNOWN_KEY).or_default() += more;
                }
            }
        }
        Err(broken) => unreachable!("the schema of our own types compiles: {broken}"),
    }
    if found.is_empty() {
        found.push(SchemaViolation {
            path: Path::default(),
            missing: None,
            discarded: Some(DiscardedSetting::Value(Path::default())),
            diagnostic: diagnostic(
                TYPE,
                "a value has the wrong type".to_owned(),
                error.span().unwrap_or(0..0),
                error.message().to_owned(),
                "docs/fleet-toml.md lists every key with its type".to_owned(),
            ),
        });
    }
    drop_consequences(&mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let omitted = omitted.into_iter().map(|(code, count)| Omitted {
        code,
        severity: Severity::Error,
        count,
    });
    SchemaViolations {
        violations: found,
        omitted: omitted.collect(),
    }
}

/// A key that is missing because it is misspelt is reported once, where it stands.
fn drop_consequences(found: &mut Vec<SchemaViolation>) {
    let meant: Vec<Path> = found
        .iter()
        .filter_map(|violation| match &violation.discarded {
            Some(DiscardedSetting::Key(path)) => Some(path.clone()),
            _ => None,
        })
        .collect();
    found.retain(|violation| {
        let missing = violation.missing.as_ref();
        missing.is_none_or(|key| !meant.contains(&violation.path.clone().key(key)))
    });
}

/// What a violation that is not put into words counts as, and for how many.
fn kind_of(error: &jsonschema::ValidationError<'_>) -> (&'static str, usize) {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => (UNKNOWN_KEY, unexpected.len()),
        ValidationErrorKind::Required { .. } => (MISSING_KEY, 1),
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
            (OUT_OF_RANGE, 1)
        }
        _ => (TYPE, 1),
    }
}

/// Dates as strings, and strings as dates: JSON has no dates, so its schema does not tell the two apart.
fn dates(tree: &SpannedTree<'_>, schema: &Value) -> Vec<SchemaViolation> {
    let is_date =
        |path: &Path| schema::at(schema, path).is_some_and(|expected| expected["format"] == "date");
    let is_day = |text: &str| text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10;
    let violation = |path: Path, message: String, label: &str, help: String| {
        let location = SchemaLocation {
            tree,
            schema,
            at: path.clone(),
        };
        SchemaViolation {
            diagnostic: diagnostic(
                TYPE,
                message,
                tree.span(&path),
                label.to_owned(),
                location.help(&help),
            ),
            discarded: Some(DiscardedSetting::Value(path.clone())),
            missing: None,
            path,
        }
    };
    let strings = tree.strings().into_iter();
    let quoted = strings
        .filter(|(path, _)| is_date(path))
        .map(|(path, text)| {
            let day = if is_day(text.trim()) {
                text.trim()
            } else {
                "2027-06-30"
            };
            let message = format!("`{path}` must be a date, not a string");
            let help = format!("write {day} without quotes");
            violation(path, message, "this is a string", help)
        });
    let written = tree.dates().into_iter();
    let misplaced = written.filter_map(|(path, text)| {
        if !is_date(&path) {
            let is_text = schema::at(schema, &path).is_some_and(|value| value["type"] == "string");
            let message = format!(
                "`{path}` must be {}, not a date",
                if is_text {
                    "a string"
                } else {
                    "of another type"
                }
            );
            let help = if is_text {
                format!("write \"{text}\"")
            } else {
                "docs/fleet-toml.md lists every key with its type".to_owned()
            };
            return schema::at(schema, &path)
                .is_some()
                .then(|| violation(path, message, "this is a date", help));
        }
        (!is_day(&text)).then(|| {
            let day = text
                .get(..10)
                .filter(|day| is_day(day))
                .unwrap_or("2027-06-30");
            let message = format!("`{path}` must be a day, not a time");
            let help = format!("write {day}");
            violation(path, message, "this has a time", help)
        })
    });
    quoted.chain(misplaced).take(MAX_EXPLAINED).collect()
}

/// Turns a JSON pointer into a path; only the instance tells an index from a numeric key.
fn path_of(instance: &Value, pointer: &str) -> Path {
    let mut path = Path::default();
    let mut value = instance;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let (next, segment) = match (value, token.parse::<usize>()) {
            (Value::Array(items), Ok(index)) => (items.get(index), Segment::Index(index)),
            _ => (value.get(&token), Segment::Key(token)),
        };
        path = match segment {
            Segment::Key(key) => path.key(&key),
            Segment::Index(index) => path.index(index),
        };
        value = next.unwrap_or(&Value::Null);
    }
    path
}
