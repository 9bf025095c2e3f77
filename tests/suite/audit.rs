//! `valet-gen audit`: what it says of every control, and that the marks it looks for are those of
//! the registry.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;
use test_support::cli::{Run, valet_gen};
use test_support::pipeline::{files_of, fixture_text, plan_of, repository};
use valet_gen::catalog::controls::{self, CONTROL_MARKER, EnforcedBy};
use valet_gen::controls::{
    ControlsReport, ReportInput, Requirements, Status, locations, print_table, report,
};
use valet_gen::render::FORMATS;
use valet_gen::write::UnmanagedFiles;

fn audits(text: &str) -> Vec<ControlsReport> {
    reports_with(text, None)
}

fn reports_with(text: &str, requirements: Option<&Requirements>) -> Vec<ControlsReport> {
    let plan = plan_of(text);
    let input = ReportInput {
        plan: &plan,
        files: &files_of(&plan),
        requirements,
        unmanaged: &UnmanagedFiles::default(),
    };
    let of = |environment| report(&input, environment);
    plan.environments.iter().map(of).collect()
}

/// The list beside the repository's own fleet.toml.
fn own_requirements() -> Requirements {
    let text = fs::read_to_string(repository().join("requirements.toml")).expect("readable");
    Requirements::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

fn own_fleet() -> String {
    fs::read_to_string(repository().join("fleet.toml")).expect("readable")
}

fn status(audit: &ControlsReport, id: &str) -> Status {
    let found = audit.controls.iter().find(|entry| entry.id == id);
    found.expect("a control").status
}

/// A fleet.toml in a folder of its own, audited by the program.
fn run(fleet: &str, arguments: &[&str]) -> Run {
    let whole = tempdir().expect("a folder");
    fs::write(whole.path().join("fleet.toml"), fleet).expect("written");
    let run = valet_gen(whole.path(), ["audit"].iter().chain(arguments));
    assert!(!whole.path().join("generated").exists(), "writes nothing");
    run
}

#[test]
fn every_mark_in_a_template_names_a_control() {
    let mut marks = 0;
    for template in FORMATS.iter().flat_map(|format| (format.templates)()) {
        for (index, line) in template.text.lines().enumerate() {
            let Some((_, id)) = line.split_once(&format!("# {CONTROL_MARKER}")) else {
                continue;
            };
            assert!(
                controls::find(id).is_some(),
                "{}:{}: {id:?} is no control",
                template.name,
                index + 1
            );
            marks += 1;
        }
    }
    assert!(marks > 20, "only {marks} marks");
}

/// In a template of Terraform a mark is typed; what the image enforces is a block, so that a
/// waiver takes it out.
#[test]
fn every_control_of_terraform_is_marked_in_the_own_fleet() {
    for audit in audits(&own_fleet()) {
        for entry in &audit.controls {
            if matches!(entry.enforced_by, EnforcedBy::Terraform | EnforcedBy::Agent) {
                assert_eq!(entry.status, Status::Enforced, "{}", entry.id);
            }
        }
    }
}

/// The same for the whole registry.
#[test]
fn every_control_of_the_own_fleet_is_accounted_for() {
    for audit in audits(&own_fleet()) {
        let missing: Vec<&str> = audit.missing().map(|entry| entry.id).collect();
        assert_eq!(missing, Vec::<&str>::new(), "in {}", audit.environment);
    }
    assert_eq!(run(&own_fleet(), &[]).code, Some(0));
}

/// The line that is named is one that can be looked up.
#[test]
fn the_places_are_real() {
    let plan = plan_of(&own_fleet());
    let files = files_of(&plan);
    let mut looked_up = 0;
    for environment in &plan.environments {
        for (id, places) in locations(&environment.identity.environment, &files) {
            for place in places {
                let line = files[&place.file].lines().nth(place.line - 1);
                assert_eq!(
                    line.map(str::trim_start),
                    Some(format!("# {CONTROL_MARKER}{id}").as_str())
                );
                let below = files[&place.file].lines().nth(place.line).expect("a line");
                assert!(!below.trim().is_empty(), "{place:?} is above nothing");
                looked_up += 1;
            }
        }
    }
    assert!(looked_up > 40, "only {looked_up} places");
}

#[test]
fn what_fleet_toml_switches_off_is_missing_or_left_to_somebody() {
    let minimal = fixture_text("golden-minimal");
    let [before] = audits(&minimal).try_into().expect("one environment");
    for id in ["net.ssh-closed", "net.flow-logs", "aws.guardduty"] {
        assert_eq!(status(&before, id), Status::Enforced, "{id}");
    }
    let with = |extra: &str| audits(&format!("{minimal}{extra}")).remove(0);
    let audit = with("[access]\nssh = \"instance_connect\"\n");
    assert_eq!(status(&audit, "net.ssh-closed"), Status::Missing);
    let audit = with("[audit]\nguardduty = false\n");
    assert_eq!(status(&audit, "aws.guardduty"), Status::People);
    assert_eq!(status(&audit, "aws.inspector"), Status::Enforced);
    let audit = with(
        "[network.existing]\nvpc_id = \"vpc-0123abcd\"\nprivate_subnet_ids = \
         [\"subnet-0123abcd\"]\n",
    );
    assert_eq!(status(&audit, "net.flow-logs"), Status::People);
    assert_eq!(status(&audit, "net.private-subnets"), Status::Enforced);
}

const WAIVER: &str = "[image.hardening]\nwaivers = [\n  { control = \"os.tmp-noexec\", \
                      reason = \"it | needs\\n*it*\", expires = 2026-06-30 },\n]\n";

#[test]
fn a_waiver_is_told_with_its_reason_and_its_day() {
    let fleet = format!("{}{WAIVER}", fixture_text("golden-minimal"));
    let [audit] = audits(&fleet).try_into().expect("one environment");
    assert_eq!(status(&audit, "os.tmp-noexec"), Status::Waived);
    let table = run(&fleet, &[]).stdout;
    assert!(
        table.contains("waived until 2026-06-30: it | needs *it*\n"),
        "{table}"
    );
    let markdown = run(&fleet, &["--format", "markdown"]).stdout;
    assert!(
        markdown.contains(" | waived until 2026-06-30: it \\| needs \\*it\\* |\n"),
        "{markdown}"
    );
    let found: Value =
        serde_json::from_str(&run(&fleet, &["--format", "sarif"]).stdout).expect("JSON");
    let results = found["runs"][0]["results"].as_array().expect("results");
    let notes: Vec<&Value> = results.iter().filter(|it| it["level"] == "note").collect();
    assert_eq!(notes.len(), 1, "{found:#}");
    assert_eq!(notes[0]["ruleId"], "os.tmp-noexec");
    assert_eq!(
        notes[0]["message"]["text"],
        "os.tmp-noexec is waived in production until 2026-06-30: it | needs\n*it*"
    );
    let line = notes[0]["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64();
    let expected = fleet
        .lines()
        .position(|line| line.contains("os.tmp-noexec"));
    assert_eq!(line, expected.map(|index| index as u64 + 1));
}

/// Whatever the format, each control is in it once for every environment.
#[test]
fn every_format_has_every_control() {
    let fleet = own_fleet();
    let ids: Vec<&str> = controls::all().map(|control| control.id).collect();
    let json: Value =
        serde_json::from_str(&run(&fleet, &["--format", "json"]).stdout).expect("JSON");
    let environments = json["environments"].as_array().expect("a list");
    assert_eq!(environments.len(), 2);
    for environment in environments {
        let controls = environment["controls"].as_array().expect("a list");
        let found: Vec<&str> = controls.iter().filter_map(|it| it["id"].as_str()).collect();
        assert_eq!(found, ids);
    }
    let one = ["--environment", "staging"];
    for (format, before) in [("table", "\n"), ("markdown", "\n| `")] {
        let page = run(&fleet, &[&["--format", format], &one[..]].concat()).stdout;
        for id in &ids {
            let after = if format == "table" { " " } else { "`" };
            let found = page.matches(&format!("{before}{id}{after}")).count();
            assert_eq!(found, 1, "{id} in {format}");
        }
        assert!(page.contains("staging: ") && !page.contains("production"));
    }
}

/// Eighty columns have no room for the table; two hundred and more have.
#[test]
fn no_line_is_wider_than_the_terminal() {
    let audits = audits(&own_fleet());
    for width in [80, 100, 200] {
        let text = print_table(&audits, Some(width));
        let (tables, _) = text.rsplit_once("\n\n").expect("a summary");
        for line in tables.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
    let stacked = print_table(&audits, Some(80));
    assert!(stacked.contains("aws.imdsv2: enforced\n  account/terraform/"));
    assert!(print_table(&audits, Some(200)).contains("CONTROL  "));
}

#[test]
fn a_control_that_nobody_sees_to_is_an_error_of_its_own() {
    let fleet = format!(
        "{}[access]\nssh = \"instance_connect\"\n",
        fixture_text("golden-minimal")
    );
    let run = run(&fleet, &[]);
    assert_eq!(run.code, Some(20));
    let told = "error: production: net.ssh-closed is not enforced: Port 22 is closed; operators \
                connect with Session Manager\n  help: turn the setting on in fleet.toml; this \
                control cannot be waived\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn an_environment_that_is_not_there_is_a_mistake_of_the_command_line() {
    let run = run(&own_fleet(), &["--environment", "qa"]);
    let told =
        "error: fleet.toml: there is no environment `qa`\n  help: one of: production, staging\n";
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.ends_with(told), "{}", run.stderr);
    let run = valet_gen(Path::new("/"), ["audit", "no-such.toml"]);
    assert_eq!(run.code, Some(3));
}

/// A requirement is in the lists of the summary, whatever became of it.
#[test]
fn the_summary_has_every_requirement_of_the_own_list() {
    for audit in reports_with(&own_fleet(), Some(&own_requirements())) {
        let items = audit.summary.requirements.as_ref().expect("a list");
        let lists = items.enforced.values().chain(items.left_to.values());
        let found: BTreeSet<&str> = lists
            .chain([&items.waived, &items.missing])
            .flatten()
            .map(String::as_str)
            .collect();
        let numbers: Vec<String> = (1..=30).map(|number| number.to_string()).collect();
        assert_eq!(found, numbers.iter().map(String::as_str).collect());
        assert_eq!(items.accounted_for, 30);
    }
}

const LIST: &str = "\
title = \"Customer checklist\"
[[requirement]]
id = \"7.1\"
text = \"Only IMDSv2 answers\"
controls = [\"aws.imdsv2\"]
[[requirement]]
id = \"7.2\"
text = \"No way in\"
controls = [\"net.ssh-closed\", \"net.private-subnets\"]
";

/// The list is somebody's own: without one, nothing is said about requirements.
#[test]
fn requirements_are_told_where_a_file_lists_them() {
    let fleet = format!(
        "{}[access]\nssh = \"instance_connect\"\n",
        fixture_text("golden-minimal")
    );
    let whole = tempdir().expect("a folder");
    let put = |name: &str, text: &str| fs::write(whole.path().join(name), text).expect("written");
    put("fleet.toml", &fleet);
    let without = valet_gen(whole.path(), ["audit"]);
    assert!(
        !without.stdout.contains("REQUIREMENT"),
        "{}",
        without.stdout
    );
    put("requirements.toml", LIST);
    let with = valet_gen(whole.path(), ["audit"]);
    let sentence = "production: Customer checklist: 1 of 2 accounted for: 2 enforced (2 by \
                    Terraform); missing: 7.2\n";
    assert!(with.stdout.contains(sentence), "{}", with.stdout);
    assert!(with.stdout.contains("REQUIREMENT"), "{}", with.stdout);
    let json = valet_gen(whole.path(), ["audit", "--format", "json"]).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let summary = &json["environments"][0]["summary"]["requirements"];
    assert_eq!(summary["missing"], serde_json::json!(["7.2"]));
    put("requirements.toml", "");
    put("elsewhere.toml", LIST);
    let markdown = [
        "audit",
        "--requirements",
        "elsewhere.toml",
        "--format",
        "markdown",
    ];
    let markdown = valet_gen(whole.path(), markdown).stdout;
    assert!(
        markdown.contains("| status | requirement | CIS |"),
        "{markdown}"
    );
}

#[test]
fn a_list_that_cannot_be_used_is_an_error_that_says_so() {
    let whole = tempdir().expect("a folder");
    let put = |name: &str, text: &str| fs::write(whole.path().join(name), text).expect("written");
    put("fleet.toml", &fixture_text("golden-minimal"));
    let cases = [
        (
            LIST.replace("aws.imdsv2", "aws.imdsv3"),
            "requirement `7.1` names `aws.imdsv3`, and there is no such control\n  help: did you \
             mean `aws.imdsv2`?\n",
        ),
        (
            LIST.replace("7.2", "7.1"),
            "requirement `7.1` is listed twice\n  help: give each requirement an id of its own\n",
        ),
        (
            LIST.replace("[\"aws.imdsv2\"]", "[]"),
            "requirement `7.1` names no control\n  help: name the controls that answer it; \
             docs/controls.md lists them\n",
        ),
    ];
    for (list, expected) in cases {
        put("requirements.toml", &list);
        let run = valet_gen(whole.path(), ["audit"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
        let expected = format!("error: requirements.toml: {expected}");
        assert!(run.stderr.ends_with(&expected), "{}", run.stderr);
    }
    let run = valet_gen(whole.path(), ["audit", "--requirements", "no-such.toml"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    let expected = "error: no-such.toml: No such file or directory (os error 2)\n  help: name a \
                    file that can be read, with --requirements\n";
    assert!(run.stderr.ends_with(expected), "{}", run.stderr);
}

/// Terraform reads the user's own files too, and no control says anything about them.
#[test]
fn files_of_the_users_own_are_named() {
    let whole = tempdir().expect("a folder");
    let fleet = fixture_text("golden-minimal");
    let own = "[terraform]\nown_files = [\"extra_*.tf\"]\n";
    fs::write(whole.path().join("fleet.toml"), format!("{fleet}{own}")).expect("written");
    valet_gen(whole.path(), ["render"]).success();
    let module = whole.path().join("generated/production/terraform");
    fs::write(module.join("extra_dns.tf"), "").expect("written");
    fs::write(module.join("zz_override.tf"), "").expect("written");
    let run = valet_gen(whole.path(), ["audit"]);
    let told = "production: 1 file of the user's own, declared in terraform.own_files, which no \
                control covers: production/terraform/extra_dns.tf\nproduction: 1 file of the \
                user's own, undeclared, which no control covers: \
                production/terraform/zz_override.tf\n";
    assert!(run.stdout.ends_with(told), "{}", run.stdout);
    let json = valet_gen(whole.path(), ["audit", "--format", "json"]).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let files = |key: &str| json["environments"][0][key].clone();
    assert_eq!(
        files("own_files"),
        serde_json::json!(["production/terraform/extra_dns.tf"])
    );
    assert_eq!(
        files("undeclared_files"),
        serde_json::json!(["production/terraform/zz_override.tf"])
    );
}
