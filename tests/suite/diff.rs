//! `valet-gen diff`: repositories with a change in them, every gate, and every way to name a fleet.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};
use test_support::cli::valet_gen;
use test_support::git::git;

/// A fleet that breaks no rule, with two environments.
pub const FLEET: &str = r#"[fleet]
name = "valet"
region = "us-east-1"

[network]
cidr_block = "10.40.0.0/16"

[instances]
on_demand_percentage_above_base_capacity = 100
types = [{ instance_type = "m7i.large" }]
root_volume = { volume_size = 40 }

[scaling]
max_size = 4

[environments.production]
[environments.staging]
"#;

/// A repository whose main branch has the fleet.
pub fn repository() -> TempDir {
    let whole = tempdir().expect("a folder");
    fs::write(whole.path().join("fleet.toml"), FLEET).expect("written");
    git(whole.path(), &["init", "-q"]);
    git(whole.path(), &["add", "fleet.toml"]);
    git(whole.path(), &["commit", "-q", "-m", "fleet"]);
    whole
}

pub fn change(folder: &Path, changes: &[(&str, &str)]) {
    let mut text = FLEET.to_owned();
    for (before, after) in changes {
        assert!(text.contains(before), "{before}");
        text = text.replace(before, after);
    }
    fs::write(folder.join("fleet.toml"), text).expect("written");
}

fn diff_of(changes: &[(&str, &str)]) -> Value {
    let whole = repository();
    change(whole.path(), changes);
    let text = valet_gen(whole.path(), ["diff", "--format", "json"]).success();
    serde_json::from_str(&text).expect("JSON")
}

fn environment<'d>(diff: &'d Value, name: &str) -> &'d Value {
    let all = diff["environments"].as_array().expect("a list");
    all.iter()
        .find(|one| one["environment"] == name)
        .unwrap_or(&Value::Null)
}

pub const LARGER: (&str, &str) = ("volume_size = 40", "volume_size = 60");
const RANGE: (&str, &str) = ("10.40.0.0/16", "10.41.0.0/16");
pub const SIZE: (&str, &str) = ("max_size = 4", "max_size = 5");
const EGRESS: (&str, &str) = (
    "cidr_block = \"10.40.0.0/16\"",
    "cidr_block = \"10.40.0.0/16\"\negress = [{ port = 443, description = \"HTTPS\" }, { port = 8443, description = \"an API\" }]",
);
const REMOVED: (&str, &str) = ("[environments.staging]\n", "");

#[test]
fn nothing_is_said_of_what_is_the_same() {
    let whole = repository();
    let run = valet_gen(
        whole.path(),
        [
            "diff",
            "--fail-on",
            "in-place",
            "--fail-on",
            "widens-access",
        ],
    );
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.ends_with("\nno changes\n"), "{}", run.stdout);
    fs::write(
        whole.path().join("fleet.toml"),
        format!("# a comment\n{FLEET}"),
    )
    .expect("written");
    let diff = valet_gen(whole.path(), ["diff", "--format", "json"]).success();
    let diff: Value = serde_json::from_str(&diff).expect("JSON");
    assert_eq!(
        (&diff["class"], &diff["environments"]),
        (&"none".into(), &serde_json::json!([]))
    );
}

