//! The package for the runtime: its own tests, and what would be published of it.

use valet_test_kit::{node, skip};

#[test]
fn its_tests_pass_in_node() {
    if !node::is_there() {
        return skip("node 20 and npm are needed for the runtime's package");
    }
    let package = node::runtime_client().expect("the package is installed");
    let printed = node::npm(&package, &["test"]).expect("node's test runner is content");
    assert!(
        printed.contains("# fail 0") && !printed.contains("# pass 0"),
        "{printed}"
    );
}

#[test]
fn what_is_published_is_what_a_user_needs() {
    if !node::is_there() {
        return skip("node 20 and npm are needed for the runtime's package");
    }
    let package = node::runtime_client().expect("the package is installed");
    let printed = node::npm(
        &package,
        &["pack", "--dry-run", "--json", "--ignore-scripts"],
    )
    .expect("npm packs it");
    let packed: serde_json::Value = serde_json::from_str(&printed).expect("npm prints JSON");
    let mut paths: Vec<&str> = packed[0]["files"]
        .as_array()
        .expect("files are listed")
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect();
    paths.sort_unstable();
    let compiled = [
        "errors",
        "freeze",
        "host",
        "index",
        "pauses",
        "protocol",
        "transport",
    ];
    let mut expected: Vec<String> = compiled
        .iter()
        .flat_map(|name| [format!("dist/{name}.d.ts"), format!("dist/{name}.js")])
        .chain(["README.md", "package.json"].map(str::to_owned))
        .collect();
    expected.sort_unstable();
    assert_eq!(paths, expected);
}
