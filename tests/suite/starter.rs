//! What `valet-gen init` writes is a fleet that works, and tells the truth.

use std::fs;

use tempfile::tempdir;
use test_support::cli::valet_gen;
use test_support::pipeline::{rendered, repository};

#[test]
fn init_writes_a_fleet_that_renders() {
    let whole = tempdir().expect("a folder");
    let said = "fleet.toml: written; change its name and region, then `valet-gen render`\n";
    assert_eq!(
        valet_gen(whole.path(), ["init"]).parts(),
        (Some(0), said, "")
    );
    assert_eq!(
        valet_gen(whole.path(), ["validate", "--deny-warnings"]).parts(),
        (Some(0), "1 file valid\n", "")
    );
    valet_gen(whole.path(), ["render"]).success();
    assert_eq!(valet_gen(whole.path(), ["render", "--check"]).code, Some(0));
    let starter =
        fs::read_to_string(repository().join("templates/init/fleet.toml")).expect("readable");
    assert_eq!(
        fs::read_to_string(whole.path().join("fleet.toml")).expect("readable"),
        starter
    );
}

/// The starter says that a commented line is the default unless it says that it is an example.
#[test]
fn the_starter_tells_the_truth_about_defaults() {
    let starter =
        fs::read_to_string(repository().join("templates/init/fleet.toml")).expect("readable");
    let is_toml = |line: &str| {
        let code = line.strip_prefix("# ").unwrap_or_default();
        let is_key = |code: &str| {
            code.split_once(" = ")
                .is_some_and(|(key, _)| !key.trim().contains(' '))
        };
        code.starts_with('[') || is_key(code)
    };
    let uncommented = |examples_too: bool| {
        let lines = starter.lines().map(|line| {
            if is_toml(line) && (examples_too || !line.contains("e.g.")) {
                &line[2..]
            } else {
                line
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let defaults = uncommented(false);
    assert!(defaults.lines().count() == starter.lines().count() && defaults != starter);
    assert_eq!(
        rendered(&defaults),
        rendered(&starter),
        "a default is not the default"
    );
    let all = rendered(&uncommented(true));
    assert!(
        all.keys().any(|path| path.starts_with("staging/")),
        "every example is valid"
    );
}
