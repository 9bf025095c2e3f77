//! The command `plan-review`: its exit codes and its formats.

use crate::plan_review::{plan_file, plan_of};
use serde_json::{Value, json};
use std::fs;
use tempfile::{TempDir, tempdir};
use test_support::cli::{Run, valet_gen};

fn folder() -> TempDir {
    tempdir().expect("a folder")
}

fn run(arguments: &[&str]) -> Run {
    valet_gen(folder().path(), arguments)
}

#[test]
fn the_gate_is_closed_by_errors_and_on_demand_by_warnings() {
    let code = |arguments: &[&str]| run(arguments).code;
    assert_eq!(
        code(&[
            "plan-review",
            &plan_file("unchanged.json"),
            "--deny-warnings"
        ]),
        Some(0)
    );
    assert_eq!(
        code(&["plan-review", &plan_file("volume_size.json")]),
        Some(0)
    );
    assert_eq!(
        code(&[
            "plan-review",
            &plan_file("volume_size.json"),
            "--deny-warnings"
        ]),
        Some(41)
    );
    assert_eq!(
        code(&["plan-review", &plan_file("secret_removed.json")]),
        Some(41)
    );
}

#[test]
fn people_read_this() {
    let read = run(&["plan-review", &plan_file("secret_removed.json")]);
    assert_eq!(
        read.parts(),
        (
            Some(41),
            "\
error[plan.data-loss]: aws_ssm_parameter.secret[\"ADSPOWER_API_TOKEN\"] is destroyed: this loses the parameter's value and its history
--> aws_ssm_parameter.secret[\"ADSPOWER_API_TOKEN\"]
 = note: its key is not in `for_each` any more
 = help: keep the resource, or copy what it holds first and waive this finding with the reason

warning[plan.destroy]: aws_ssm_parameter.secret[\"ADSPOWER_API_TOKEN\"] is destroyed; this ends workers that start and read the parameter
--> aws_ssm_parameter.secret[\"ADSPOWER_API_TOKEN\"]
 = note: its key is not in `for_each` any more
 = help: where it only has another name now, add a `moved` block

1 error, 1 warning
plan: 1 to update, 1 to destroy; 1 error, 1 warning
",
            ""
        )
    );
}

#[test]
fn every_format_names_the_finding() {
    for format in ["json", "sarif", "github", "markdown"] {
        let read = run(&[
            "plan-review",
            &plan_file("secret_removed.json"),
            "--format",
            format,
        ]);
        assert_eq!(
            (read.code, read.stderr.as_str()),
            (Some(41), ""),
            "{format}"
        );
        assert!(
            read.stdout.contains("plan.data-loss"),
            "{format}: {}",
            read.stdout
        );
        if matches!(format, "json" | "sarif") {
            let document: Value = serde_json::from_str(&read.stdout).expect("JSON");
            assert!(document.is_object());
        }
    }
}

#[test]
fn what_is_no_plan_is_refused_with_the_way_to_one() {
    let whole = folder();
    let whole_plan = plan_of(&[]);
    let with = |key: &str, value: Value| {
        let mut plan: Value = serde_json::from_str(&whole_plan).expect("JSON");
        plan[key] = value;
        plan.to_string()
    };
    let show = "write the file with `terraform show -json PLAN`";
    let state = json!({ "format_version": "1.0", "values": {} }).to_string();
    for (text, problem, help) in [
        (
            with("format_version", json!("2.0")),
            "the plan has format 2.0, and this version of valet-gen reads 1.x",
            "use a Terraform of version 1, or a newer valet-gen",
        ),
        (
            with("errored", json!(true)),
            "the plan failed, so it lacks what Terraform had not come to",
            "mend what `terraform plan` reports, and review the next plan",
        ),
        (
            with("complete", json!(false)),
            "the plan is incomplete: `-target` or a deferred change leaves resources out",
            "plan without `-target`, or apply what others wait for first",
        ),
        (
            state,
            "it is a state, and no plan: it says what there is, not what will change",
            "save a plan with `terraform plan -out PLAN` and print it with `terraform show -json PLAN`",
        ),
        (
            "{}".to_owned(),
            "it is JSON, and no plan: it has no `format_version`",
            show,
        ),
        (String::new(), "it is empty", show),
        (
            whole_plan[..40].to_owned(),
            "it ends in the middle, at line 1, column 40",
            show,
        ),
        (
            "PK\u{3}\u{4}".to_owned(),
            "it is a saved plan, which only Terraform can read",
            "print it with `terraform show -json PLAN > plan.json` and review that file",
        ),
        (
            "{\"@level\":\"info\"}\n{\"@level\":\"info\"}\n".to_owned(),
            "it is the log of `terraform plan -json`, which has no values",
            "save the plan with `-out PLAN` and print it with `terraform show -json PLAN`",
        ),
    ] {
        fs::write(whole.path().join("plan.json"), text).expect("written");
        let read = valet_gen(whole.path(), ["plan-review", "plan.json"]);
        let error = format!("error: plan.json: {problem}\n  help: {help}\n");
        assert_eq!(read.parts(), (Some(3), "", error.as_str()));
    }
    let read = valet_gen(whole.path(), ["plan-review", "none.json"]);
    let error = "error: none.json: No such file or directory (os error 2)\n  help: name what `terraform show -json PLAN` printed, or `-` for standard input\n";
    assert_eq!(read.parts(), (Some(3), "", error));
}
