//! The schema of what one environment overrides.
//!
//! Tables merge key by key, so an overlay need not repeat what a table requires. A list is
//! replaced as a whole, and an entry of it is complete or wrong there as everywhere.

use serde_json::{Map, Value, json};

/// The tables that belong to the account or to the whole file.
const NOT_OVERRIDABLE: [&str; 3] = ["valet_gen", "audit", "plan_waiver"];

/// The name of the definition that [`add`] adds.
pub const OVERLAY: &str = "Overlay";

/// Adds the overlay, and the definitions that it needs, to the schema's.
pub fn add(schema: &mut Value) {
    let mut relaxed = Relaxed {
        definitions: schema["$defs"].as_object().cloned().unwrap_or_default(),
        added: Map::new(),
    };
    let mut properties = Map::new();
    for (name, table) in schema["properties"].as_object().into_iter().flatten() {
        if NOT_OVERRIDABLE.contains(&name.as_str()) {
            continue;
        }
        let mut table = relaxed.value(table);
        // What is left out is what the file says, and not the default.
        if let Some(table) = table.as_object_mut() {
            table.remove("default");
        }
        properties.insert(name.clone(), table);
    }
    let overlay = json!({
        "description": "The tables that differ in one environment.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    relaxed.added.insert(OVERLAY.to_owned(), overlay);
    if let Some(definitions) = schema["$defs"].as_object_mut() {
        definitions.extend(relaxed.added);
    }
}

/// Copies of definitions, without what they require.
struct Relaxed {
    definitions: Map<String, Value>,
    added: Map<String, Value>,
}

impl Relaxed {
    /// The schema of a value that may be merged over another.
    fn value(&mut self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        let Some(object) = schema.as_object_mut() else {
            return schema;
        };
        object.remove("required");
        if let Some(name) = object.get("$ref").and_then(Value::as_str) {
            let name = name.trim_start_matches("#/$defs/").to_owned();
            if self.requires(&self.definitions[&name]) {
                let reference = format!("#/$defs/{}", self.definition(&name));
                object.insert("$ref".to_owned(), json!(reference));
            }
        }
        if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
            for property in properties.values_mut() {
                *property = self.value(property);
            }
        }
        // Values of a map, and a table that may stand where a word does.
        for key in ["additionalProperties", "then"] {
            if let Some(inner) = object.get_mut(key) {
                *inner = self.value(inner);
            }
        }
        schema
    }

    /// Adds the relaxed copy of a definition and gives its name.
    fn definition(&mut self, name: &str) -> String {
        let relaxed = format!("{name}{OVERLAY}");
        if !self.added.contains_key(&relaxed) {
            self.added.insert(relaxed.clone(), Value::Null);
            let copy = self.value(&self.definitions[name].clone());
            self.added.insert(relaxed.clone(), copy);
        }
        relaxed
    }

    /// Whether a value requires anything that an overlay need not repeat.
    fn requires(&self, schema: &Value) -> bool {
        let required = schema["required"].as_array();
        let of_itself = required.is_some_and(|keys| !keys.is_empty());
        let named = schema["$ref"].as_str().is_some_and(|name| {
            self.requires(&self.definitions[name.trim_start_matches("#/$defs/")])
        });
        let properties = schema["properties"].as_object();
        let of_properties = properties
            .is_some_and(|properties| properties.values().any(|value| self.requires(value)));
        let of_others = ["additionalProperties", "then"]
            .iter()
            .filter_map(|key| schema.get(key))
            .any(|value| self.requires(value));
        of_itself || named || of_properties || of_others
    }
}
