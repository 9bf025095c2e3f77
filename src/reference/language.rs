//! docs/fleet-toml.md: every key of the language, from the schema.

use std::fmt::Write as _;

use serde_json::Value;

use super::NOTICE;
use crate::fleet::schema;

/// The page.
pub fn page() -> String {
    let schema = schema::of_file();
    let mut page = format!(
        "{NOTICE}# fleet.toml\n\n\
         Every key, from the types that read it. A key that is left out has the default shown.\n\n\
         An editor that knows JSON Schema for TOML checks the file while it is typed, when its \
         first line is `#:schema ./fleet.schema.json`.\n"
    );
    let properties = schema["properties"].as_object();
    for (name, field) in properties.into_iter().flatten() {
        let inner = schema::follow(&schema, field);
        let description = text(field, inner);
        match kind(inner) {
            Kind::Table => {
                table(
                    &mut page,
                    &schema,
                    &format!("[{name}]"),
                    &description,
                    inner,
                );
            }
            Kind::ListOf(item) if is_table(&schema, item) => {
                let item = schema::follow(&schema, item);
                table(
                    &mut page,
                    &schema,
                    &format!("[[{name}]]"),
                    &description,
                    item,
                );
            }
            Kind::MapOf(item) if name != "environments" => {
                let heading = format!("[{name}.<name>]");
                table(
                    &mut page,
                    &schema,
                    &heading,
                    &description,
                    schema::follow(&schema, item),
                );
            }
            _ => {
                let _ = write!(page, "\n## {name}\n\n{description}\n");
            }
        }
    }
    page
}

/// What a value is made of.
enum Kind<'s> {
    Table,
    ListOf(&'s Value),
    MapOf(&'s Value),
    Plain,
}

fn kind(schema: &Value) -> Kind<'_> {
    if schema.get("properties").is_some() {
        Kind::Table
    } else if let Some(items) = schema.get("items") {
        Kind::ListOf(items)
    } else if let Some(values) = schema
        .get("additionalProperties")
        .filter(|values| values.is_object())
    {
        Kind::MapOf(values)
    } else {
        Kind::Plain
    }
}

fn is_table(schema: &Value, item: &Value) -> bool {
    matches!(kind(schema::follow(schema, item)), Kind::Table)
}

/// One table with its keys, and after it the tables that its keys hold.
fn table(page: &mut String, schema: &Value, heading: &str, description: &str, table: &Value) {
    let _ = write!(page, "\n## {heading}\n\n{description}\n");
    let required: Vec<&str> = table["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut inner_tables = Vec::new();
    page.push_str("\n| key | type | default | meaning |\n|---|---|---|---|\n");
    for (key, field) in table["properties"].as_object().into_iter().flatten() {
        let inner = schema::follow(schema, field);
        let default = match field.get("default") {
            _ if required.contains(&key.as_str()) => "**required**".to_owned(),
            Some(default) if !default.is_object() => format!("`{default}`"),
            _ => String::new(),
        };
        let _ = writeln!(
            page,
            "| `{key}` | {} | {} | {} |",
            type_words(schema, inner),
            default.replace('|', "\\|"),
            cell(&text(field, inner)),
        );
        let of_table = match kind(inner) {
            Kind::Table => Some((format!("{heading} {key}"), inner)),
            Kind::ListOf(item) | Kind::MapOf(item) if is_table(schema, item) => Some((
                format!("{heading} {key}, each entry"),
                schema::follow(schema, item),
            )),
            _ => inner.get("then").map(|then| {
                (
                    format!("{heading} {key}, as a table"),
                    schema::follow(schema, then),
                )
            }),
        };
        inner_tables.extend(of_table);
    }
    for (name, inner) in inner_tables {
        let description = text(inner, inner);
        self::table(page, schema, &name, &description, inner);
    }
}

/// The documentation of a field, or else of its type.
fn text(field: &Value, inner: &Value) -> String {
    let own = field
        .get("description")
        .or_else(|| inner.get("description"));
    own.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn cell(text: &str) -> String {
    text.replace("\n\n", "<br>")
        .replace('\n', " ")
        .replace('|', "\\|")
}

fn type_words(schema: &Value, inner: &Value) -> String {
    let choices = schema::choices(inner);
    if !choices.is_empty() {
        let words: Vec<String> = choices.iter().map(|word| format!("`\"{word}\"`")).collect();
        return words.join(" or ");
    }
    match kind(inner) {
        Kind::Table => "table".to_owned(),
        Kind::ListOf(item) => {
            let item = schema::follow(schema, item);
            let words = if is_table(schema, item) {
                "table".to_owned()
            } else {
                type_words(schema, item)
            };
            format!("list of {words}")
        }
        Kind::MapOf(item) => format!(
            "table of {}",
            type_words(schema, schema::follow(schema, item))
        ),
        Kind::Plain => match (&inner["type"], schema::range(inner)) {
            (Value::Array(_), _) => "string or table".to_owned(),
            (_, Some(range)) if inner["type"] == "integer" => range.replace("a number", "integer"),
            (_, Some(range)) => range,
            (Value::String(name), None) => name.clone(),
            _ => "any".to_owned(),
        },
    }
}
