//! Findings about a plan that are waived, in a file or in fleet.toml: with the same checks, and never in silence.

use std::fs;
use std::path::Path;

use tempfile::{TempDir, tempdir};
use test_support::cli::{Run, valet_gen};
use valet_gen::review::waivers;

use crate::plan_review::{found_in, plan_file};

const WAIVER: &str = "[[waiver]]\nrule = \"plan.data-loss\"\naddress = \"aws_ssm_parameter.secret[*]\"\n\
    reason = \"AdsPower is gone\"\nexpires = ";

#[test]
fn waivers_have_a_reason_and_a_day() {
    let text = fs::read_to_string(plan_file("secret_removed.json")).expect("a plan");
    let codes = |waived: &str| -> Vec<String> {
        found_in(&text, waived)
            .into_iter()
            .map(|(code, _)| code)
            .collect()
    };
    assert_eq!(codes(""), ["plan.data-loss", "plan.destroy"]);
    assert_eq!(codes(&format!("{WAIVER}2026-09-01\n")), ["plan.destroy"]);
    assert_eq!(
        codes(&format!("{WAIVER}2026-08-31\n")),
        ["plan.data-loss", "plan.waiver-expired", "plan.destroy"]
    );
    let elsewhere = WAIVER.replace("secret[*]", "other[*]");
    assert_eq!(
        codes(&format!("{elsewhere}2027-01-31\n")),
        ["plan.data-loss", "plan.destroy", "plan.waiver-unused"]
    );
}

/// A folder with a fleet of the environments `production` and `staging`, and with these waivers.
fn fleet(waivers: &str) -> TempDir {
    let whole = tempdir().expect("a folder");
    let text = format!(
        "{}\n{waivers}\n[environments.production]\n[environments.staging]\n",
        crate::input_cases::SOUND
    );
    fs::write(whole.path().join("fleet.toml"), text).expect("written");
    whole
}

fn waiver(extra: &str, expires: &str) -> String {
    WAIVER.replace("[[waiver]]", "[[plan_waiver]]") + expires + "\n" + extra
}

fn review(whole: &Path, arguments: &[&str]) -> Run {
    let plan = plan_file("secret_removed.json");
    let mut all = vec!["plan-review", &plan, "--fleet", "fleet.toml"];
    all.extend(arguments);
    valet_gen(whole, all)
}

fn codes_of(run: &Run) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let findings = document["findings"].as_array().expect("a list").iter();
    let mut codes: Vec<String> = findings
        .map(|one| one["code"].as_str().expect("a code").to_owned())
        .collect();
    codes.push(format!("waived: {}", document["waived"]));
    codes
}

#[test]
fn a_waiver_of_the_fleet_is_held_to_the_same() {
    let found = |waivers: &str, arguments: &[&str]| {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        let run = review(fleet(waivers).path(), &all);
        assert_eq!(run.stderr, "");
        (run.code, codes_of(&run))
    };
    let (code, codes) = found("", &[]);
    assert_eq!(code, Some(41));
    assert_eq!(codes, ["plan.data-loss", "plan.destroy", "waived: 0"]);
    let (code, codes) = found(&waiver("", "2027-01-31"), &[]);
    assert_eq!(code, Some(0), "what is left is a warning");
    assert_eq!(codes, ["plan.destroy", "waived: 1"]);
    let (code, codes) = found(&waiver("", "2020-08-31"), &[]);
    assert_eq!(code, Some(41));
    assert_eq!(
        codes,
        [
            "plan.data-loss",
            "plan.waiver-expired",
            "plan.destroy",
            "waived: 0"
        ]
    );
    let other = waiver("", "2027-01-31").replace("secret[*]", "other[*]");
    let (code, codes) = found(&other, &[]);
    assert_eq!(code, Some(41));
    assert_eq!(
        codes,
        [
            "plan.data-loss",
            "plan.destroy",
            "plan.waiver-unused",
            "waived: 0"
        ]
    );
    let staging = waiver("environment = \"staging\"\n", "2027-01-31");
    let (_, codes) = found(&staging, &["--environment", "staging"]);
    assert_eq!(codes, ["plan.destroy", "waived: 1"]);
    let (_, codes) = found(&staging, &["--environment", "production"]);
    assert_eq!(
        codes,
        ["plan.data-loss", "plan.destroy", "waived: 0"],
        "a waiver of another environment is neither used nor unused"
    );
}

