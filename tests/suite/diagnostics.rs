//! Every diagnostic that the generator can give, by a file that provokes it and nothing else.

use std::collections::BTreeSet;
use std::fs;

use jiff::civil::{Date, date};
use valet_gen::check::{check, explanations};
use valet_gen::diagnostic::{DiagnosticFormat, DiagnosticReport, Severity, SourceText, print};
use valet_gen::load::{load, read};

/// The day on which the fixtures are read; their waivers expire around it.
pub fn today() -> Date {
    date(2026, 9, 1)
}

pub fn report(source: &SourceText) -> DiagnosticReport {
    match load(source) {
        Ok(loaded) => check(source, loaded, today()).report,
        Err(report) => report,
    }
}

pub fn report_of_file(path: &str) -> DiagnosticReport {
    report(&read(path.as_ref()).unwrap_or_else(|error| panic!("{path}: {}", error.problem)))
}

pub fn report_of_text(text: &str) -> DiagnosticReport {
    report(&SourceText {
        path: "fleet.toml".to_owned(),
        text: text.to_owned(),
    })
}

pub fn fixture(code: &str) -> String {
    format!("tests/diagnostics/{code}.toml")
}

/// A fleet that breaks no rule, to be broken.
pub const SOUND: &str = r#"[fleet]
name = "valet"
region = "us-east-1"
[alerts]
email = ["ops@example.com"]
[instances]
on_demand_percentage_above_base_capacity = 100
types = [{ instance_type = "m7i.large" }]
"#;

/// A file with findings of several kinds: with a second place, of one environment, behind
/// characters of several bytes.
pub const SEVERAL: &str = r#"[fleet]
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

/// A message that has not been filled in shows its placeholder, and `the key` may be one of KMS, of a tag or of TOML.
#[test]
fn messages_are_filled_in_and_name_what_they_are_about() {
    let is_placeholder = |text: &str| {
        text.split('{').skip(1).any(|after| {
            let name = after.split('}').next().unwrap_or_default();
            let is_constant = |letter: char| letter.is_ascii_uppercase() || letter == '_';
            name.len() > 2 && name.len() < after.len() && name.chars().all(is_constant)
        })
    };
    for explanation in explanations() {
        let path = fixture(explanation.code);
        if !fs::exists(&path).expect("the folder can be read") {
            continue;
        }
        for diagnostic in report_of_file(&path).diagnostics {
            let related = diagnostic.related.iter().map(|related| &related.label);
            for text in [&diagnostic.message, &diagnostic.label, &diagnostic.help]
                .into_iter()
                .chain(related)
            {
                assert!(!is_placeholder(text), "{}: {text}", diagnostic.code);
                for vague in [
                    "remove the key",
                    "leave the key out",
                    "the key has no effect",
                ] {
                    assert!(!text.contains(vague), "{}: {text}", diagnostic.code);
                }
            }
        }
    }
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
