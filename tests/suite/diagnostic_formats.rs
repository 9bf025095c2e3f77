//! What each format prints of findings, and that none prints a secret.

use crate::diagnostics::{SEVERAL, SOUND, report_of_text};
use std::collections::BTreeSet;
use valet_gen::diagnostic::{
    Diagnostic, DiagnosticFormat, DiagnosticReport, Severity, Subject, print,
};

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
