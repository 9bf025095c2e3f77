//! Packer's template: what the plugin takes, and what the build host must not be.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use test_support::hcl;
use test_support::pipeline::{files_of, fixture_text, plan_of, repository};
use valet_gen::resolve::Environment;

/// Every environment of the fixtures with its template.
fn templates() -> Vec<(Environment, String)> {
    let plans = ["golden-minimal", "golden-full"].map(|name| plan_of(&fixture_text(name)));
    plans
        .iter()
        .flat_map(|plan| {
            let files = files_of(plan);
            let of_all = plan.environments.iter().cloned();
            of_all.map(move |environment| {
                let name = &environment.identity.environment;
                let text = files[&format!("{name}/packer/worker.pkr.hcl")].clone();
                (environment, text)
            })
        })
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

/// The blocks of this kind in a body.
fn blocks<'v>(body: &'v Value, kind: &'v str) -> impl Iterator<Item = &'v Value> {
    list(body).filter(move |entry| entry["block"] == kind)
}

fn attribute<'v>(body: &'v Value, name: &str) -> &'v Value {
    let found = list(body).find(|entry| entry["attribute"] == name);
    &found.unwrap_or_else(|| panic!("no {name}"))["value"]
}

fn source(tree: &Value) -> &Value {
    let source = blocks(tree, "source").next().expect("a source");
    assert_eq!(source["labels"], json!(["amazon-ebs", "worker"]));
    &source["body"]
}

/// Whatever of a body the plugin does not know.
fn unknown(body: &Value, known: &Value, at: &str, found: &mut Vec<String>) {
    for entry in list(body) {
        let name = entry["attribute"].as_str().or(entry["block"].as_str());
        let path = format!("{at}{}", name.expect("a name"));
        match (&known[name.expect("a name")], entry.get("block")) {
            (Value::String(kind), None) if fits(&entry["value"], kind) => {}
            (Value::Object(nested), Some(_)) => {
                unknown(&entry["body"], &nested["args"], &format!("{path}."), found);
            }
            _ => found.push(path),
        }
    }
}

/// Whether a literal is of the plugin's type; what is worked out may be of any.
fn fits(value: &Value, kind: &str) -> bool {
    let is_literal = |key: &str| value.get(key).is_some();
    match kind {
        "bool" => value.is_boolean(),
        "number" => is_literal("number"),
        "string" => {
            !value.is_boolean()
                && !["number", "array", "object"]
                    .map(is_literal)
                    .contains(&true)
        }
        "list(string)" => !value.is_string() && !value.is_boolean() && !is_literal("number"),
        "map(string)" => is_literal("object") || is_literal("call"),
        _ => false,
    }
}

#[test]
fn the_plugin_knows_every_argument() {
    let text = std::fs::read_to_string(repository().join("tests/data/packer-amazon-ebs-args.json"))
        .expect("the list is there");
    let known: Value = serde_json::from_str(&text).expect("JSON");
    for (_, text) in templates() {
        let tree = hcl::tree(&text).expect("HCL");
        let mut found = Vec::new();
        unknown(source(&tree), &known["args"], "", &mut found);
        assert_eq!(found, Vec::<String>::new());
        for (good, bad) in [("ssh_interface", "ssh_way"), ("http_tokens", "tokens")] {
            let wrong = hcl::tree(&text.replace(good, bad)).expect("HCL");
            let mut found = Vec::new();
            unknown(source(&wrong), &known["args"], "", &mut found);
            assert_eq!(found.len(), 1, "{bad} is found");
        }
    }
}

#[test]
fn the_build_host_is_closed_and_the_image_asks_for_tokens() {
    for (environment, text) in templates() {
        let tree = hcl::tree(&text).expect("HCL");
        let source = source(&tree);
        for (name, expected) in [
            ("ssh_interface", json!("session_manager")),
            ("temporary_key_pair_type", json!("ed25519")),
            ("ssh_clear_authorized_keys", json!(false)),
            ("associate_public_ip_address", json!(false)),
            ("imds_support", json!("v2.0")),
            ("region", json!(environment.identity.region)),
            (
                "instance_type",
                json!(environment.image.build_instance_type),
            ),
            ("ami_regions", json!({ "array": environment.image.regions })),
        ] {
            assert_eq!(*attribute(source, name), expected, "{name}");
        }
        let metadata = &blocks(source, "metadata_options").next().expect("one")["body"];
        assert_eq!(*attribute(metadata, "http_tokens"), "required");
        let hops = attribute(metadata, "http_put_response_hop_limit");
        assert_eq!(*hops, json!({ "number": "1" }));
        let volume = &blocks(source, "launch_block_device_mappings")
            .next()
            .expect("one")["body"];
        assert_eq!(*attribute(volume, "encrypted"), true);
        assert_eq!(*attribute(volume, "volume_type"), "gp3");
        let filter = &blocks(source, "source_ami_filter").next().expect("one")["body"];
        assert_eq!(
            *attribute(filter, "owners"),
            json!({ "array": ["099720109477"] })
        );
        // A group, a password or a key that Packer is given or makes for itself.
        for absent in [
            "force_deregister",
            "force_delete_snapshot",
            "temporary_security_group",
            "ssh_password",
            "ssh_private_key",
            "access_key",
            "secret_key",
            "token ",
            "0.0.0.0/0",
            "ami_groups",
        ] {
            assert!(!text.contains(absent), "{absent}");
        }
    }
}

