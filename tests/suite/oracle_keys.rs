//! Every key of fleet.toml that is rendered is changed by a case of the oracle in tests/terraform, so that
//! what `valet-gen diff` says of it is held against Terraform.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use test_support::folders::{read, repository};
use test_support::pipeline::{fixture_text, plan_of};
use toml::{Table, Value};
use valet_gen::fleet::schema;
use valet_gen::render::{Engine, render};
use valet_gen::review::types;

/// Keys that no case changes, and why.
const EXEMPT: &[(&str, &str)] = &[
    (
        "access.session_manager.bucket",
        "Terraform looks for the bucket, which the mock does not have",
    ),
    (
        "encryption.kms_key",
        "Terraform looks for the key, which the mock does not have",
    ),
    ("fleet.region", "the mock has its image in one region"),
    (
        "iam.instance_profile",
        "Terraform looks for the profile, which the mock does not have",
    ),
    ("image.hardening.profile", "there is one profile"),
    (
        "image.shared_by.account_id",
        "Terraform reads the parameter of another account, which the mock does not have",
    ),
    (
        "image.shared_by.kms_key",
        "Terraform reads the parameter of another account, which the mock does not have",
    ),
    (
        "image.shared_by.parameter",
        "Terraform reads the parameter of another account, which the mock does not have",
    ),
    (
        "instances.architecture",
        "the mock's parameter names an image for x86_64",
    ),
    (
        "instances.metadata_options.http_tokens",
        "the other value is refused",
    ),
    (
        "instances.root_volume.encrypted",
        "the other value is refused",
    ),
    ("instances.root_volume.volume_type", "there is one type"),
    (
        "network.existing.private_subnet_ids",
        "Terraform looks for the subnets, which the mock does not have",
    ),
    (
        "network.existing.security_group_ids",
        "they are of a VPC that the mock does not have",
    ),
    (
        "network.existing.vpc_id",
        "Terraform looks for the VPC, which the mock does not have",
    ),
    (
        "plan_waiver[].address",
        "it is about what `plan-review` says, and is not rendered",
    ),
    (
        "plan_waiver[].environment",
        "it is about what `plan-review` says, and is not rendered",
    ),
    (
        "plan_waiver[].expires",
        "it is about what `plan-review` says, and is not rendered",
    ),
    (
        "plan_waiver[].reason",
        "it is about what `plan-review` says, and is not rendered",
    ),
    (
        "plan_waiver[].rule",
        "it is about what `plan-review` says, and is not rendered",
    ),
    (
        "terraform.backend.type",
        "the mock's state is a local file, whatever the backend",
    ),
    (
        "terraform.backend.use_lockfile",
        "the mock's state is a local file, whatever the backend",
    ),
    (
        "terraform.provider_role_arn",
        "the mock's provider has an override file",
    ),
    (
        "valet_gen",
        "it names the version of the language, and is not rendered",
    ),
    (
        "worker.hatchet.tls",
        "the other values are refused, or need two secrets more: image_files has them",
    ),
];

/// Every key of the schema that has a value: tables are `.`, lists of tables `[]`, names that are typed `*`.
fn keys() -> BTreeSet<String> {
    let whole = schema::tables_schema();
    let mut found = BTreeSet::new();
    walk(&whole, &whole, "", &mut found);
    found
}

fn walk(whole: &Json, at: &Json, path: &str, found: &mut BTreeSet<String>) {
    let mut at = schema::follow(whole, at);
    if let Some(then) = at.get("then") {
        at = schema::follow(whole, then);
    }
    let below = |name: &str| format!("{path}.{name}").trim_start_matches('.').to_owned();
    if let Some(properties) = at["properties"].as_object() {
        for (name, field) in properties {
            walk(whole, field, &below(name), found);
        }
        return;
    }
    let is_table = |of: &Json| schema::follow(whole, of).get("properties").is_some();
    if at.get("items").is_some_and(is_table) {
        walk(whole, &at["items"], &format!("{path}[]"), found);
    } else if at["additionalProperties"].is_object() {
        walk(whole, &at["additionalProperties"], &below("*"), found);
    } else {
        found.insert(path.to_owned());
    }
}

/// The keys in which two values differ, with every element of a list by the same name.
fn differing(old: Option<&Value>, new: Option<&Value>, path: &str, found: &mut BTreeSet<String>) {
    if old == new {
        return;
    }
    let table =
        |value: Option<&Value>| value.and_then(Value::as_table).cloned().unwrap_or_default();
    let is_table = |value: Option<&Value>| value.is_some_and(Value::is_table);
    if is_table(old) || is_table(new) {
        let (old, new) = (table(old), table(new));
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let below = format!("{path}.{name}").trim_start_matches('.').to_owned();
            differing(old.get(name), new.get(name), &below, found);
        }
        return;
    }
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (before, after) = (list(old), list(new));
    if before.iter().chain(&after).any(Value::is_table) {
        for index in 0..before.len().max(after.len()) {
            differing(
                before.get(index),
                after.get(index),
                &format!("{path}[]"),
                found,
            );
        }
        return;
    }
    found.insert(path.to_owned());
}

