//! The JSON Schema of the language, made from the types and their doc comments, and questions
//! about it that the diagnostics and the reference ask.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Value, json};

use super::path::{Path, Segment};
use super::{Fleet, overlay};

/// Keys that people expect and that are deliberately not there, with the reason.
const REMOVED: &[(&str, &str, &str)] = &[
    (
        "scaling",
        "desired_capacity",
        "the desired size is never typed: schedules move the bounds and scaling moves the group",
    ),
    (
        "instances",
        "key_name",
        "no key pair is ever attached: people connect by Session Manager, see `[access]`",
    ),
    (
        "instances",
        "image_id",
        "the image comes from the parameter /<fleet>/<environment>/ami, or the variable ami_id",
    ),
    (
        "control",
        "role",
        "the module makes the role: say `runs_on` or `trusted_role_arns`, or attach the policy to a role of your own",
    ),
    (
        "iam.statements",
        "effect",
        "remove it: each statement allows, and IAM refuses what none allows",
    ),
    (
        "image",
        "ami",
        "the image comes from images.lock, or from the parameter /<fleet>/<environment>/ami",
    ),
    (
        "image",
        "ami_id",
        "the image comes from images.lock, or from the parameter /<fleet>/<environment>/ami",
    ),
    (
        "instances",
        "instance_type",
        "write a list of types, the first choice first: types = [{ instance_type = \"m7i.large\" }]",
    ),
    (
        "instances",
        "spot",
        "`on_demand_percentage_above_base_capacity` says how much of the group is not spot; 0 is all spot, 100 none",
    ),
    (
        "network.egress",
        "from_port",
        "write `port`; with `to_port` it is the first of a range",
    ),
    (
        "network.egress",
        "cidr_blocks",
        "write `cidr_block`, and a rule for each range",
    ),
    (
        "network",
        "ingress",
        "nothing connects to a worker: its security group has no ingress rule",
    ),
];

/// The schema of one environment's tables, without `environments`.
#[must_use]
pub fn tables_schema() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings
        .transforms
        .push(Box::new(RecursiveTransform(without_null)));
    settings
        .transforms
        .push(Box::new(RecursiveTransform(one_line_paragraphs)));
    let generator = settings.for_deserialize().into_generator();
    generator.into_root_schema_for::<Fleet>().to_value()
}

/// The schema of a whole fleet.toml, as fleet.schema.json has it.
#[must_use]
pub fn of_file() -> Value {
    let mut schema = tables_schema();
    schema["title"] = json!("fleet.toml");
    overlay::add(&mut schema);
    schema["properties"]["environments"] = json!({
        "description": "Environments by name, each with the tables that differ in it.\n\n\
            Tables merge key by key; everything else, arrays too, is replaced. Without any \
            environment there is one, called `production`.",
        "type": "object",
        "additionalProperties": { "$ref": format!("#/$defs/{}", overlay::OVERLAY) },
    });
    schema
}

/// TOML has no null: an optional field is one that may be left out.
fn without_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [single] = types.as_slice() {
            let single = single.clone();
            object.insert("type".to_owned(), single);
        }
    }
    if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
        branches.retain(|branch| branch["type"] != "null");
        if let [Value::Object(single)] = branches.as_slice() {
            let single = single.clone();
            object.remove("anyOf");
            for (key, value) in single {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// Doc comments break lines where the source does; readers of the schema wrap on their own.
fn one_line_paragraphs(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text
            .split("\n\n")
            .map(|paragraph| paragraph.replace('\n', " "))
            .collect::<Vec<_>>()
            .join("\n\n");
    }
}

/// The schema of the value at `path`, references followed.
#[must_use]
pub fn at<'s>(schema: &'s Value, path: &Path) -> Option<&'s Value> {
    let found = follow(schema, field_at(schema, path)?);
    Some(found.get("then").map_or(found, |then| follow(schema, then)))
}