#[test]
fn the_environment_is_that_of_the_modules_folder() {
    let whole = fleet(&waiver("environment = \"staging\"\n", "2027-01-31"));
    for name in ["staging", "production"] {
        let module = whole.path().join(name).join("terraform");
        fs::create_dir_all(&module).expect("made");
        fs::write(module.join("main.tf"), "").expect("written");
    }
    let codes = |name: &str| {
        let module = format!("{name}/terraform");
        let arguments = ["--module", &module, "--before", &module, "--format", "json"];
        let codes = codes_of(&review(whole.path(), &arguments));
        codes
            .into_iter()
            .filter(|code| code != "plan.other-module")
            .collect::<Vec<_>>()
    };
    assert_eq!(codes("staging"), ["plan.destroy", "waived: 1"]);
    assert_eq!(
        codes("production"),
        ["plan.data-loss", "plan.destroy", "waived: 0"]
    );
}

#[test]
fn a_waiver_that_cannot_be_judged_is_refused() {
    let whole = fleet(&waiver("environment = \"staging\"\n", "2027-01-31"));
    let run = review(whole.path(), &[]);
    assert_eq!(
        run.parts(),
        (
            Some(2),
            "",
            "error: fleet.toml: a waiver of plan.data-loss is for `staging`, and it is not known which environment the plan is of\n  \
             help: name it with --environment, or the module's folder with --module\n"
        )
    );
    let run = review(whole.path(), &["--environment", "stagign"]);
    assert_eq!(
        run.parts(),
        (
            Some(2),
            "",
            "error: fleet.toml: there is no environment `stagign`\n  help: one of: production, staging, account\n"
        )
    );
    let wrong = waiver("", "2027-01-31").replace("data-loss", "dataloss");
    let run = review(fleet(&wrong).path(), &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(
        run.stderr.starts_with(
            "error[plan-waiver.rule-unknown]: `plan-review` has no rule `plan.dataloss`\n"
        ),
        "{}",
        run.stderr
    );
}

#[test]
fn a_file_of_waivers_that_is_wrong_says_where() {
    let whole = tempdir().expect("a folder");
    let plan = plan_file("secret_removed.json");
    let right = format!("{WAIVER}2027-01-31\n");
    let help =
        "write `[[waiver]]` with rule, address, reason and expires, such as `expires = 2027-01-31`";
    for (text, problem) in [
        (
            right.replace("plan.data-loss", "plan.nothing"),
            "the waiver of \"aws_ssm_parameter.secret[*]\" names `plan.nothing`, which is not a rule of `plan-review`",
        ),
        (
            right.replace("AdsPower is gone", " "),
            "the waiver of plan.data-loss for \"aws_ssm_parameter.secret[*]\" has no reason",
        ),
        (
            right.replace("aws_ssm_parameter.secret[*]", ""),
            "a waiver of plan.data-loss names no address",
        ),
        (
            right.replace("reason", "why"),
            "TOML parse error at line 4, column 1\n  |\n4 | why = \"AdsPower is gone\"\n  | ^^^\n\
             unknown field `why`, expected one of `rule`, `address`, `environment`, `reason`, `expires`",
        ),
        (
            right.replace("2027-01-31", "12:00:00"),
            "TOML parse error at line 5, column 11\n  |\n5 | expires = 12:00:00\n  |           ^^^^^^^^\n\
             this is not a local date",
        ),
    ] {
        assert!(waivers::read(&text).is_err(), "{text}");
        fs::write(whole.path().join("waivers.toml"), text).expect("written");
        let run = valet_gen(
            whole.path(),
            ["plan-review", &plan, "--waivers", "waivers.toml"],
        );
        let error = format!("error: waivers.toml: {problem}\n  help: {help}\n");
        assert_eq!(run.parts(), (Some(3), "", error.as_str()));
    }
}
