//! trivy finds nothing in what is rendered, for every fixture and every kind of fleet: what it would
//! find is accepted with a reason in `src/catalog/accepted_findings.rs`. In the deep run alone, as
//! trivy takes minutes to build.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use test_support::judges::TRIVY;
use test_support::{folders, is_deep, programs};

use crate::modules;
use crate::report;
use crate::trials::{Problem, Trials};

const KIND: &str = "trivy";

pub fn add(trials: &mut Trials) {
    if !is_deep() {
        return;
    }
    trials.add("trivy generated", &[], || {
        look_at("generated", &modules::committed().folder)
    });
    trials.add("trivy fixtures and kinds of fleets", &[], || {
        let folder = folders::fresh("terraform/fixtures-for-trivy")?;
        for fleet in [modules::fixtures()?, modules::kinds()?].concat() {
            modules::render(&fleet, &folder.join(modules::fixture_name(&fleet)))?;
        }
        look_at("fixtures", &folder)
    });
}

/// Settings and secrets, each with trivy's own checks: nothing is fetched.
fn look_at(name: &str, folder: &Path) -> Result<(), Problem> {
    let settings = run(name, &["config", "--skip-check-update"], folder)?;
    let looked_at = successes(&settings);
    if looked_at == 0 {
        return Err("trivy looked at nothing".to_owned().into());
    }
    let secrets = run(name, &["filesystem", "--scanners", "secret"], folder)?;
    report::count(KIND, "checks passed", looked_at);
    let found = [
        findings(&settings, "Misconfigurations"),
        findings(&secrets, "Secrets"),
    ]
    .concat();
    report::count(KIND, "failed", found.len());
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("\n").into())
    }
}

fn run(name: &str, what: &[&str], folder: &Path) -> Result<Value, Problem> {
    let mut command = Command::new(TRIVY.only_program()?);
    command.args(what).args(["--skip-version-check", "--quiet"]);
    // Many root modules at once take longer than the five minutes that it gives itself.
    command.args(["--timeout", "60m", "--format", "json", "--cache-dir"]);
    command.arg(folders::kept("terraform/trivy-cache")?);
    command.arg(folder);
    let log = format!("trivy {} {name}", what[0]);
    let finished = programs::run(&mut command, &log)?;
    Ok(serde_json::from_str(&finished.stdout)
        .map_err(|error| finished.explain(&format!("it printed no JSON: {error}")))?)
}

fn results(printed: &Value) -> impl Iterator<Item = &Value> {
    printed["Results"].as_array().into_iter().flatten()
}

/// How many checks held, over all files.
fn successes(printed: &Value) -> usize {
    results(printed)
        .filter_map(|result| result["MisconfSummary"]["Successes"].as_u64())
        .filter_map(|count| usize::try_from(count).ok())
        .sum()
}

/// What was found, a line each.
fn findings(printed: &Value, kind: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let described = |result: &Value| {
        let file = text(&result["Target"]);
        let found = result[kind].as_array().cloned().unwrap_or_default();
        found
            .into_iter()
            .map(|finding| {
                let id = [&finding["ID"], &finding["RuleID"]].map(text).concat();
                let line = &finding["CauseMetadata"]["StartLine"];
                format!("{file}:{line}: {id} {}", text(&finding["Title"]))
            })
            .collect::<Vec<_>>()
    };
    results(printed).flat_map(described).collect()
}
