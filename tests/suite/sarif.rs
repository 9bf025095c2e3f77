//! SARIF of every command is what the standard's own JSON Schema says, formats of its texts included.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::tempdir;
use test_support::cli::valet_gen;
use test_support::folders::repository;
use valet_gen::diagnostic::{DiagnosticFormat, Severity, print};
use valet_gen::review::{review, terraform_plan};

use crate::plan_review::{plan_file, plan_of};

static URI_REFERENCE: LazyLock<Validator> = LazyLock::new(|| {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .should_validate_formats(true)
        .build(&json!({ "format": "uri-reference" }))
        .expect("a schema")
});

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let path = repository().join("tests/data/sarif-2.1.0.schema.json");
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(path).expect("readable")).expect("JSON");
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        .should_validate_formats(true)
        // The draft does not know this format, which a later one has.
        .with_format("uri-reference", |text| URI_REFERENCE.is_valid(&json!(text)))
        .build(&schema)
        .expect("a schema")
});

/// What the schema has against a document.
fn errors(document: &Value) -> Vec<String> {
    SCHEMA
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Whether each result's rule is one of the rules of its run, which a schema cannot say.
fn assert_sarif(text: &str, results: usize) -> Value {
    let document: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(errors(&document), Vec::<String>::new(), "{text}");
    let run = &document["runs"][0];
    let found = run["results"].as_array().expect("a list");
    assert!(found.len() >= results, "{text}");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("a list");
    for result in found {
        assert!(
            rules.iter().any(|rule| rule["id"] == result["ruleId"]),
            "{result:#}"
        );
    }
    document
}

const FLEET: &str = crate::input_cases::SOUND;

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("written");
}

#[test]
fn every_command_that_prints_sarif_keeps_to_its_schema() {
    let whole = tempdir().expect("a folder");
    let folder = whole.path();
    let sarif = |arguments: &[&str], code: i32, results: usize| {
        let run = valet_gen(folder, [arguments, &["--format", "sarif"]].concat());
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.stderr);
        assert_sarif(&run.stdout, results);
    };
    write(folder, "fleet.toml", FLEET);
    write(
        folder,
        "larger disk.toml",
        &FLEET.replace("types = [", "root_volume = { volume_size = 70 }\ntypes = ["),
    );
    let broken = format!("{FLEET}[network]\ncidr_block = \"10.40.0.0/99\"\nsurprise = 1\n");
    write(folder, "broken.toml", &broken);
    sarif(&["validate", "fleet.toml"], 0, 0);
    sarif(&["validate", "broken.toml"], 1, 2);
    let absolute = folder.join("broken.toml").display().to_string();
    sarif(&["validate", &absolute], 1, 2);
    sarif(&["diff", "fleet.toml", "fleet.toml"], 0, 0);
    sarif(&["diff", "fleet.toml", "larger disk.toml"], 0, 1);
    for (plan, code, results) in [
        ("unchanged.json", 0, 0),
        ("volume_size.json", 0, 1),
        ("cidr_block.json", 0, 30),
        ("secret_removed.json", 41, 2),
    ] {
        sarif(&["plan-review", &plan_file(plan)], code, results);
    }
    sarif(&["audit", "fleet.toml"], 0, 0);
}

#[test]
fn the_schema_refuses_what_is_no_sarif() {
    let text = print(&[], DiagnosticFormat::Sarif, false);
    let right = assert_sarif(&text, 0);
    for (pointer, value) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/tool/driver/name", json!(1)),
        ("/runs/0/columnKind", json!("bytes")),
        ("/runs/0/results", json!([{ "level": "error" }])),
        (
            "/runs/0/results",
            json!([{ "message": { "text": "x" }, "level": "fatal" }]),
        ),
        (
            "/runs/0/results",
            json!([{ "message": { "text": "x" }, "locations": [
                { "physicalLocation": { "artifactLocation": { "uri": "a b" } } }
            ] }]),
        ),
        (
            "/runs/0/results",
            json!([{ "message": { "text": "x" }, "locations": [
                { "physicalLocation": { "artifactLocation": { "uri": "a" }, "region": { "startLine": 0 } } }
            ] }]),
        ),
    ] {
        let mut wrong = right.clone();
        *wrong.pointer_mut(pointer).expect(pointer) = value;
        assert!(!errors(&wrong).is_empty(), "{wrong:#}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a resource is called, its finding is one result, with its address as it is.
    #[test]
    fn a_hostile_address_stays_one_result(key in "\\PC{0,24}", control in any::<Vec<char>>()) {
        let key: String = key.chars().chain(control).collect();
        let address = format!("aws_ssm_parameter.secret[{}]", json!(key));
        let plan = plan_of(&[json!({
            "address": address, "mode": "managed", "type": "aws_ssm_parameter", "name": "secret",
            "change": { "actions": ["delete"], "before": {}, "after": null },
        })]);
        let plan = terraform_plan::read(&plan).expect("a plan");
        let review = review(&plan, None, &[], jiff::civil::date(2026, 9, 1));
        prop_assert_eq!(review.count(Severity::Error), 1);
        let text = print(std::slice::from_ref(&review.report), DiagnosticFormat::Sarif, false);
        let document = assert_sarif(&text, 2);
        let results = document["runs"][0]["results"].as_array().expect("a list");
        prop_assert_eq!(results.len(), 2);
        for result in results {
            prop_assert_eq!(&result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], &json!(address));
        }
    }
}
