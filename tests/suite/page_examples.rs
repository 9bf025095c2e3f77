//! What the pages show of a fleet.toml is one: what is shown is put into a sound fleet, and no rule objects.

use std::fs;

use jsonschema::Validator;
use test_support::pages::{TomlExample, toml_examples};
use test_support::pipeline::repository;
use toml::{Table, Value};
use valet_gen::diagnostic::{Diagnostic, Severity};

use crate::input_cases::{SOUND, report};

/// The keys that stand at the top of a file, by its schema.
fn top_level(schema: &str) -> Vec<String> {
    let text = fs::read_to_string(repository().join(schema)).expect("a schema");
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let keys = schema["properties"].as_object().expect("properties");
    keys.keys().cloned().collect()
}

/// What is shown, put over what is there: tables key by key, everything else as a whole.
fn put_over(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => put_over(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

/// A sound fleet with the example in it, in the two environments that pages speak of.
fn with_example(example: &Table) -> String {
    let mut fleet: Table = format!("{SOUND}[environments.staging]\n[environments.production]\n")
        .parse()
        .expect("TOML");
    put_over(&mut fleet, example.clone());
    fleet.to_string()
}

#[test]
fn a_fleet_that_a_page_shows_is_one() {
    let keys = top_level("fleet.schema.json");
    let mut tried = 0;
    for TomlExample { place, text } in toml_examples() {
        let table: Table = text
            .parse()
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        if !table.keys().all(|key| keys.contains(key)) {
            continue;
        }
        tried += 1;
        let is_whole = !text.contains("...");
        let found: Vec<Diagnostic> = report(&with_example(&table))
            .diagnostics
            .into_iter()
            .filter(|one| one.severity == Severity::Error)
            // A digest or certificate that is left out is no right one; its key still has to be there.
            .filter(|one| is_whole || one.code.starts_with("toml."))
            .collect();
        assert!(found.is_empty(), "{place}: {found:#?}");
    }
    assert!(tried >= 9, "{tried} examples are of a fleet.toml");
}

#[test]
fn worker_settings_that_a_page_shows_are_some() {
    let text = fs::read_to_string(repository().join("worker.schema.json")).expect("a schema");
    let mut schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    // A page shows a part.
    schema["required"] = serde_json::json!([]);
    let schema: Validator = jsonschema::validator_for(&schema).expect("a schema");
    let (fleet, worker) = (
        top_level("fleet.schema.json"),
        top_level("worker.schema.json"),
    );
    let mut tried = 0;
    for TomlExample { place, text } in toml_examples() {
        let table: Table = text.parse().expect("TOML");
        let is_of = |keys: &[String]| table.keys().all(|key| keys.contains(key));
        if is_of(&fleet) || !is_of(&worker) {
            continue;
        }
        tried += 1;
        let found = serde_json::to_value(&table).expect("JSON");
        let errors: Vec<String> = schema
            .iter_errors(&found)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{place}: {errors:?}");
    }
    assert!(tried >= 1, "no example is of a worker.toml");
}
