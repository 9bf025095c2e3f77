//! What to write in the place of a value of the wrong type, as an example of the right one.

use serde_json::{Map, Value};

use crate::fleet::schema;

/// The most entries of an example, so that a remedy stays one line.
const MAX_KEYS: usize = 4;

/// The longest text of the user's own that an example repeats, in characters.
const MAX_TEXT_CHARS: usize = 80;

/// What to write, for a value that the schema expects and another that stands there. `expected` is the name of the type.
pub fn advice(whole: &Value, schema: Option<&Value>, expected: &str, instance: &Value) -> String {
    let choices = schema.map(schema::choices).unwrap_or_default();
    match (expected, instance) {
        ("string", _) if !choices.is_empty() => {
            let quoted: Vec<String> = choices.iter().map(|word| format!("\"{word}\"")).collect();
            format!("one of {}", quoted.join(", "))
        }
        ("array", Value::Object(_)) if is_list_of_tables(whole, schema) => {
            "the heading with two brackets on each side, such as [[schedule]]".to_owned()
        }
        ("array", Value::String(text)) if is_short(text) => {
            format!("a list in brackets: [{}]", Value::String(text.clone()))
        }
        ("integer", Value::String(text)) => match text.trim().parse::<u32>() {
            Ok(number) => format!("{number} without quotes"),
            Err(_) => general(expected).to_owned(),
        },
        ("object", _) => {
            let table = schema.map(|schema| table(whole, schema));
            match table.filter(|table| !table.is_empty()) {
                Some(table) => format!("a table, such as {table}"),
                None => general(expected).to_owned(),
            }
        }
        _ => general(expected).to_owned(),
    }
}

/// Whether a text can be repeated in a remedy: a short one of one line and one word.
fn is_short(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_graphic() && letter != '"' && letter != '\\';
    !text.is_empty() && text.len() <= MAX_TEXT_CHARS && text.chars().all(is_plain)
}

fn is_list_of_tables(whole: &Value, schema: Option<&Value>) -> bool {
    let items = schema.and_then(|schema| schema.get("items"));
    items.is_some_and(|items| follow(whole, items)["type"] == "object")
}

fn follow<'s>(whole: &'s Value, schema: &'s Value) -> &'s Value {
    schema::follow(whole, schema)
}

/// A table with the keys that it cannot do without; empty where it has none such.
fn table(whole: &Value, of: &Value) -> String {
    let of = of.get("then").map_or(of, |then| follow(whole, then));
    let no_keys = Map::new();
    let properties = of["properties"].as_object().unwrap_or(&no_keys);
    let required = of["required"].as_array().into_iter().flatten();
    let keys: Vec<String> = required
        .filter_map(Value::as_str)
        .take(MAX_KEYS)
        .filter_map(|key| Some(format!("{key} = {}", value(whole, properties.get(key)?))))
        .collect();
    if keys.is_empty() {
        String::new()
    } else {
        format!("{{ {} }}", keys.join(", "))
    }
}

/// A value that the schema takes.
fn value(whole: &Value, of: &Value) -> String {
    let of = follow(whole, of);
    if let Some(first) = schema::choices(of).first() {
        return format!("\"{first}\"");
    }
    match of["type"].as_str() {
        Some("integer") => of["minimum"].as_i64().unwrap_or(1).max(1).to_string(),
        Some("number") => "0.5".to_owned(),
        Some("boolean") => "true".to_owned(),
        Some("array") => "[\"...\"]".to_owned(),
        _ => "\"...\"".to_owned(),
    }
}

/// An example for whoever has typed something else altogether.
fn general(name: &str) -> &'static str {
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
