//! What the pages show of a control.toml is one: the server's own reader takes it.

use std::fs;

use test_support::pages::{TomlExample, toml_examples};
use toml::Table;
use valet_control::config::Config;

/// Tables that no other file of the project has.
const TABLES: [&str; 7] = [
    "aws", "database", "fleets", "hatchet", "identity", "page", "reaper",
];

#[test]
fn a_configuration_that_a_page_shows_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("control.toml");
    let mut tried = 0;
    for TomlExample { place, text } in toml_examples() {
        let table: Table = text
            .parse()
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        if !TABLES.iter().any(|key| table.contains_key(*key)) {
            continue;
        }
        tried += 1;
        fs::write(&file, &text).expect("a file");
        if let Err(error) = Config::load(&file) {
            panic!("{place}: {error}");
        }
    }
    assert!(tried >= 3, "{tried} examples are of a control.toml");
}
