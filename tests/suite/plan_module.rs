//! `valet-gen plan-review --module`: what the `.tf` files say that the plan does not.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use test_support::cli::{Run, valet_gen};
use test_support::git::git;

const MODULE: &str = r#"
resource "aws_autoscaling_group" "workers" {
  name = "g"

  lifecycle {
    ignore_changes        = [desired_capacity, min_size]
    create_before_destroy = true
  }
}

resource "aws_kms_key" "fleet" {
  lifecycle {
    prevent_destroy = true
  }
}

data "aws_region" "here" {}
"#;

/// A plan without a change, of a module with these blocks.
fn plan(blocks: &[&str]) -> String {
    let blocks: Vec<Value> = blocks
        .iter()
        .map(|address| json!({ "address": address }))
        .collect();
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}, "resource_changes": [],
        "configuration": { "root_module": { "resources": blocks } },
    })
    .to_string()
}

const BLOCKS: [&str; 3] = [
    "aws_autoscaling_group.workers",
    "aws_kms_key.fleet",
    "data.aws_region.here",
];

/// A repository with a module on its main branch, and a plan beside it.
fn repository() -> TempDir {
    let whole = tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(whole.path().join(name), text).expect("written");
    fs::create_dir(whole.path().join("module")).expect("made");
    write("module/main.tf", MODULE);
    write("plan.json", &plan(&BLOCKS));
    git(whole.path(), &["init", "-q"]);
    git(whole.path(), &["add", "module"]);
    git(whole.path(), &["commit", "-q", "-m", "module"]);
    whole
}

fn edit(folder: &Path, before: &str, after: &str) {
    let path = folder.join("module/main.tf");
    let text = fs::read_to_string(&path).expect("readable");
    assert!(text.contains(before), "{before}");
    fs::write(path, text.replace(before, after)).expect("written");
}

fn review(folder: &Path, more: &[&str]) -> Run {
    let mut all = vec!["plan-review", "plan.json", "--module", "module"];
    all.extend(more);
    valet_gen(folder, all)
}

#[test]
fn a_module_that_is_as_it_was_has_no_finding() {
    let whole = repository();
    let nothing = "plan: no changes; nothing was found\n";
    assert_eq!(review(whole.path(), &[]).parts(), (Some(0), nothing, ""));
    edit(whole.path(), "name = \"g\"", "name = \"h\"");
    assert_eq!(review(whole.path(), &[]).parts(), (Some(0), nothing, ""));
}

#[test]
fn each_protection_that_is_taken_out_is_found() {
    for (before, after, address, label) in [
        (
            "prevent_destroy = true",
            "prevent_destroy = false",
            "aws_kms_key.fleet",
            "`prevent_destroy`",
        ),
        (
            "    prevent_destroy = true\n",
            "",
            "aws_kms_key.fleet",
            "`prevent_destroy`",
        ),
        (
            "[desired_capacity, min_size]",
            "[min_size]",
            "aws_autoscaling_group.workers",
            "`ignore_changes` of `desired_capacity`",
        ),
        (
            "    create_before_destroy = true\n",
            "",
            "aws_autoscaling_group.workers",
            "`create_before_destroy`",
        ),
    ] {
        let whole = repository();
        edit(whole.path(), before, after);
        let expected = format!(
            "\
error[plan.lifecycle-removed]: {address} loses a protection
--> {address}
 = note: its `lifecycle` had {label}
 = help: put it back, or waive this finding with the reason

1 error
plan: no changes; 1 error
"
        );
        assert_eq!(
            review(whole.path(), &[]).parts(),
            (Some(41), expected.as_str(), "")
        );
    }
    let whole = repository();
    edit(whole.path(), "[desired_capacity, min_size]", "all");
    assert_eq!(
        review(whole.path(), &[]).code,
        Some(0),
        "all is more, not less"
    );
}

#[test]
fn a_waiver_of_it_names_the_block() {
    let whole = repository();
    edit(
        whole.path(),
        "prevent_destroy = true",
        "prevent_destroy = false",
    );
    let waiver = "[[waiver]]\nrule = \"plan.lifecycle-removed\"\naddress = \"aws_kms_key.*\"\nreason = \"the fleet ends\"\nexpires = 2027-01-31\n";
    fs::write(whole.path().join("waivers.toml"), waiver).expect("written");
    assert_eq!(
        review(whole.path(), &["--waivers", "waivers.toml"]).code,
        Some(0)
    );
}

