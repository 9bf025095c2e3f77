//! Every diagnostic that the generator can give, by a file that provokes it and nothing else.

use std::collections::BTreeSet;
use std::fs;

use jiff::civil::{Date, date};
use valet_gen::check::{check, explanations};
use valet_gen::diagnostic::{
    Diagnostic, DiagnosticFormat, DiagnosticReport, Severity, SourceText, Subject, print,
};
use valet_gen::load::{load, read};

/// The day on which the fixtures are read; their waivers expire around it.
fn today() -> Date {
    date(2026, 9, 1)
}

fn report(source: &SourceText) -> DiagnosticReport {
    match load(source) {
        Ok(loaded) => check(source, loaded, today()).report,
        Err(report) => report,
    }
}

fn report_of_file(path: &str) -> DiagnosticReport {
    report(&read(path.as_ref()).unwrap_or_else(|error| panic!("{path}: {}", error.problem)))
}

fn report_of_text(text: &str) -> DiagnosticReport {
    report(&SourceText {
        path: "fleet.toml".to_owned(),
        text: text.to_owned(),
    })
}

fn fixture(code: &str) -> String {
    format!("tests/diagnostics/{code}.toml")
}

/// A fleet that breaks no rule, to be broken.
const SOUND: &str = r#"[fleet]
name = "valet"
region = "us-east-1"
[alerts]
email = ["ops@example.com"]
[instances]
on_demand_percentage_above_base_capacity = 100
types = [{ instance_type = "m7i.large" }]
"#;

#[test]
fn a_sound_fleet_of_eight_lines_is_not_mentioned() {
    let report = report_of_text(SOUND);
    assert_eq!(SOUND.lines().count(), 8);
    assert!(
        report.is_empty(),
        "{}",
        print(&[report], DiagnosticFormat::Human, false)
    );
}

#[test]
fn every_code_has_a_fixture_and_every_fixture_a_code() {
    let codes: BTreeSet<String> = explanations()
        .map(|explanation| explanation.code.to_owned())
        .collect();
    let fixtures: BTreeSet<String> = fs::read_dir("tests/diagnostics")
        .expect("the folder of the fixtures")
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    let without_fixture: Vec<_> = codes.difference(&fixtures).collect();
    let without_code: Vec<_> = fixtures.difference(&codes).collect();
    // No type of today lacks encrypted volumes; the rule has a unit test of its own.
    assert_eq!(without_fixture, ["instances.type-no-encryption"]);
    assert!(without_code.is_empty(), "{without_code:?}");
}

#[test]
fn codes_are_given_once() {
    let mut seen = BTreeSet::new();
    for explanation in explanations() {
        assert!(
            seen.insert(explanation.code),
            "{} is twice",
            explanation.code
        );
        assert!(explanation.code.contains('.'), "{}", explanation.code);
        assert!(!explanation.title.ends_with('.'), "{}", explanation.code);
        assert!(explanation.reason.ends_with('.'), "{}", explanation.code);
    }
}

