//! What the manifests of the workspace's members may not have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use test_support::pipeline::repository;
use toml::{Table, Value};

/// A member's manifest, by its folder.
fn manifest(folder: &str) -> Table {
    let file = repository().join(folder).join("Cargo.toml");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{folder}: {error}"));
    text.parse().expect("TOML")
}

/// The names of the dependencies that a manifest gives a version of its own.
fn with_own_version(manifest: &Table) -> BTreeSet<String> {
    let of_targets = manifest.get("target").and_then(Value::as_table);
    let of_targets = of_targets.into_iter().flatten();
    let tables = of_targets
        .filter_map(|(_, target)| target.as_table())
        .chain([manifest]);
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    tables
        .flat_map(|table| kinds.map(|kind| table.get(kind).and_then(Value::as_table)))
        .flatten()
        .flatten()
        .filter(|(_, dependency)| dependency.get("workspace").is_none())
        .map(|(name, _)| name.clone())
        .collect()
}

/// Where two members name a version of one crate, they drift apart.
#[test]
fn what_several_members_use_has_one_version() {
    let root = manifest("");
    let members = root["workspace"]["members"].as_array().expect("a list");
    let mut users: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for member in members.iter().filter_map(Value::as_str) {
        for name in with_own_version(&manifest(member)) {
            users.entry(name).or_default().push(member);
        }
    }
    assert!(users.len() > 20, "the manifests are read: {}", users.len());
    users.retain(|_, members| members.len() > 1);
    assert_eq!(
        users,
        BTreeMap::new(),
        "these belong in [workspace.dependencies]"
    );
}

/// What a member needs outside of tests, down to the last crate.
fn needs(member: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").expect("cargo runs the tests");
    let tree = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{p}", "--package", member])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    let reason = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{member}: {reason}");
    let crates = String::from_utf8(tree.stdout).expect("UTF-8");
    let names = crates.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

/// What is known of a host asks nobody: neither AWS nor the network nor systemd.
#[test]
fn the_agents_state_compiles_without_the_sdk() {
    let asks = |name: &String| {
        let clients = ["hyper", "mio", "rustls", "tonic", "zbus"];
        name.starts_with("aws-") || clients.contains(&name.as_str())
    };
    let (state, agent) = (needs("valet-host-state"), needs("valet-worker"));
    assert!(agent.contains("aws-sdk-ssm") && agent.is_superset(&state));
    let asking: Vec<&String> = state.iter().filter(|name| asks(name)).collect();
    assert_eq!(asking, Vec::<&String>::new());
}