#[test]
fn the_module_before_is_a_commit_or_a_folder() {
    let whole = repository();
    git(whole.path(), &["tag", "v1"]);
    edit(
        whole.path(),
        "prevent_destroy = true",
        "prevent_destroy = false",
    );
    git(whole.path(), &["commit", "-q", "-a", "-m", "open"]);
    assert_eq!(
        review(whole.path(), &[]).code,
        Some(0),
        "main itself has it"
    );
    assert_eq!(review(whole.path(), &["--before", "v1"]).code, Some(41));
    fs::create_dir(whole.path().join("old")).expect("made");
    fs::write(whole.path().join("old/main.tf"), MODULE).expect("written");
    assert_eq!(review(whole.path(), &["--before", "old"]).code, Some(41));
    let run = review(whole.path(), &["--before", "nowhere"]);
    let error = "error: nowhere: `nowhere` is not a commit\n  help: name the module before with --before: a commit, or a folder with its files\n";
    assert_eq!(run.parts(), (Some(2), "", error));
}

#[test]
fn a_module_that_cannot_be_read_is_refused() {
    let whole = repository();
    let help = "help: name the folder in which the plan was made with --module\n";
    let refused = |arguments: &[&str], error: &str| {
        let mut all = vec!["plan-review", "plan.json", "--module"];
        all.extend(arguments);
        let run = valet_gen(whole.path(), all);
        assert_eq!(
            (run.code, run.stderr),
            (Some(3), format!("error: {error}\n  {help}"))
        );
    };
    refused(&["none"], "none: No such file or directory (os error 2)");
    refused(&["."], ".: it has no .tf file");
    edit(whole.path(), "name = \"g\"", "name = ");
    let run = review(whole.path(), &[]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.starts_with("error: main.tf: "), "{}", run.stderr);
}

#[test]
fn a_plan_of_another_module_is_found() {
    let whole = repository();
    fs::write(
        whole.path().join("plan.json"),
        plan(&["aws_kms_key.fleet", "aws_vpc.other"]),
    )
    .expect("written");
    let run = review(whole.path(), &[]);
    assert_eq!(run.code, Some(41));
    let label = "only the plan has aws_vpc.other; only the module has aws_autoscaling_group.workers, data.aws_region.here";
    assert!(
        run.stdout
            .contains("error[plan.other-module]: the plan is of another module"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains(label), "{}", run.stdout);
}

#[test]
fn a_file_that_was_edited_after_it_was_rendered_is_found() {
    let whole = tempdir().expect("a folder");
    let fleet = "[fleet]\nname = \"valet\"\nregion = \"us-east-1\"\n\n[instances]\non_demand_percentage_above_base_capacity = 100\ntypes = [{ instance_type = \"m7i.large\" }]\n";
    fs::write(whole.path().join("fleet.toml"), fleet).expect("written");
    valet_gen(whole.path(), ["render"]).success();
    let module = "generated/production/terraform";
    // No configuration: the plan is trimmed, and that it has other blocks is not said.
    let empty = plan(&[]).replace("configuration", "other");
    fs::write(whole.path().join("plan.json"), empty).expect("written");
    let run = || {
        valet_gen(
            whole.path(),
            [
                "plan-review",
                "plan.json",
                "--module",
                module,
                "--before",
                module,
            ],
        )
    };
    assert_eq!(run().code, Some(0));
    let file = whole.path().join(module).join("security.tf");
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(&file, format!("{text}\n# mine\n")).expect("written");
    fs::remove_file(whole.path().join(module).join("alarms.tf")).expect("removed");
    let found = run();
    assert_eq!(found.code, Some(41));
    for line in [
        "error[plan.file-edited]: generated/production/terraform/security.tf is not what fleet.toml renders to",
        "it was edited after it was rendered",
        "error[plan.file-edited]: generated/production/terraform/alarms.tf is not what fleet.toml renders to",
        "it is missing",
    ] {
        assert!(found.stdout.contains(line), "{line}: {}", found.stdout);
    }
}
