//! docs/fleet-toml.md: every key of the language, from the schema.

use std::fmt::Write as _;

use serde_json::Value;

use super::notice::notice;
use crate::fleet::image_keys::shapes_image;
use crate::fleet::schema;

/// A fleet that is complete, for the head of the page.
const EXAMPLE: &str = "\
valet_gen = \"0.1\"
[fleet]
name = \"valet\"
region = \"us-east-1\"
[instances]
types = [{ instance_type = \"m7i.large\" }, { instance_type = \"m6i.large\" }]
";

/// How environments look, which no table of keys shows.
const ENVIRONMENTS: &str = "\
[environments.staging]
[environments.production.network]
nat_gateways = \"per_zone\"
[environments.production.scaling]
min_size = 2
";

/// The page.
pub fn page() -> String {
    let schema = schema::of_file();
    let tables = top_tables(&schema);
    let mut page = format!(
        "{}# fleet.toml\n\n\
         One file says what a fleet is. These lines are a complete one:\n\n\
         ```toml\n{EXAMPLE}```\n\n\
         Everything else has a default. A key without one may be left out as well, and its meaning \
         says what happens then. Only what is **required** has to be typed, where its table is.\n\n\
         A key that **shapes the image** takes effect with a new image. Environments that are equal in these keys \
         have the same image, and one AMI serves them all; every other key takes effect with `terraform apply`.\n\n\
         An editor that knows JSON Schema for TOML checks the file while it is typed, when its \
         first line is `#:schema ./fleet.schema.json`.\n\nTables:\n\n",
        notice("src/fleet")
    );
    for (heading, description, _) in &tables {
        let meaning = description.split("\n\n").next().unwrap_or_default();
        let _ = writeln!(page, "- [`{heading}`](#{}) {meaning}", anchor(heading));
    }
    for (heading, description, content) in tables {
        section(&mut page, 2, &heading, &description);
        if let Some(content) = content {
            keys(&mut page, &schema, &heading, content);
        }
        if heading.starts_with("[environments") {
            let _ = write!(page, "\n```toml\n{ENVIRONMENTS}```\n");
        }
    }
    page
}

/// Every top-level key as a heading, with its documentation and what it holds.
fn top_tables(schema: &Value) -> Vec<(String, String, Option<&Value>)> {
    let properties = schema["properties"].as_object();
    properties
        .into_iter()
        .flatten()
        .map(|(name, field)| {
            let inner = schema::follow(schema, field);
            let (heading, content) = match kind(inner) {
                FieldKind::Table => (format!("[{name}]"), Some(inner)),
                FieldKind::ListOf(item) => {
                    (format!("[[{name}]]"), Some(schema::follow(schema, item)))
                }
                FieldKind::MapOf(_) if name == "environments" => (format!("[{name}.NAME]"), None),
                FieldKind::MapOf(item) => {
                    (format!("[{name}.NAME]"), Some(schema::follow(schema, item)))
                }
                FieldKind::Plain => (name.clone(), None),
            };
            (heading, text(field, inner), content)
        })
        .collect()
}

fn section(page: &mut String, level: usize, heading: &str, description: &str) {
    let _ = write!(
        page,
        "\n{} `{heading}`\n\n{description}\n",
        "#".repeat(level)
    );
}

/// What GitHub and other readers of Markdown call a heading.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || "-_".contains(*letter);
    heading.to_lowercase().chars().filter(kept).collect()
}

/// What a value is made of.
enum FieldKind<'s> {
    Table,
    ListOf(&'s Value),
    MapOf(&'s Value),
    Plain,
}

fn kind(schema: &Value) -> FieldKind<'_> {
    if schema.get("properties").is_some() {
        FieldKind::Table
    } else if let Some(items) = schema.get("items") {
        FieldKind::ListOf(items)
    } else if let Some(values) = schema
        .get("additionalProperties")
        .filter(|values| values.is_object())
    {
        FieldKind::MapOf(values)
    } else {
        FieldKind::Plain
    }
}

fn is_table(schema: &Value, item: &Value) -> bool {
    matches!(kind(schema::follow(schema, item)), FieldKind::Table)
}

/// The keys of a table, and after them the tables that they hold.
fn keys(page: &mut String, schema: &Value, heading: &str, table: &Value) {
    let required: Vec<&str> = table["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let path = heading.trim_matches(['[', ']']);
    let mut inner_tables = Vec::new();
    page.push_str("\n| key | type | default | meaning |\n|---|---|---|---|\n");
    for (key, field) in table["properties"].as_object().into_iter().flatten() {
        let inner = schema::follow(schema, field);
        let of_table = inner_table(schema, &format!("{path}.{key}"), inner);
        let default = match field.get("default") {
            _ if required.contains(&key.as_str()) => "**required**".to_owned(),
            // An empty list that has to have an entry is no default.
            Some(Value::Array(none)) if none.is_empty() && inner["minItems"] == 1 => {
                "**required**".to_owned()
            }
            Some(default) if !default.is_object() => format!("`{}`", toml_of(default)),
            _ => String::new(),
        };
        let link = of_table.as_ref().map(|(heading, _)| anchor(heading));
        let _ = writeln!(
            page,
            "| `{key}` | {} | {} | {} |",
            type_words(schema, inner, link.as_deref()),
            default.replace('|', "\\|"),
            meaning(&format!("{path}.{key}"), field, inner),
        );
        inner_tables.extend(of_table);
    }
    for (heading, inner) in inner_tables {
        section(page, 3, &heading, &text(inner, inner));
        keys(page, schema, &heading, inner);
    }
}

/// The heading and the schema of the table that a key holds, if it holds one.
fn inner_table<'s>(schema: &'s Value, path: &str, inner: &'s Value) -> Option<(String, &'s Value)> {
    match kind(inner) {
        FieldKind::Table => Some((format!("[{path}]"), inner)),
        FieldKind::ListOf(item) if is_table(schema, item) => {
            Some((format!("[[{path}]]"), schema::follow(schema, item)))
        }
        FieldKind::MapOf(item) if is_table(schema, item) => {
            Some((format!("[{path}.NAME]"), schema::follow(schema, item)))
        }
        _ => {
            let then = inner.get("then")?;
            Some((format!("[{path}]"), schema::follow(schema, then)))
        }
    }
}

/// The documentation of a field, or else of its type.
fn text(field: &Value, inner: &Value) -> String {
    let own = field
        .get("description")
        .or_else(|| inner.get("description"));
    own.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The last cell of a key's line.
fn meaning(key: &str, field: &Value, inner: &Value) -> String {
    let cell = cell(&text(field, inner), inner);
    if shapes_image(key) {
        format!("{cell}<br>**Shapes the image.**")
    } else {
        cell
    }
}

/// The documentation in one cell, with that of each word that may be chosen.
fn cell(text: &str, inner: &Value) -> String {
    let mut cell = text.to_owned();
    for choice in inner["oneOf"].as_array().into_iter().flatten() {
        if let (Some(word), Some(meaning)) =
            (choice["const"].as_str(), choice["description"].as_str())
        {
            let _ = write!(cell, "\n\n`\"{word}\"`: {meaning}");
        }
    }
    cell.replace("\n\n", "<br>")
        .replace('\n', " ")
        .replace('|', "\\|")
}

/// What a value is, in words; `link` leads to the table that it is or has.
fn type_words(schema: &Value, inner: &Value, link: Option<&str>) -> String {
    let choices = schema::choices(inner);
    if !choices.is_empty() {
        let words: Vec<String> = choices.iter().map(|word| format!("`\"{word}\"`")).collect();
        return words.join(" or ");
    }
    let linked = |word: &str| match link {
        Some(anchor) => format!("[{word}](#{anchor})"),
        None => word.to_owned(),
    };
    match kind(inner) {
        FieldKind::Table => linked("table"),
        FieldKind::ListOf(item) if is_table(schema, item) => {
            format!("list of {}", linked("tables"))
        }
        FieldKind::ListOf(item) => {
            let item = schema::follow(schema, item);
            let words = type_words(schema, item, None);
            format!("list of {}", plural(&words))
        }
        FieldKind::MapOf(item) => {
            let words = type_words(schema, schema::follow(schema, item), None);
            format!("table of {}", plural(&words))
        }
        FieldKind::Plain => match (&inner["type"], schema::range(inner)) {
            (Value::Array(_), _) => format!("string or {}", linked("table")),
            _ if inner["format"] == "date" => "date".to_owned(),
            (Value::String(name), Some(range)) => {
                format!(
                    "{name}{}",
                    range.trim_start_matches("a number").replace(".0", "")
                )
            }
            (Value::String(name), None) => name.clone(),
            _ => "any".to_owned(),
        },
    }
}

/// Words stand as they are; types have a plural.
fn plural(words: &str) -> String {
    if words.starts_with('`') {
        words.to_owned()
    } else {
        format!("{words}s")
    }
}

/// A default as it would be typed.
fn toml_of(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_of).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key} = {}", toml_of(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}