/// An image is shared with whom fleet.toml names, and then under a key that they may use.
#[test]
fn a_shared_image_needs_a_key() {
    let mut seen = BTreeSet::new();
    for (environment, text) in templates() {
        let tree = hcl::tree(&text).expect("HCL");
        let accounts = &environment.image.share_with;
        let key = blocks(&tree, "variable").find(|block| block["labels"][0] == "kms_key_id");
        let key = &key.expect("a key")["body"];
        let is_optional = list(key).any(|entry| entry["attribute"] == "default");
        assert_eq!(is_optional, accounts.is_empty());
        if !accounts.is_empty() {
            // A variable, so that a bake can make the image first and share it when it is proven.
            let users = attribute(source(&tree), "ami_users");
            assert!(users.to_string().contains("share_with"), "{users}");
            let whom = blocks(&tree, "variable").find(|block| block["labels"][0] == "share_with");
            let whom = attribute(&whom.expect("a variable")["body"], "default");
            assert_eq!(*whom, json!({ "array": accounts }));
        }
        seen.insert(accounts.is_empty());
    }
    assert_eq!(seen.len(), 2, "one that is shared and one that is not");
}

/// A KMS key is of one region: a copy that another account may use needs a key where it lies, and the plugin takes none
/// without `encrypt_boot`.
#[test]
fn a_shared_image_with_copies_needs_a_key_in_each_region() {
    let mut seen = BTreeSet::new();
    for (environment, text) in templates() {
        let tree = hcl::tree(&text).expect("HCL");
        let image = &environment.image;
        let is_expected = !image.share_with.is_empty() && image.regions.len() > 1;
        let names = ["encrypt_boot", "region_kms_key_ids", "snapshot_users"];
        for name in names {
            let is_there = list(source(&tree)).any(|entry| entry["attribute"] == name);
            assert_eq!(is_there, is_expected, "{name}");
        }
        if is_expected {
            assert_eq!(*attribute(source(&tree), "encrypt_boot"), true);
        }
        seen.insert(is_expected);
    }
    assert_eq!(
        seen.len(),
        2,
        "one with copies that are shared, and one without"
    );
}

/// A name that is not declared, or that nothing reads, is a mistake that only Packer would tell.
#[test]
fn every_variable_is_declared_and_read() {
    for (_, text) in templates() {
        let tree = hcl::tree(&text).expect("HCL");
        let declared: BTreeSet<String> = blocks(&tree, "variable")
            .map(|block| block["labels"][0].as_str().expect("a name").to_owned())
            .collect();
        let locals = blocks(&tree, "locals").flat_map(|block| list(&block["body"]));
        let defined: BTreeSet<String> = locals
            .map(|entry| entry["attribute"].as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(references(&text, "var."), declared);
        assert_eq!(references(&text, "local."), defined);
    }
}

fn references(text: &str, prefix: &str) -> BTreeSet<String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.match_indices(prefix)
        .filter(|(at, _)| !text[..*at].ends_with(is_name))
        .map(|(at, _)| &text[at + prefix.len()..])
        .map(|rest| rest[..rest.find(|letter| !is_name(letter)).unwrap_or(rest.len())].to_owned())
        .collect()
}

/// The same files as everywhere: the image's folder, its entry and its verification.
#[test]
fn it_runs_the_image_s_own_files() {
    for (_, text) in templates() {
        let tree = hcl::tree(&text).expect("HCL");
        let build = &blocks(&tree, "build").next().expect("a build")["body"];
        let steps: Vec<String> = list(build)
            .filter(|block| block["block"] == "provisioner")
            .map(ToString::to_string)
            .collect();
        let place = |what: &str| steps.iter().position(|step| step.contains(what));
        let order = [
            place("/../image/"),
            place("/image/provision.sh"),
            place("/image/verify.sh --phase image --format json --sbom "),
            place("\"download\""),
            place("test -e "),
        ];
        assert!(order.iter().all(Option::is_some), "{order:?}");
        assert!(order.is_sorted(), "{order:?}");
    }
}
