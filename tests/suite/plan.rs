//! The plan is nobody's: it says what the fleet is, in AWS's words, and every reader of it spells
//! that in its own way. So two plans can be compared, and printed.

use std::collections::BTreeSet;

use serde_json::Value;
use test_support::fields::plan;
use test_support::pipeline::{fixture_text, plan_of};
use valet_gen::resolve::{ENTRY_KEYS, Plan};

/// Plans that between them have everything on: every key, and a network of either kind.
fn plans() -> [Plan; 3] {
    let of = |name: &str| plan_of(&fixture_text(name));
    [of("golden-minimal"), of("golden-full"), plan()]
}

/// Every text and every number of a value with its path; keys of tables are texts too.
fn leaves(value: &Value, at: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| leaves(item, &format!("{at}[]"), found)),
        Value::Object(entries) => {
            for (key, value) in entries {
                let at = format!("{at}.{key}").trim_start_matches('.').to_owned();
                found.push((at.clone(), key.clone()));
                leaves(value, &at, found);
            }
        }
        Value::String(text) => found.push((at.to_owned(), text.clone())),
        Value::Number(number) => found.push((at.to_owned(), number.to_string())),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The spelling of Terraform in a text, if there is any.
fn terraform_spelling(text: &str) -> Option<&'static str> {
    let is_number_below_zero = text.starts_with('-') && text.parse::<f64>().is_ok();
    [
        (text.contains("aws_"), "a resource type"),
        (text.contains("${"), "an interpolation"),
        (text.contains("data."), "the address of a data source"),
        (is_number_below_zero, "a number that stands for nothing"),
    ]
    .into_iter()
    .find_map(|(found, what)| found.then_some(what))
}

/// The text without each `${...}` that fleet.toml has.
fn without_declared(text: &str, fleet: &str) -> String {
    let mut kept = String::new();
    let mut pieces = text.split("${");
    kept.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let inside = piece.split('}').next().unwrap_or_default();
        if !fleet.contains(&format!("${{{inside}}}")) {
            kept.push_str("${");
        }
        kept.push_str(piece);
    }
    kept
}

#[test]
fn no_spelling_of_terraform_is_in_the_plan() {
    let mut looked_at = 0;
    // What the fixtures type is text, and stays as it was typed.
    let declared = [fixture_text("golden-minimal"), fixture_text("golden-full")].concat();
    for plan in plans() {
        let tree = serde_json::to_value(&plan).expect("plain data");
        let mut found = Vec::new();
        leaves(&tree, "", &mut found);
        for (path, text) in found {
            // A key of fleet.toml.
            if text == "aws_provider" {
                continue;
            }
            // Commands of bash, which has `${` of its own.
            if path == "environments[].image.checks[].run" {
                continue;
            }
            let text = without_declared(&text, &declared);
            assert_eq!(terraform_spelling(&text), None, "{path}: {text}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 3_000, "only {looked_at} values");
}

#[test]
fn a_spelling_of_terraform_would_be_seen() {
    for text in ["aws_vpc.fleet", "${var.x}", "data.aws_vpc.fleet", "-1"] {
        assert!(terraform_spelling(text).is_some(), "{text}");
    }
    for text in ["valet-production", "60", "-a", "/valet/production"] {
        assert_eq!(terraform_spelling(text), None, "{text}");
    }
}

/// A list of tables whose entries have no key can only be compared by position: one entry more
/// would look like a change of all that follow.
#[test]
fn every_entry_of_a_list_has_a_key_of_its_own() {
    let mut seen = BTreeSet::new();
    for plan in plans() {
        let tree = serde_json::to_value(&plan).expect("plain data");
        keyed(&tree, "", &mut seen);
    }
    let known: BTreeSet<String> = ENTRY_KEYS.iter().map(|key| key.list.to_owned()).collect();
    assert_eq!(seen, known, "every list of tables has a key, and no other");
}

fn keyed(value: &Value, at: &str, seen: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                keyed(value, format!("{at}.{key}").trim_start_matches('.'), seen);
            }
        }
        Value::Array(items) => {
            if items.first().is_some_and(Value::is_object) {
                let entry = ENTRY_KEYS.iter().find(|entry| entry.list == at);
                let entry = entry.unwrap_or_else(|| panic!("no key for the entries of {at}"));
                let pointer = format!("/{}", entry.key.replace('.', "/"));
                let keys: Vec<&Value> = items
                    .iter()
                    .map(|item| item.pointer(&pointer).expect("every entry has its key"))
                    .collect();
                for (index, key) in keys.iter().enumerate() {
                    assert!(!keys[..index].contains(key), "{at}: {key} is there twice");
                }
                seen.insert(at.to_owned());
            }
            for item in items {
                keyed(item, &format!("{at}[]"), seen);
            }
        }
        _ => {}
    }
}

#[test]
fn the_same_fleet_gives_the_same_plan_and_another_one_another() {
    let text = fixture_text("golden-minimal");
    let plan = plan_of(&text);
    assert_eq!(plan, plan_of(&text));
    // What only the agent and only the cost estimate see is a part of it too.
    for change in [
        "[worker.self_heal]\nrestart_limit = 7\n",
        "[cost]\nexpected_load_percent = 70\n",
        "[scaling]\nmax_size = 11\n",
    ] {
        let other = plan_of(&format!("{text}{change}"));
        assert_ne!(plan, other, "{change}");
        let json = |plan: &Plan| serde_json::to_string(plan).expect("plain data");
        assert_ne!(json(&plan), json(&other), "{change}");
    }
}
