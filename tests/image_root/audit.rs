//! What others find in the image: openscap rule by rule, lynis, and systemd of its units.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::baked::{BENCHMARKS, Baked, ENVIRONMENT, baked, folder, has_scanners, suite};
use test_support::pipeline::repository;

/// The hardening index of lynis that an image has at the least.
const LOWEST_INDEX: u64 = 68;

/// Why a rule fails in the image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// Why it is left.
    why: String,
    /// Who is responsible instead, where somebody is.
    instead: Option<String>,
    /// The only suites in which it fails, where the other ones differ.
    suites: Option<Vec<String>>,
}

/// The image, where it could be audited.
fn audited() -> Option<&'static Baked> {
    baked().filter(|_| has_scanners())
}

fn baselines() -> PathBuf {
    repository().join("tests/openscap")
}

fn baseline(benchmark: &str) -> PathBuf {
    baselines().join(suite()).join(format!("{benchmark}.txt"))
}

/// Rules and results, as both the baseline and the program have them.
fn rules(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .map(|line| line.split_once(' ').expect("a rule and its result"))
        .collect()
}

fn found(benchmark: &str) -> String {
    let path = folder()
        .join(ENVIRONMENT)
        .join(format!("openscap-{benchmark}.txt"));
    fs::read_to_string(path).expect("the audit wrote it")
}

/// Whatever changes of a rule is to be seen in the baseline, so that somebody reads it.
#[test]
fn every_rule_is_as_its_baseline_says() {
    let Some(_) = audited() else { return };
    let blesses = std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always");
    let mut differing = Vec::new();
    for benchmark in BENCHMARKS {
        let (path, found) = (baseline(benchmark), found(benchmark));
        if blesses {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, &found).expect("written");
            continue;
        }
        let wanted = fs::read_to_string(&path).expect("a baseline: INSTA_UPDATE=always makes it");
        let (wanted, found) = (rules(&wanted), rules(&found));
        let all: BTreeSet<&&str> = wanted.keys().chain(found.keys()).collect();
        for rule in all {
            let of = |side: &BTreeMap<&str, &str>| side.get(*rule).unwrap_or(&"absent").to_string();
            let (was, is) = (of(&wanted), of(&found));
            if was != is {
                let word = if was == "pass" { "worse" } else { "different" };
                differing.push(format!("{benchmark} {rule}: {word}, {was} -> {is}"));
            }
        }
    }
    assert!(
        differing.is_empty(),
        "INSTA_UPDATE=always makes new baselines of these: {differing:#?}"
    );
}

/// What fails is known and says why; what passes is not excused any more.
#[test]
fn every_rule_that_fails_has_its_reason() {
    let text = fs::read_to_string(baselines().join("reasons.toml")).expect("readable");
    let reasons: BTreeMap<String, Reason> = toml::from_str(&text).expect("TOML");
    let mut failing = BTreeSet::new();
    for entry in fs::read_dir(baselines()).expect("a folder") {
        let suite = entry.expect("an entry").path();
        for benchmark in BENCHMARKS.iter().filter(|_| suite.is_dir()) {
            let text = fs::read_to_string(suite.join(format!("{benchmark}.txt")));
            let text = text.expect("each suite has each benchmark");
            for (rule, verdict) in rules(&text) {
                if matches!(verdict, "fail" | "error") {
                    let reason = reasons.get(rule);
                    assert!(
                        reason.is_some_and(|it| it
                            .suites
                            .as_ref()
                            .is_none_or(|only| only.iter().any(|only| suite.ends_with(only)))),
                        "{} of {} fails without a reason in reasons.toml",
                        rule,
                        suite.display()
                    );
                    failing.insert(rule.to_owned());
                }
            }
        }
    }
    let excused: BTreeSet<String> = reasons.keys().cloned().collect();
    let unused: Vec<&String> = excused.difference(&failing).collect();
    assert!(
        unused.is_empty(),
        "excused, and failing no more: {unused:?}"
    );
    for (rule, Reason { why, instead, .. }) in &reasons {
        let is_said = |text: &str| text.split(' ').count() >= 3;
        assert!(is_said(why), "{rule}");
        assert!(instead.as_deref().is_none_or(is_said), "{rule}");
    }
}

#[test]
fn the_image_is_better_than_its_base_by_every_measure() {
    let Some(baked) = audited() else { return };
    let audit = &baked.report["audit"];
    let number = |value: &Value| value.as_f64().expect("a number");
    let scans = audit["openscap"].as_array().expect("a list");
    assert_eq!(scans.len(), BENCHMARKS.len());
    for scan in scans {
        let (before, after) = (&scan["before"]["percent"], &scan["after"]["percent"]);
        assert!(number(after) >= number(before) + 20.0, "{scan:#}");
    }
    let lynis = &audit["lynis"];
    let (before, after) = (&lynis["before"], &lynis["after"]);
    assert!(after.as_u64() >= Some(LOWEST_INDEX), "{lynis}");
    assert!(number(after) > number(before), "{lynis}");
    let units = audit["exposure"].as_array().expect("a list");
    assert!(units.len() >= 6, "{units:?}");
    for unit in units {
        assert!(number(&unit["after"]) <= 3.5, "{unit}");
    }
}