/// The key of the schema that a path in a file is: what people name is `*`.
fn in_schema(path: &str, keys: &BTreeSet<String>) -> String {
    let path = match path.strip_prefix("environments.") {
        Some(rest) => rest.split_once('.').map_or("", |(_, inside)| inside),
        None => path,
    };
    // The name of a type has a dot in it.
    let path = &path.replacen("instance_types.m9x.large", "instance_types.m9x", 1);
    let parts: Vec<&str> = path.split('.').collect();
    for star in 0..parts.len() {
        let mut named = parts.clone();
        named[star] = "*";
        let named = named.join(".");
        if keys.contains(&named) {
            return named;
        }
    }
    path.to_owned()
}

/// Which case changes each key.
fn changed(keys: &BTreeSet<String>) -> BTreeMap<String, String> {
    let fleet = read(&repository().join("fleet.toml")).expect("readable");
    let fleet = fleet.replacen("[terraform]\n", "[terraform]\nprotect = false\n", 1);
    let old: Table = fleet.parse().expect("TOML");
    let cases = read(&repository().join("tests/terraform/oracle_cases.toml")).expect("readable");
    let cases: Table = cases.parse().expect("TOML");
    let mut found = BTreeMap::new();
    for case in cases["case"].as_array().expect("a list") {
        let name = case["name"].as_str().expect("a name");
        let mut text = fleet.clone();
        for pair in case
            .get("replace")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let (before, after) = (
                pair[0].as_str().expect("a text"),
                pair[1].as_str().expect("a text"),
            );
            assert!(
                text.contains(before),
                "{name}: fleet.toml has no {before:?}"
            );
            text = text.replace(before, after);
        }
        text.push('\n');
        text.push_str(case.get("add").and_then(Value::as_str).unwrap_or_default());
        let new: Table = text
            .parse()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut paths = BTreeSet::new();
        differing(Some(&old.clone().into()), Some(&new.into()), "", &mut paths);
        assert!(!paths.is_empty(), "{name} changes nothing");
        for path in paths {
            found
                .entry(in_schema(&path, keys))
                .or_insert_with(|| name.to_owned());
        }
    }
    found
}

#[test]
fn every_key_is_changed_by_a_case_or_says_why_not() {
    let keys = keys();
    assert!(keys.len() > 140, "{}", keys.len());
    let changed = changed(&keys);
    let is_exempt = |key: &str| EXEMPT.iter().any(|(known, _)| *known == key);
    let missing: Vec<&String> = keys
        .iter()
        .filter(|key| !changed.contains_key(*key) && !is_exempt(key))
        .collect();
    assert!(
        missing.is_empty(),
        "no case of tests/terraform/oracle_cases.toml changes {missing:?}: add one, or say in EXEMPT why none can"
    );
    for (key, _) in EXEMPT {
        assert!(keys.contains(*key), "{key} is no key any more");
        assert!(
            !changed.contains_key(*key),
            "a case changes {key}: it is not exempt"
        );
    }
}

#[test]
fn there_are_enough_cases_and_several_together() {
    let cases = read(&repository().join("tests/terraform/oracle_cases.toml")).expect("readable");
    let cases: Table = cases.parse().expect("TOML");
    let cases = cases["case"].as_array().expect("a list");
    assert!(cases.len() >= 60, "{}", cases.len());
    let names: BTreeSet<&str> = cases
        .iter()
        .filter_map(|case| case["name"].as_str())
        .collect();
    assert_eq!(names.len(), cases.len(), "each has a name of its own");
}

/// Of a type that is not in the table `diff` only says that it may be replaced.
#[test]
fn it_is_known_of_every_rendered_type_what_replaces_it() {
    let mut kinds = BTreeSet::new();
    for name in ["golden-minimal", "golden-full", "example"] {
        let plan = plan_of(&fixture_text(name));
        for text in render(&Engine::new(), &plan).expect("it renders").values() {
            let heads = text
                .lines()
                .filter_map(|line| line.strip_prefix("resource \""));
            kinds.extend(
                heads
                    .filter_map(|head| head.split('"').next())
                    .map(str::to_owned),
            );
        }
    }
    assert!(kinds.len() > 40, "{}", kinds.len());
    let is_known = |kind: &str| types::find(kind).is_some_and(|facts| facts.force_new.is_some());
    let unknown: Vec<&String> = kinds.iter().filter(|kind| !is_known(kind)).collect();
    assert!(
        unknown.is_empty(),
        "src/review/types.rs does not know {unknown:?}"
    );
}
