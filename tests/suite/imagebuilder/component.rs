//! The component, as AWSTOE reads it: a YAML document of phases and steps.
//!
//! The rules are those of "Use the AWSTOE component document framework", in EC2 Image Builder's
//! user guide.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Documents, documents};

/// The document, by a parser of YAML and not of JSON.
fn parsed(documents: &Documents) -> Value {
    serde_norway::from_str(&documents.component).expect("YAML")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn keys(value: &Value) -> BTreeSet<&str> {
    let members = value.as_object().expect("a map");
    members.keys().map(String::as_str).collect()
}

fn steps(document: &Value) -> Vec<&Value> {
    let phases = list(&document["phases"]).iter();
    phases.flat_map(|phase| list(&phase["steps"])).collect()
}

#[test]
fn it_has_the_form_of_a_component() {
    for documents in documents() {
        let document = parsed(&documents);
        assert_eq!(document["schemaVersion"], 1.0);
        let known = [
            "name",
            "description",
            "schemaVersion",
            "parameters",
            "phases",
        ];
        assert_eq!(keys(&document), BTreeSet::from(known));
        let phases: Vec<&Value> = (list(&document["phases"]).iter())
            .map(|phase| &phase["name"])
            .collect();
        assert_eq!(phases, ["build", "validate", "test"]);
        let mut names = BTreeSet::new();
        for step in steps(&document) {
            let known = [
                "name",
                "action",
                "timeoutSeconds",
                "onFailure",
                "maxAttempts",
                "inputs",
            ];
            assert_eq!(keys(step), BTreeSet::from(known));
            let name = step["name"].as_str().expect("a name");
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            assert!(name.chars().all(is_name) && name.len() <= 128, "{name}");
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            assert!(step["timeoutSeconds"].as_u64().expect("seconds") > 0);
            assert!((1..=10).contains(&step["maxAttempts"].as_u64().expect("a number")));
            assert_eq!(step["onFailure"], "Abort", "{name}");
        }
    }
}

#[test]
fn every_action_gets_the_inputs_that_it_takes() {
    for documents in documents() {
        for step in steps(&parsed(&documents)) {
            let name = &step["name"];
            match step["action"].as_str() {
                Some("ExecuteBash") => {
                    assert_eq!(
                        keys(&step["inputs"]),
                        BTreeSet::from(["commands"]),
                        "{name}"
                    );
                    let commands = list(&step["inputs"]["commands"]);
                    assert!(commands.iter().all(Value::is_string), "{name}");
                }
                Some("S3Download") => {
                    for input in list(&step["inputs"]) {
                        let known = BTreeSet::from(["source", "destination", "overwrite"]);
                        assert_eq!(keys(input), known, "{name}");
                    }
                }
                Some("S3Upload") => {
                    for input in list(&step["inputs"]) {
                        assert_eq!(
                            keys(input),
                            BTreeSet::from(["source", "destination"]),
                            "{name}"
                        );
                    }
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

/// `CreateComponent` takes 16,000 characters in `data`.
#[test]
fn it_fits_into_the_request() {
    for documents in documents() {
        let characters = documents.component.chars().count();
        assert!(characters < 16_000, "{characters}");
    }
}

/// A `{{ }}` that names no parameter stays as it is, and a step would be run with it.
#[test]
fn every_parameter_is_declared_and_read() {
    for documents in documents() {
        let document = parsed(&documents);
        let mut declared = BTreeSet::new();
        for parameter in list(&document["parameters"]) {
            for (name, about) in parameter.as_object().expect("a map") {
                assert_eq!(keys(about), BTreeSet::from(["type", "description"]));
                assert_eq!(about["type"], "string");
                declared.insert(name.clone());
            }
        }
        let text = document["phases"].to_string();
        let read: BTreeSet<String> = (text.split("{{ ").skip(1))
            .map(|rest| rest.split(" }}").next().expect("an end").to_owned())
            .collect();
        assert_eq!(read, declared);
    }
}

/// A bundle is checked before anything of it is run, on both instances.
#[test]
fn nothing_runs_from_a_bundle_that_was_not_checked() {
    for documents in documents() {
        let document = parsed(&documents);
        let of_phase = |number: usize| document["phases"][number]["steps"].to_string();
        for (phase, first) in [(0, "provision.sh"), (2, "verify.sh --phase first-boot")] {
            let text = of_phase(phase);
            let place = |what: &str| text.find(what);
            let order = [
                place("S3Download"),
                place("sha256sum --check"),
                place("tar "),
                place(first),
            ];
            assert!(order.iter().all(Option::is_some), "{order:?}");
            assert!(order.is_sorted(), "{order:?}");
        }
        assert!(of_phase(1).contains("verify.sh --phase image"));
    }
}
