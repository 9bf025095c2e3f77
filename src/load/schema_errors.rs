//! What in a tree does not fit the types of the language: unknown keys, wrong types, values out
//! of range. The JSON Schema that the types generate is asked, so every violation is named at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::loaded::DiscardedSetting;
use super::tree::SpannedTree;
use crate::catalog::most_similar;
use crate::diagnostic::{Diagnostic, Explanation, Omitted, Severity, Subject};
use crate::fleet::path::{Path, Segment};
use crate::fleet::schema;

pub const SYNTAX: &str = "toml.syntax";
pub const UNKNOWN_KEY: &str = "toml.unknown-key";
pub const TYPE: &str = "toml.type";
pub const MISSING_KEY: &str = "toml.missing-key";
pub const OUT_OF_RANGE: &str = "toml.out-of-range";
pub const UNKNOWN_VALUE: &str = "toml.unknown-value";

/// Why each of them is an error, for the documentation.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: SYNTAX,
        severity: Severity::Error,
        title: "The file is TOML",
        reason: "The file cannot be checked further until it parses as TOML.",
    },
    Explanation {
        code: UNKNOWN_KEY,
        severity: Severity::Error,
        title: "Every key is known",
        reason: "An ignored key would look like a setting that is in force. Most often the key is \
              misspelt.",
    },
    Explanation {
        code: TYPE,
        severity: Severity::Error,
        title: "Every value has its key's type",
        reason: "Nothing is converted silently: `\"5\"` is text and `5` is a number.",
    },
    Explanation {
        code: MISSING_KEY,
        severity: Severity::Error,
        title: "Required keys are present",
        reason: "Only what no safe default exists for is required.",
    },
    Explanation {
        code: OUT_OF_RANGE,
        severity: Severity::Error,
        title: "Every number and list is within its limits",
        reason: "The limits are AWS's own where AWS has one; docs/fleet-toml.md states each.",
    },
    Explanation {
        code: UNKNOWN_VALUE,
        severity: Severity::Error,
        title: "Every enumerated value is one of the allowed values",
        reason: "A key with a fixed set of values accepts no other.",
    },
];

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
    let schema = schema::of_tables();
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
                if found.iter().any(|violation| violation.path == at) {
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

/// The place that a violation is about.
struct SchemaLocation<'a> {
    tree: &'a SpannedTree<'a>,
    schema: &'a Value,
    at: Path,
}

impl SchemaLocation<'_> {
    /// The schema of the value at the place.
    fn expected(&self) -> Option<&Value> {
        schema::at(self.schema, &self.at)
    }

    /// The first sentence of the documentation of the value at the place.
    fn meaning(&self) -> Option<&str> {
        let description = schema::field_at(self.schema, &self.at)?
            .get("description")?
            .as_str()?;
        description.split("\n\n").next()
    }

    fn help(&self, advice: &str) -> String {
        match self.meaning() {
            Some(meaning) => format!("{advice}\n`{}`: {}", self.at, meaning.replace('\n', " ")),
            None => advice.to_owned(),
        }
    }
}

/// Puts an error into words, and into at most so many violations; gives how many there are beyond them.
fn explain(
    location: &SchemaLocation<'_>,
    error: &jsonschema::ValidationError<'_>,
    room: usize,
    found: &mut Vec<SchemaViolation>,
) -> usize {
    let instance = error.instance();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let explained = unexpected.iter().take(room);
            found.extend(explained.map(|key| unknown_key(location, key)));
            return unexpected.len().saturating_sub(room);
        }
        ValidationErrorKind::Required { property } => {
            found.push(missing_key(location, property.as_str().unwrap_or_default()));
        }
        ValidationErrorKind::Type { kind } => {
            found.push(wrong_type(location, &type_names(kind), instance));
        }
        ValidationErrorKind::Minimum { .. }
        | ValidationErrorKind::Maximum { .. }
        | ValidationErrorKind::MinItems { .. }
        | ValidationErrorKind::MaxItems { .. }
        | ValidationErrorKind::MinLength { .. }
        | ValidationErrorKind::Format { .. } => found.push(out_of_range(location, instance)),
        _ => match location.expected().map(schema::choices) {
            Some(choices) if !choices.is_empty() && instance.is_string() => {
                found.push(unknown_value(location, instance, &choices));
            }
            Some(choices) if !choices.is_empty() => {
                found.push(wrong_type(location, "string", instance));
            }
            _ => found.push(wrong_type(location, "another type", instance)),
        },
    }
    0
}

fn unknown_key(location: &SchemaLocation<'_>, key: &str) -> SchemaViolation {
    let path = location.at.clone().key(key);
    let known = location.expected().map(schema::keys).unwrap_or_default();
    let table = match location.at.to_string() {
        root if root.is_empty() => "the top level".to_owned(),
        table => format!("`{table}`"),
    };
    let near = most_similar(key, known.iter().copied());
    let help = match (near, schema::removed(&location.at, key)) {
        (_, Some(reason)) => reason.to_owned(),
        (Some(near), None) => format!("did you mean `{near}`?"),
        (None, None) => format!("{table} has: {}", known.join(", ")),
    };
    let span = location
        .tree
        .key_span(&path)
        .unwrap_or_else(|| location.tree.span(&path));
    SchemaViolation {
        diagnostic: diagnostic(
            UNKNOWN_KEY,
            format!("unknown key `{key}` in {table}"),
            span,
            "no such key".to_owned(),
            help,
        ),
        discarded: near.map(|near| DiscardedSetting::Key(location.at.clone().key(near))),
        missing: None,
        path,
    }
}