/// The schema of the field at `path` with the field's own description, before references.
#[must_use]
pub fn field_at<'s>(schema: &'s Value, path: &Path) -> Option<&'s Value> {
    let mut found = schema;
    for segment in path.segments() {
        let table = follow(schema, found);
        let table = table.get("then").map_or(table, |then| follow(schema, then));
        found = match segment {
            Segment::Key(key) => table
                .get("properties")
                .and_then(|properties| properties.get(key))
                .or_else(|| table.get("additionalProperties"))?,
            Segment::Index(_) => table.get("items")?,
        };
    }
    Some(found)
}

/// Follows `$ref` to the definition.
#[must_use]
pub fn follow<'s>(schema: &'s Value, mut found: &'s Value) -> &'s Value {
    while let Some(reference) = found.get("$ref").and_then(Value::as_str) {
        match schema.pointer(reference.trim_start_matches('#')) {
            Some(definition) => found = definition,
            None => break,
        }
    }
    found
}

/// The keys that a table has.
#[must_use]
pub fn keys(table: &Value) -> Vec<&str> {
    table
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

/// The words that an enumeration has.
#[must_use]
pub fn choices(schema: &Value) -> Vec<&str> {
    let plain = schema.get("enum");
    let described = schema.get("oneOf").and_then(Value::as_array);
    let mut words: Vec<&str> = plain
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for branch in described.into_iter().flatten() {
        words.extend(branch.get("const").and_then(Value::as_str));
        words.extend(
            branch["enum"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str),
        );
    }
    words
}

/// The limits of a number or of a list, in words.
#[must_use]
pub fn range(schema: &Value) -> Option<String> {
    let number = |key: &str| schema.get(key).map(ToString::to_string);
    match (number("minimum"), number("maximum")) {
        (Some(minimum), Some(maximum)) => {
            return Some(format!("a number from {minimum} to {maximum}"));
        }
        (Some(minimum), None) => return Some(format!("a number of at least {minimum}")),
        _ => {}
    }
    if schema["format"] == "date" {
        return Some("a date such as 2027-06-30, without quotes".to_owned());
    }
    match (number("minItems"), number("maxItems")) {
        (Some(minimum), Some(maximum)) => Some(format!("from {minimum} to {maximum} entries")),
        (Some(minimum), None) => Some(format!("at least {minimum} entry")),
        (None, Some(maximum)) => Some(format!("at most {maximum} entries")),
        (None, None) => None,
    }
}

/// Why a key that people expect in this table is not there.
#[must_use]
pub fn removed(table: &Path, key: &str) -> Option<&'static str> {
    let keys = table.segments().iter().filter_map(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) => None,
    });
    let table = keys.collect::<Vec<_>>().join(".");
    REMOVED
        .iter()
        .find(|(in_table, name, _)| *in_table == table && *name == key)
        .map(|(_, _, reason)| *reason)
}

/// The tables that have a key of this name, as their headings are written, in the order of the schema.
#[must_use]
pub fn tables_with(schema: &Value, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(schema, schema, "", &mut |table, path| {
        if table["properties"].get(key).is_some() {
            let heading = match path {
                "" => "the top level".to_owned(),
                path => format!("`[{path}]`"),
            };
            if !found.contains(&heading) {
                found.push(heading);
            }
        }
    });
    found
}

/// Visits every table below this one.
fn walk(whole: &Value, at: &Value, path: &str, visit: &mut impl FnMut(&Value, &str)) {
    let table = follow(whole, at);
    let table = table.get("then").map_or(table, |then| follow(whole, then));
    if let Some(items) = table.get("items") {
        walk(whole, items, path, visit);
    }
    let Some(properties) = table.get("properties").and_then(Value::as_object) else {
        return;
    };
    visit(table, path);
    for (key, value) in properties {
        let deeper = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        walk(whole, value, &deeper, visit);
    }
}
