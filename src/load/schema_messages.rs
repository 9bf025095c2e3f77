//! Each violation of the schema in words.

use std::fmt::Write as _;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::loaded::DiscardedSetting;
use super::schema_codes::{
    EXPLANATIONS, MISSING_KEY, OUT_OF_RANGE, TYPE, UNKNOWN_KEY, UNKNOWN_VALUE,
};
use super::schema_errors::SchemaViolation;
use super::schema_examples;
use super::tree::SpannedTree;
use crate::catalog::most_similar;
use crate::diagnostic::{Diagnostic, Severity, Subject};
use crate::fleet::path::Path;
use crate::fleet::schema;

/// The place that a violation is about.
pub struct SchemaLocation<'a> {
    pub tree: &'a SpannedTree<'a>,
    pub schema: &'a Value,
    pub at: Path,
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

    pub fn help(&self, advice: &str) -> String {
        match self.meaning() {
            Some(meaning) => format!("{advice}\n`{}`: {}", self.at, meaning.replace('\n', " ")),
            None => advice.to_owned(),
        }
    }
}

/// Puts an error into words, and into at most so many violations; gives how many there are beyond them.
pub fn explain(
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

/// The most tables that are named for a key that stands in the wrong one.
const MAX_ELSEWHERE: usize = 2;

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
        (None, None) => match schema::tables_with(location.schema, key).as_slice() {
            elsewhere @ [_, ..] if elsewhere.len() <= MAX_ELSEWHERE => {
                format!("`{key}` is a key of {}", elsewhere.join(" and of "))
            }
            _ => format!("{table} has: {}", known.join(", ")),
        },
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
            location.help(&format!(
                "write {}",
                schema_examples::advice(location.schema, location.expected(), expected, instance)
            )),
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

/// Words of other programs, in lower case, and the value of fleet.toml that means the same. Some are spelt more like the
/// opposite.
const SYNONYMS: [(&str, &str); 11] = [
    ("amd64", "x86_64"),
    ("x64", "x86_64"),
    ("x86-64", "x86_64"),
    ("intel", "x86_64"),
    ("amd", "x86_64"),
    ("aarch64", "arm64"),
    ("arm", "arm64"),
    ("graviton", "arm64"),
    ("sso", "identity_center"),
    ("parameter store", "ssm"),
    ("parameter_store", "ssm"),
];

fn synonym<'c>(typed: &str, choices: &[&'c str]) -> Option<&'c str> {
    let typed = typed.trim().to_lowercase();
    let (_, meant) = SYNONYMS.iter().find(|(word, _)| *word == typed)?;
    choices.iter().copied().find(|choice| choice == meant)
}

fn unknown_value(
    location: &SchemaLocation<'_>,
    instance: &Value,
    choices: &[&str],
) -> SchemaViolation {
    let typed = instance.as_str().unwrap_or_default();
    let mut advice = format!("one of: {}", choices.join(", "));
    if let Some(near) =
        synonym(typed, choices).or_else(|| most_similar(typed, choices.iter().copied()))
    {
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
