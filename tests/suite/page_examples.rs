//! What the pages show of a fleet.toml is one: what is shown is put into a sound fleet, and no rule objects.

use std::fs;
use std::path::PathBuf;

use jsonschema::Validator;
use test_support::pipeline::repository;
use toml::{Table, Value};
use valet_gen::diagnostic::{Diagnostic, Severity};

use crate::input_cases::{SOUND, report};
use crate::pages::pages;

/// A block of TOML on a page.
struct Example {
    /// The page and the number of the block's first line.
    place: String,
    text: String,
}

/// The blocks of TOML of a page.
fn examples(page: &str, text: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.trim_start() == "```toml" {
            let block: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim_start() != "```")
                .collect();
            examples.push(Example {
                place: format!("{page}:{}", index + 2),
                text: block.join("\n"),
            });
        }
    }
    examples
}

/// The blocks of all pages.
fn all() -> Vec<Example> {
    let of_page = |page: PathBuf| {
        let text = fs::read_to_string(&page).expect("UTF-8");
        examples(&page.display().to_string(), &text)
    };
    pages().into_iter().flat_map(of_page).collect()
}

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
    for Example { place, text } in all() {
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
    for Example { place, text } in all() {
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
