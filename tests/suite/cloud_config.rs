//! The user data of instances, held against cloud-init's own schema of cloud-config.
//!
//! tests/data/cloud-config.schema.json is `schema-cloud-config-v1.json` of cloud-init 25.1.4
//! (Apache-2.0), without white space. Unlike the one of 22.4 it refuses keys that it does not know.

use std::fs;

use jsonschema::Validator;
use serde_json::{Value, json};
use test_support::pipeline::{fixture_text, rendered, repository};
use test_support::terraform::{between, has_terraform, value_of};

fn validator() -> Validator {
    let path = repository().join("tests/data/cloud-config.schema.json");
    let text = fs::read_to_string(path).expect("readable");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// What cloud-init is given on every instance, as Terraform puts it together.
fn user_data() -> Vec<Value> {
    let own = fs::read_to_string(repository().join("fleet.toml")).expect("readable");
    let fleets = [
        own,
        fixture_text("golden-full"),
        fixture_text("golden-minimal"),
    ];
    let mut expressions = String::from("[\n");
    for fleet in fleets {
        for (path, text) in rendered(&fleet) {
            if path.ends_with("/terraform/compute.tf") {
                let expression = between(&text, "  user_data = base64encode(", ")\n\n");
                expressions.push_str(&format!("{expression},\n"));
            }
        }
    }
    expressions.push(']');
    let all = value_of(&expressions);
    let all = all.as_array().expect("a list").iter().map(|text| {
        let text = text.as_str().expect("text");
        let config = text.strip_prefix("#cloud-config\n");
        serde_json::from_str(config.expect("cloud-config")).expect("JSON, which is YAML")
    });
    all.collect()
}

#[test]
fn cloud_init_accepts_the_user_data() {
    if !has_terraform() {
        return;
    }
    let validator = validator();
    let all = user_data();
    assert!(all.len() >= 4, "{}", all.len());
    for config in all {
        let problems: Vec<String> = validator
            .iter_errors(&config)
            .map(|problem| format!("{}: {problem}", problem.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{config:#}: {problems:#?}");
        assert_eq!(config["write_files"][0]["path"], "/etc/valet/environment");
    }
}

/// A schema that finds nothing wrong has to find what is wrong.
#[test]
fn the_schema_refuses_what_cloud_init_would_not_understand() {
    let validator = validator();
    let file = json!({"path": "/etc/valet/environment", "content": "A=b\n"});
    assert!(validator.is_valid(&json!({"write_files": [file]})));
    for wrong in [
        json!({"write_file": [file]}),
        json!({"write_files": file}),
        json!({"write_files": [{"content": "A=b\n"}]}),
        json!({"write_files": [{"path": "/a", "permissions": 420}]}),
        json!({"write_files": [{"path": "/a", "mode": "0644"}]}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