#[test]
fn every_fixture_breaks_its_rule_and_no_other() {
    let _guard = test_support::snapshot::settings("diagnostics").bind_to_scope();
    let mut wrong = Vec::new();
    for explanation in explanations() {
        let path = fixture(explanation.code);
        if !fs::exists(&path).expect("the folder can be read") {
            continue;
        }
        let report = report_of_file(&path);
        let others: Vec<_> = report
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code)
            .filter(|code| *code != explanation.code)
            .collect();
        let found = report
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code == explanation.code);
        if !found || !others.is_empty() {
            wrong.push(format!(
                "{}: found {found}, others {others:?}",
                explanation.code
            ));
            continue;
        }
        insta::assert_snapshot!(
            explanation.code,
            print(&[report], DiagnosticFormat::Human, false)
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_finding_says_where_and_what_to_do() {
    for explanation in explanations() {
        let path = fixture(explanation.code);
        if !fs::exists(&path).expect("the folder can be read") {
            continue;
        }
        for diagnostic in report_of_file(&path).diagnostics {
            let code = diagnostic.code;
            assert!(!diagnostic.message.is_empty(), "{code}");
            assert!(
                !diagnostic.message.ends_with('.'),
                "{code}: {}",
                diagnostic.message
            );
            assert!(!diagnostic.label.is_empty(), "{code}");
            assert!(!diagnostic.help.is_empty(), "{code}");
            assert!(!diagnostic.span.is_empty(), "{code}");
            assert_eq!(diagnostic.severity, explanation.severity, "{code}");
        }
    }
}

#[test]
fn the_example_is_a_fleet() {
    let report = report_of_file("tests/fleets/example.toml");
    assert_eq!(
        report.count(Severity::Error),
        0,
        "{}",
        print(&[report], DiagnosticFormat::Human, false)
    );
}

/// A file with findings of several kinds: with a second place, of one environment, behind
/// characters of several bytes.
const SEVERAL: &str = r#"[fleet]
name = "valet"
region = "us-east-1"
tags = { Owner = "Zoë 🚗", "Größe" = "x" } # 🎉
[instances]
types = [{ instance_type = "m7i.large" }, { instance_type = "m7i.large" }]
[alerts]
email = ["ops@example.com"]
[environments.production]
[environments.staging.network]
cidr_block = "11.0.0.0/16"
"#;

fn snapshot(name: &str, text: &str) {
    let settings = test_support::snapshot::settings("diagnostics");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn json_is_one_document() {
    let text = print(&[report_of_text(SEVERAL)], DiagnosticFormat::Json, false);
    let document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let diagnostics = document["diagnostics"].as_array().expect("a list");
    assert!(
        diagnostics
            .iter()
            .all(|entry| entry["start"]["line"].is_u64())
    );
    snapshot("format-json", &text);
}

#[test]
fn sarif_has_the_structure_of_its_standard() {
    let text = print(&[report_of_text(SEVERAL)], DiagnosticFormat::Sarif, false);
    let document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let rules: BTreeSet<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .expect("a list of rules")
        .iter()
        .map(|rule| rule["id"].as_str().expect("a rule has an id"))
        .collect();
    for result in run["results"].as_array().expect("a list of results") {
        assert!(rules.contains(result["ruleId"].as_str().expect("a result has a rule")));
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
        assert!(result["message"]["text"].is_string());
        for place in ["locations", "relatedLocations"] {
            for location in result[place].as_array().into_iter().flatten() {
                let physical = &location["physicalLocation"];
                assert!(physical["artifactLocation"]["uri"].is_string());
                let region = &physical["region"];
                let number = |key: &str| region[key].as_u64().expect("a number from 1");
                let start = (number("startLine"), number("startColumn"));
                assert!(start <= (number("endLine"), number("endColumn")));
                assert!(start.0 >= 1 && start.1 >= 1);
            }
        }
    }
    snapshot("format-sarif", &text);
}

#[test]
fn github_has_one_line_per_finding() {
    let report = report_of_text(SEVERAL);
    let count = report.diagnostics.len();
    let text = print(&[report], DiagnosticFormat::Github, false);
    assert_eq!(text.lines().count(), count);
    assert!(
        text.lines()
            .all(|line| line.starts_with("::error ") || line.starts_with("::warning "))
    );
    snapshot("format-github", &text);
}

/// Diagnostics about things that have no text to point into.
fn without_source() -> DiagnosticReport {
    let of = |subject| Diagnostic {
        code: "terraform.public-bucket",
        severity: Severity::Error,
        title: "No bucket is public",
        reason: "A public bucket is read by anyone.",
        message: "a bucket is public".to_owned(),
        subject,
        span: 0..0,
        label: "allows `*`".to_owned(),
        related: Vec::new(),
        help: "remove the statement".to_owned(),
        environments: Vec::new(),
    };
    DiagnosticReport::without_source(vec![
        of(Subject::File("generated/a b.tf".to_owned())),
        of(Subject::TerraformAddress(
            "aws_s3_bucket.logs[0]".to_owned(),
        )),
    ])
}

#[test]
fn a_file_or_an_address_is_reported_without_a_position() {
    let print = |format| print(&[without_source()], format, false);
    let human = print(DiagnosticFormat::Human);
    for part in [
        "error[terraform.public-bucket]: a bucket is public",
        "--> generated/a b.tf",
        "--> aws_s3_bucket.logs[0]",
        "allows `*`",
        "help: remove the statement",
        "2 errors",
    ] {
        assert!(human.contains(part), "{part} in:\n{human}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&print(DiagnosticFormat::Json)).expect("it is JSON");
    assert_eq!(json["diagnostics"][0]["path"], "generated/a b.tf");
    assert!(json["diagnostics"][0]["start"].is_null());
    assert_eq!(json["diagnostics"][1]["address"], "aws_s3_bucket.logs[0]");
    assert!(json["diagnostics"][1]["path"].is_null());
    let sarif: serde_json::Value =
        serde_json::from_str(&print(DiagnosticFormat::Sarif)).expect("it is JSON");
    let results = &sarif["runs"][0]["results"];
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "generated/a%20b.tf"
    );
    assert_eq!(
        results[1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
        "aws_s3_bucket.logs[0]"
    );
    let github = print(DiagnosticFormat::Github);
    let lines: Vec<&str> = github.lines().collect();
    assert!(
        lines[0].starts_with("::error file=generated/a b.tf,title="),
        "{github}"
    );
    assert!(
        lines[1].starts_with("::error title=terraform.public-bucket::aws_s3_bucket.logs[0]: "),
        "{github}"
    );
}

const SECRETS: [&str; 5] = [
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789abcdefABCDEF0123456789abcd",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln",
    "-----BEGIN PRIVATE KEY-----MIIEvQIBADANBg-----END PRIVATE KEY-----",
];

/// Every format, in color too, of what is wrong with a text.
fn everything_printed(text: &str) -> String {
    let reports = [report_of_text(text)];
    [
        print(&reports, DiagnosticFormat::Human, false),
        print(&reports, DiagnosticFormat::Human, true),
        print(&reports, DiagnosticFormat::Json, false),
        print(&reports, DiagnosticFormat::Sarif, false),
        print(&reports, DiagnosticFormat::Github, false),
    ]
    .concat()
}

#[test]
fn no_format_repeats_a_secret() {
    for secret in SECRETS {
        // As a value that other rules quote, as a key, in an overlay, in a comment, beside a
        // mistake of another kind, and in a file that is not even TOML.
        let texts = [
            SOUND.replace("us-east-1", secret),
            format!("{SOUND}[{}]\n", "environments.\"x\""),
            format!("{SOUND}[secrets]\n\"{secret}\" = {{ store = \"ssm\", read = \"boot\" }}\n"),
            format!("{SOUND}[worker.hatchet.labels]\n\"{secret}\" = \"{{{secret}}}\"\n"),
            format!("{SOUND}[environments.production.image]\npackages = [\"{secret}\"]\n"),
            format!("{SOUND}[network]\nnat_gateways = \"{secret}\"\n"),
            format!("{SOUND}[environments.\"{secret}\"]\n"),
            SOUND.replace("\"valet\"", &format!("\"Valet\" # {secret}")),
            format!("{SOUND}max_size = [ \"{secret}\"\n"),
        ];
        for text in texts {
            let printed = everything_printed(&text);
            assert!(!printed.contains(secret), "{text}\n{printed}");
        }
    }
}

#[test]
fn a_secret_is_found_wherever_it_stands() {
    for secret in SECRETS {
        for text in [
            format!("{SOUND}[environments.production.image]\npackages = [\"{secret}\"]\n"),
            format!("{SOUND}[worker.hatchet.labels]\nkey = \"{secret}\"\n"),
            format!("{SOUND}[worker.hatchet.labels]\n\"{secret}\" = \"x\"\n"),
        ] {
            let report = report_of_text(&text);
            let found = report
                .diagnostics
                .iter()
                .any(|diagnostic| diagnostic.code == "secrets.value-in-file");
            assert!(found, "{text}");
        }
    }
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_move_nothing() {
    let unix = report_of_text(SEVERAL);
    let windows_text = format!("\u{feff}{}", SEVERAL.replace('\n', "\r\n"));
    let windows = report_of_text(&windows_text);
    let pointed = |report: &DiagnosticReport| -> Vec<String> {
        report
            .diagnostics
            .iter()
            .map(|diagnostic| report.source.text[diagnostic.span.clone()].to_owned())
            .collect()
    };
    assert_eq!(pointed(&unix), pointed(&windows));
    let printed = print(&[windows], DiagnosticFormat::Human, false);
    assert!(!printed.contains('\r'), "{printed:?}");
}

fn codes(text: &str) -> Vec<&'static str> {
    let report = report_of_text(text);
    let diagnostics = report.diagnostics.iter();
    diagnostics.map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn a_misspelt_key_hides_no_other_mistake() {
    let text = format!(
        "{SOUND}[environments.staging.network]\navailability_zones = [\"eu-west-1a\"]\n\
         cidr_block = \"11.0.0.0/16\"\nnatgateways = \"none\"\n"
    );
    let expected = [
        "network.zone-not-in-region",
        "network.cidr-not-private",
        "toml.unknown-key",
    ];
    assert_eq!(codes(&text), expected);
}

#[test]
fn what_follows_from_a_mistake_is_not_reported_beside_it() {
    // With the defaults in place of what was lost, every one of these would break a rule as well.
    for lost in [
        "[scaling]\nmin_size = 15\nmax_size = \"20\"\n",
        "[scaling]\nmin_size = 15\nmaxsize = 20\n",
        "[network]\nexisting = { vpc_id = \"vpc-0123abcd\", private_subnet_ids = 1 }\n",
        "[worker.drain]\ntask_seconds = \"5\"\nstop_timeout_seconds = 30\n",
    ] {
        let found = codes(&format!("{SOUND}{lost}"));
        assert_eq!(found.len(), 1, "{lost}: {found:?}");
        assert!(found[0].starts_with("toml."), "{lost}: {found:?}");
    }
}
