//! The OpenAPI document, and the registry of problems.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use valet_control::http::document;
use valet_control::problem::ProblemKind;

#[test]
fn the_committed_document_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let text = format!("{:#}\n", document());
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, &text).expect("written");
    }
    let committed = std::fs::read_to_string(&path).expect("committed");
    assert_eq!(committed, text, "write it again with `just bless`");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name: String = part
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        assert!(
            document["components"]["schemas"].get(&name).is_some(),
            "{name}"
        );
    }
}

/// The numbers of commands, and where the document says which the server takes.
const NUMBERS: [(&str, &str); 13] = [
    (
        "drain i-1 --reason r --within-seconds",
        "/components/schemas/NewOrder/properties/withinSeconds",
    ),
    (
        "drain i-1 --reason r --expires-seconds",
        "/components/schemas/NewOrder/properties/expiresSeconds",
    ),
    (
        "resume i-1 --reason r --expires-seconds",
        "/components/schemas/NewOrder/properties/expiresSeconds",
    ),
    (
        "restart i-1 --reason r --within-seconds",
        "/components/schemas/NewRestart/properties/withinSeconds",
    ),
    (
        "restart i-1 --reason r --expires-seconds",
        "/components/schemas/NewRestart/properties/expiresSeconds",
    ),
    (
        "hold i-1 --reason r --for-seconds",
        "/components/schemas/NewHold/properties/forSeconds",
    ),
    (
        "hold i-1 --reason r --for-seconds 1 --within-seconds",
        "/components/schemas/NewHold/properties/withinSeconds",
    ),
    (
        "decommission i-1 --replace --reason r --within-seconds",
        "/components/schemas/NewDecommission/properties/withinSeconds",
    ),
    (
        "release --host i-1 --reason r --seconds",
        "/components/schemas/Release/properties/seconds",
    ),
    (
        "keys retire k-1 --reason r --after-seconds",
        "/components/schemas/RetiredKey/properties/afterSeconds",
    ),
    (
        "events --for-seconds",
        "/paths/~1api~1v1~1events/get/forSeconds",
    ),
    ("sessions --limit", "/paths/~1api~1v1~1sessions/get/limit"),
    ("audit --limit", "/paths/~1api~1v1~1audit/get/limit"),
];

/// The schema at a place of the document. A parameter is named in place of its number.
fn schema<'a>(document: &'a Value, place: &str) -> &'a Value {
    if let Some(schema) = document.pointer(place) {
        return schema;
    }
    let (operation, name) = place.rsplit_once('/').expect("a place");
    let parameters = document.pointer(operation).expect(operation)["parameters"].as_array();
    let mut parameters = parameters.expect(operation).iter();
    &parameters.find(|one| one["name"] == name).expect(place)["schema"]
}

/// `drain --within-seconds` of every command that has a number of seconds or entries.
fn numbers(command: &clap::Command, name: &str, found: &mut BTreeSet<String>) {
    for argument in command.get_arguments() {
        let long = argument.get_long().unwrap_or_default();
        if long.ends_with("seconds") || long == "limit" {
            found.insert(format!("{name}--{long}"));
        }
    }
    for command in command.get_subcommands() {
        numbers(command, &format!("{name}{} ", command.get_name()), found);
    }
}

#[test]
fn the_commands_take_the_numbers_that_the_document_has() {
    let document = document();
    let takes = |words: &str, number: i64| {
        let typed = format!("valet-control {words} {number}");
        valet_control::cli::command()
            .try_get_matches_from(typed.split(' '))
            .is_ok()
    };
    for (words, place) in NUMBERS {
        let schema = schema(&document, place);
        let bound = |name: &str| schema[name].as_i64().expect(place);
        let (least, most) = (bound("minimum"), bound("maximum"));
        for (number, expected) in [
            (least - 1, false),
            (least, true),
            (most, true),
            (most + 1, false),
        ] {
            assert_eq!(takes(words, number), expected, "{words} {number}");
        }
    }
    // And there is no other.
    let mut found = BTreeSet::new();
    numbers(&valet_control::cli::command(), "", &mut found);
    let known = NUMBERS.into_iter().map(|(words, _)| {
        let all: Vec<&str> = words.split(' ').collect();
        let named = if all[0] == "keys" { 2 } else { 1 };
        format!("{} {}", all[..named].join(" "), all[all.len() - 1])
    });
    assert_eq!(found, known.collect());
    // What is made with access to the database has the same end.
    let lifetime = schema(
        &document,
        "/components/schemas/NewToken/properties/lifetimeSeconds",
    );
    let days = lifetime["maximum"].as_i64().expect("a maximum") / (24 * 3600);
    assert!(
        takes("token create robot --days", days) && !takes("token create robot --days", days + 1)
    );
}

#[test]
fn every_problem_has_a_code_of_its_own_and_a_status() {
    let codes: BTreeSet<&str> = ProblemKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), ProblemKind::ALL.len());
    for kind in ProblemKind::ALL {
        assert!((400..600).contains(&kind.status()), "{kind:?}");
        assert!(
            !kind.help().is_empty() && !kind.title().is_empty(),
            "{kind:?}"
        );
    }
}
