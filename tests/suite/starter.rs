//! What `valet-gen init` writes is a fleet that works, and tells the truth.

use std::fs;

use tempfile::tempdir;
use test_support::cli::valet_gen;
use test_support::pipeline::{rendered, repository};

#[test]
fn init_writes_a_fleet_that_renders() {
    let whole = tempdir().expect("a folder");
    let said = "fleet.toml: written with fleet.schema.json, .gitignore, .gitattributes; look through it, then `valet-gen render`\n";
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

#[test]
fn what_init_is_told_stands_in_the_fleet() {
    let whole = tempdir().expect("a folder");
    let run = |arguments: &[&str]| valet_gen(whole.path(), arguments);
    let arguments = [
        "init",
        "--name",
        "shop",
        "--region",
        "eu-west-1",
        "--environments",
        "staging,production",
        "--email",
        "ops@example.com",
        "--backend",
        "s3",
    ];
    run(&arguments).success();
    let text = fs::read_to_string(whole.path().join("fleet.toml")).expect("readable");
    for line in [
        "region = \"eu-west-1\"",
        "backend = { type = \"s3\", bucket = \"shop-terraform-state\" }",
        "email = [\"ops@example.com\"]",
        "[environments.staging]",
        "[environments.production]",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}:\n{text}");
    }
    assert!(text.contains("name   = \"shop\" "), "{text}");
    let validated = run(&["validate", "--deny-warnings"]);
    assert_eq!(validated.parts(), (Some(0), "1 file valid\n", ""));
    run(&["render"]).success();
    assert!(whole.path().join("generated/staging").is_dir());
    let schema = fs::read_to_string(whole.path().join("fleet.schema.json")).expect("written");
    assert_eq!(schema, run(&["schema"]).success());
    // What an argument says wrongly is refused as in the file, and nothing is written.
    let refused = run(&["init", "--name", "Shop", "--out", "other.toml"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("fleet.name-form"),
        "{}",
        refused.stderr
    );
    assert!(!whole.path().join("other.toml").exists());
    let printed = run(&["init", "--out", "-"]).success();
    assert!(printed.contains("[fleet]"));
}