#[test]
fn a_larger_disk_replaces_every_worker() {
    let diff = diff_of(&[LARGER]);
    assert_eq!(
        (&diff["schema_version"], &diff["class"]),
        (&2.into(), &"rolling".into())
    );
    let cause = &diff["causes"][0];
    assert_eq!(cause["path"], "instances.root_volume.volume_size");
    assert_eq!(
        (&cause["before"], &cause["after"], &cause["line"]),
        (&"40".into(), &"60".into(), &11.into())
    );
    let staging = environment(&diff, "staging");
    let changed: Vec<&str> = staging["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["address"].as_str().expect("an address"))
        .collect();
    assert_eq!(
        changed,
        [
            "aws_autoscaling_group.workers[0]",
            "aws_launch_template.worker[\"fixed\"]"
        ]
    );
    assert!(
        staging["refresh"]["instances"]["maximum"]
            .as_f64()
            .expect("a number")
            >= 4.0
    );
    assert!(
        staging["cost"]["after"]["expected"].as_f64()
            > staging["cost"]["before"]["expected"].as_f64()
    );
    assert_eq!(staging["widens_access"], false);
}

#[test]
fn each_resource_names_the_key_that_changes_it() {
    let diff = diff_of(&[LARGER, SIZE]);
    let staging = environment(&diff, "staging");
    let causes = |address: &str| {
        let all = staging["resources"].as_array().expect("a list");
        let found = all
            .iter()
            .find(|one| one["address"] == address)
            .expect(address);
        found["causes"].clone()
    };
    let (volume, size) = ("instances.root_volume.volume_size", "scaling.max_size");
    assert_eq!(
        causes("aws_launch_template.worker[\"fixed\"]"),
        serde_json::json!([volume])
    );
    assert_eq!(
        causes("aws_autoscaling_group.workers[0]"),
        serde_json::json!([volume, size])
    );
}

#[test]
fn a_change_of_one_environment_stays_in_it() {
    let diff = diff_of(&[(
        "[environments.staging]\n",
        "[environments.staging]\nscaling = { max_size = 3 }\n",
    )]);
    assert_eq!(environment(&diff, "production"), &Value::Null);
    assert_eq!(environment(&diff, "staging")["class"], "in-place");
}

#[test]
fn gates_are_open_below_their_class_and_closed_at_it() {
    let classes = ["in-place", "rolling", "interrupting", "destructive"];
    for (changes, reached) in [(SIZE, 1), (LARGER, 2), (RANGE, 3), (REMOVED, 4)] {
        let whole = repository();
        change(whole.path(), &[changes]);
        for (index, class) in classes.iter().enumerate() {
            let run = valet_gen(whole.path(), ["diff", "--fail-on", class]);
            let code = if index < reached { 40 } else { 0 };
            assert_eq!(run.code, Some(code), "{changes:?} at {class}");
        }
        let run = valet_gen(whole.path(), ["diff", "--fail-on", "widens-access"]);
        assert_eq!(run.code, Some(0), "{changes:?} opens nothing");
    }
}

#[test]
fn what_is_opened_is_told_beside_any_class() {
    let whole = repository();
    change(whole.path(), &[EGRESS, LARGER]);
    let gate = |class: &str| valet_gen(whole.path(), ["diff", "--fail-on", class]).code;
    assert_eq!(
        (gate("widens-access"), gate("rolling"), gate("destructive")),
        (Some(40), Some(40), Some(0))
    );
    let text = valet_gen(whole.path(), ["diff"]).success();
    assert!(
        text.contains("Opened: worker to 0.0.0.0/0: tcp port 8443"),
        "{text}"
    );
    assert!(text.contains("rolling, widens access"), "{text}");
}

#[test]
fn fleets_are_files_folders_and_commits() {
    let whole = repository();
    git(whole.path(), &["tag", "v1"]);
    change(whole.path(), &[SIZE]);
    git(whole.path(), &["commit", "-q", "-a", "-m", "size"]);
    change(whole.path(), &[SIZE, LARGER]);
    let class = |arguments: &[&str]| -> String {
        let mut all = vec!["diff", "--format", "json"];
        all.extend(arguments);
        let diff: Value =
            serde_json::from_str(&valet_gen(whole.path(), all).success()).expect("JSON");
        diff["class"].as_str().expect("a class").to_owned()
    };
    assert_eq!(class(&["v1", "HEAD"]), "in-place");
    assert_eq!(
        class(&["HEAD"]),
        "rolling",
        "against the working tree, which is not committed"
    );
    assert_eq!(class(&[]), "rolling");
    assert_eq!(class(&["v1", "v1"]), "none");
    fs::create_dir(whole.path().join("other")).expect("made");
    fs::write(whole.path().join("other/fleet.toml"), FLEET).expect("written");
    assert_eq!(class(&["other", "v1"]), "none");
    assert_eq!(class(&["other/fleet.toml", "HEAD"]), "in-place");
}

#[test]
fn a_broken_fleet_is_reported_and_not_compared() {
    let whole = repository();
    change(whole.path(), &[("10.40.0.0/16", "10.40.0.0/99")]);
    let run = valet_gen(whole.path(), ["diff"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(
        run.stderr.contains("network.cidr-malformed"),
        "{}",
        run.stderr
    );
}

#[test]
fn every_format_says_what_happens() {
    let whole = repository();
    change(whole.path(), &[LARGER, EGRESS]);
    for (format, expected) in [
        ("human", "An instance refresh replaces"),
        (
            "markdown",
            "## `valet`: every worker is replaced, and access widens",
        ),
        ("sarif", "\"change.rolling\""),
        ("github", "::warning file=fleet.toml,line="),
        ("json", "\"class\": \"rolling\""),
    ] {
        let text = valet_gen(whole.path(), ["diff", "--format", format]).success();
        assert!(text.contains(expected), "{format}: {text}");
    }
    let run = valet_gen(
        whole.path(),
        ["diff", "--format", "json", "--out", "diff.json"],
    );
    assert_eq!(run.parts(), (Some(0), "", ""));
    let written = fs::read_to_string(whole.path().join("diff.json")).expect("written");
    assert!(serde_json::from_str::<Value>(&written).is_ok());
}