fn missing_key(location: &SchemaLocation<'_>, key: &str) -> SchemaViolation {
    let field = schema::field_at(location.schema, &location.at.clone().key(key));
    let meaning = field
        .and_then(|field| field.get("description"))
        .and_then(Value::as_str)
        .map(|text| text.split("\n\n").next().unwrap_or(text).replace('\n', " "));
    let table = location.at.to_string();
    SchemaViolation {
        diagnostic: diagnostic(
            MISSING_KEY,
            if table.is_empty() {
                format!("the table `[{key}]` is missing")
            } else {
                format!("`{table}` has no `{key}`")
            },
            location.tree.span(&location.at),
            format!("`{key}` is required here"),
            match meaning {
                Some(meaning) => format!("add `{key}`: {meaning}"),
                None => format!("add `{key}`"),
            },
        ),
        path: location.at.clone(),
        missing: Some(key.to_owned()),
        discarded: Some(DiscardedSetting::Value(location.at.clone())),
    }
}

fn wrong_type(location: &SchemaLocation<'_>, expected: &str, instance: &Value) -> SchemaViolation {
    let actual = type_of(instance);
    SchemaViolation {
        diagnostic: diagnostic(
            TYPE,
            format!(
                "`{}` must be {}, not {}",
                location.at,
                article(expected),
                article(actual)
            ),
            location.tree.span(&location.at),
            format!("this is {}", article(actual)),
            location.help(&format!("write {}", example_of(expected))),
        ),
        path: location.at.clone(),
        missing: None,
        discarded: Some(DiscardedSetting::Value(location.at.clone())),
    }
}

fn out_of_range(location: &SchemaLocation<'_>, instance: &Value) -> SchemaViolation {
    let range = location.expected().and_then(schema::range);
    let range = range.unwrap_or_else(|| "a value within its limits".to_owned());
    SchemaViolation {
        diagnostic: diagnostic(
            OUT_OF_RANGE,
            format!("`{}` is out of range", location.at),
            location.tree.span(&location.at),
            match instance {
                Value::Array(items) => format!("this has {} entries", items.len()),
                Value::String(_) => "wrong format".to_owned(),
                _ => "out of range".to_owned(),
            },
            location.help(&format!("use {range}")),
        ),
        path: location.at.clone(),
        missing: None,
        discarded: Some(DiscardedSetting::Value(location.at.clone())),
    }
}

fn unknown_value(
    location: &SchemaLocation<'_>,
    instance: &Value,
    choices: &[&str],
) -> SchemaViolation {
    let typed = instance.as_str().unwrap_or_default();
    let mut advice = format!("one of: {}", choices.join(", "));
    if let Some(near) = most_similar(typed, choices.iter().copied()) {
        advice = format!("did you mean `{near}`? {advice}");
    }
    SchemaViolation {
        diagnostic: diagnostic(
            UNKNOWN_VALUE,
            format!("`{}` has no such value", location.at),
            location.tree.span(&location.at),
            "not an allowed value".to_owned(),
            location.help(&advice),
        ),
        path: location.at.clone(),
        missing: None,
        discarded: Some(DiscardedSetting::Value(location.at.clone())),
    }
}

/// A finding of this stage; every one is an error.
pub fn diagnostic(
    code: &'static str,
    message: String,
    span: std::ops::Range<usize>,
    label: String,
    help: String,
) -> Diagnostic {
    let explanation = EXPLANATIONS
        .iter()
        .find(|explanation| explanation.code == code);
    Diagnostic {
        code,
        severity: Severity::Error,
        title: explanation.map_or("", |explanation| explanation.title),
        reason: explanation.map_or("", |explanation| explanation.reason),
        message,
        subject: Subject::Source,
        span,
        label,
        related: Vec::new(),
        help,
        environments: Vec::new(),
    }
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

fn type_names(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(single) => single.as_str().to_owned(),
        TypeKind::Multiple(types) => {
            let mut names = String::new();
            for json_type in types {
                let separator = if names.is_empty() { "" } else { " or " };
                let _ = write!(names, "{separator}{}", json_type.as_str());
            }
            names
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        // TOML has no null: this is inf or nan, for which JSON has no number.
        Value::Null => "infinity",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "table",
    }
}

/// The type's name as TOML has it, with its article.
pub fn article(name: &str) -> &'static str {
    match name {
        "integer" => "an integer",
        "float" => "a float",
        "number" => "a number",
        "boolean" => "a boolean",
        "string" => "a string",
        "array" => "an array",
        "table" | "object" => "a table",
        "datetime" => "a date",
        "infinity" => "infinity or not a number",
        _ => "another type",
    }
}

fn example_of(name: &str) -> &'static str {
    match name {
        "integer" => "a whole number without quotes, such as 3",
        "number" => "a number without quotes, such as 0.5",
        "boolean" => "true or false, without quotes",
        "string" => "text in double quotes",
        "array" => "a list in brackets, such as [\"a\", \"b\"]",
        "object" => "a table, such as { key = \"value\" }",
        _ => "a value of the type that docs/fleet-toml.md gives",
    }
}
