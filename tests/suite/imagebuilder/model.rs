//! A request held against the service's model of it.

use serde_json::Value;

use test_support::pipeline::repository;

/// The shape of an operation's request.
pub fn operation(name: &str) -> Value {
    let path = repository().join("tests/data/imagebuilder-operations.json");
    let text = std::fs::read_to_string(path).expect("the model is there");
    let mut model: Value = serde_json::from_str(&text).expect("JSON");
    let shape = model["operations"][name].take();
    assert!(shape.is_object(), "{name} is in the model");
    shape
}

/// Everything in the value that the shape refuses.
pub fn problems(shape: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(shape, value, "", &mut found);
    found
}

fn check(shape: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    match (shape["type"].as_str(), value) {
        (Some("structure"), Value::Object(members)) => structure(shape, members, at, found),
        (Some("map"), Value::Object(entries)) => {
            size(shape, entries.len() as u64, at, found);
            for (key, value) in entries {
                check(
                    &shape["key"],
                    &Value::from(key.as_str()),
                    &format!("{at}.{key}"),
                    found,
                );
                check(&shape["value"], value, &format!("{at}.{key}"), found);
            }
        }
        (Some("list"), Value::Array(items)) => {
            size(shape, items.len() as u64, at, found);
            for (number, item) in items.iter().enumerate() {
                check(&shape["member"], item, &format!("{at}[{number}]"), found);
            }
        }
        (Some("string"), Value::String(text)) => string(shape, text, at, found),
        (Some("integer"), Value::Number(number)) => match number.as_u64() {
            Some(number) => size(shape, number, at, found),
            None => found.push(format!("{at} is no whole number")),
        },
        (Some("boolean"), Value::Bool(_)) => {}
        (kind, _) => found.push(format!("{at} is not of type {kind:?}")),
    }
}

fn structure(
    shape: &Value,
    members: &serde_json::Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    let known = shape["members"].as_object().expect("members");
    for (name, value) in members {
        match known.get(name) {
            Some(shape) => check(shape, value, &format!("{at}.{name}"), found),
            None => found.push(format!("{at}.{name} is unknown")),
        }
    }
    for required in shape["required"].as_array().expect("a list") {
        let name = required.as_str().expect("a name");
        if !members.contains_key(name) {
            found.push(format!("{at}.{name} is missing"));
        }
    }
}

fn string(shape: &Value, text: &str, at: &str, found: &mut Vec<String>) {
    size(shape, text.chars().count() as u64, at, found);
    if let Some(allowed) = shape["enum"].as_array()
        && !allowed.iter().any(|word| word == text)
    {
        found.push(format!("{at} is none of {allowed:?}"));
    }
    if shape["pattern"].is_string() {
        // JSON Schema has the same patterns, and a validator of its own is there.
        let schema = serde_json::json!({ "pattern": shape["pattern"] });
        let validator = jsonschema::validator_for(&schema).expect("a pattern");
        if !validator.is_valid(&Value::from(text)) {
            found.push(format!("{at} does not match {}", shape["pattern"]));
        }
    }
}

fn size(shape: &Value, size: u64, at: &str, found: &mut Vec<String>) {
    let min = shape["min"].as_u64().unwrap_or(0);
    let max = shape["max"].as_u64().unwrap_or(u64::MAX);
    if !(min..=max).contains(&size) {
        found.push(format!("{at} is {size}, not from {min} to {max}"));
    }
}
