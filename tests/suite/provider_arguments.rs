//! Everything that is rendered, held against the arguments of the AWS provider 6.25: it is the newest whose list is at hand,
//! and no provider 6.x runs in these tests.

use std::collections::BTreeSet;

use serde_json::Value;
use test_support::hcl;
use test_support::pipeline::{fixture_text, rendered};

/// Arguments of Terraform's own, which every resource has.
const META: [&str; 6] = [
    "count",
    "depends_on",
    "dynamic",
    "for_each",
    "lifecycle",
    "provider",
];

const FIXTURES: [&str; 6] = [
    "example",
    "golden-full",
    "golden-minimal",
    "instances",
    "networks",
    "sizes",
];

fn schema() -> Value {
    let text = include_str!("../data/aws-provider-6.25-arguments.json");
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn provider_6_knows_every_argument_and_misses_none() {
    let schema = schema();
    let mut looked_at = BTreeSet::new();
    let mut wrong = BTreeSet::new();
    for fixture in FIXTURES {
        for (path, text) in rendered(&fixture_text(fixture)) {
            if !path.ends_with(".tf") {
                continue;
            }
            for block in hcl::tree(&text).expect("HCL").as_array().expect("a list") {
                let (Some(kind), Some(of)) = (block["block"].as_str(), block["labels"][0].as_str())
                else {
                    continue;
                };
                if kind == "resource" || kind == "data" {
                    let name = format!("{kind}.{of}");
                    wrong.extend(problems(&schema["types"][&name], &name, &block["body"]));
                    looked_at.insert(name);
                }
            }
        }
    }
    assert!(looked_at.len() > 50, "{looked_at:?}");
    assert_eq!(wrong, BTreeSet::new());
}

fn problems(of: &Value, name: &str, body: &Value) -> Vec<String> {
    if of.is_null() {
        return vec![format!("{name} is no type of the provider")];
    }
    let listed = |key: &str, argument: &str| {
        let mut names = of[key].as_array().into_iter().flatten();
        names.any(|known| known == argument)
    };
    let written = names(body);
    let unknown = written
        .iter()
        .filter(|argument| !META.contains(&argument.as_str()) && !listed("top", argument));
    let required = of["required"].as_array().into_iter().flatten();
    let missing = required
        .filter_map(Value::as_str)
        .filter(|required| !written.contains(*required));
    let mut inner = BTreeSet::new();
    for block in body.as_array().into_iter().flatten() {
        if block["block"].is_string() && block["block"] != "lifecycle" {
            nested(&block["body"], &mut inner);
        }
    }
    let strange = inner.iter().filter(|argument| {
        // The list leaves a nested name out where an argument of the resource has it too.
        let known = listed("nested", argument) || listed("top", argument);
        !["content", "for_each"].contains(&argument.as_str()) && !known
    });
    unknown
        .map(|argument| format!("{name} has no argument {argument}"))
        .chain(missing.map(|argument| format!("{name} needs {argument}")))
        .chain(strange.map(|argument| format!("{name} has no nested argument {argument}")))
        .collect()
}

/// The names of a body's attributes and blocks; a dynamic block counts as what it makes.
fn names(body: &Value) -> BTreeSet<String> {
    let structures = body.as_array().into_iter().flatten();
    structures
        .filter_map(|structure| {
            let name = if structure["block"] == "dynamic" {
                &structure["labels"][0]
            } else if structure["block"].is_string() {
                &structure["block"]
            } else {
                &structure["attribute"]
            };
            name.as_str().map(str::to_owned)
        })
        .collect()
}

fn nested(body: &Value, found: &mut BTreeSet<String>) {
    found.extend(names(body));
    for structure in body.as_array().into_iter().flatten() {
        if structure["block"].is_string() {
            nested(&structure["body"], found);
        }
    }
}
