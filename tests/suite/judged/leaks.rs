//! gitleaks finds no secret in what is rendered: a gate that many repositories have.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::tempdir;
use test_support::folders::generated;
use test_support::judges::GITLEAKS;
use test_support::pipeline::{fixture_text, rendered};

/// What gitleaks finds below a folder: the rule, the file and the line.
fn findings(gitleaks: &Path, folder: &Path) -> Vec<String> {
    let run = Command::new(gitleaks)
        .args(["dir", "--no-banner", "--no-color", "--redact"])
        .args(["--report-format", "json", "--report-path", "-"])
        .arg(".")
        // A configuration of the user's own would be another judge.
        .env_remove("GITLEAKS_CONFIG")
        .env_remove("GITLEAKS_CONFIG_TOML")
        .current_dir(folder)
        .output()
        .expect("gitleaks runs");
    let found: Vec<Value> = serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&run.stderr)));
    assert_eq!(run.status.success(), found.is_empty(), "{found:#?}");
    let said = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let line = &finding["StartLine"];
        format!("{} in {}:{line}", text("RuleID"), text("File"))
    };
    found.iter().map(said).collect()
}

#[test]
fn gitleaks_finds_nothing_in_the_committed_rendering() {
    let Some(gitleaks) = GITLEAKS.program_or_skip("gitleaks") else {
        return;
    };
    assert_eq!(findings(&gitleaks, &generated()), Vec::<String>::new());
}

#[test]
fn gitleaks_finds_nothing_in_a_rendering_with_every_key() {
    let Some(gitleaks) = GITLEAKS.program_or_skip("gitleaks") else {
        return;
    };
    let fixture =
        test_support::output_fixture::OutputFixture::with(&rendered(&fixture_text("golden-full")));
    assert_eq!(findings(&gitleaks, &fixture.out()), Vec::<String>::new());
}

#[test]
fn gitleaks_finds_a_secret_that_is_there() {
    let Some(gitleaks) = GITLEAKS.program_or_skip("gitleaks") else {
        return;
    };
    let folder = tempdir().expect("a folder");
    // Put together here, so that the repository holds none.
    let token = ["ghp", "_1B4kQ7xW2nR9tY6uI3oP5aS8dF0gH", "jKlZx7m"].concat();
    fs::write(folder.path().join("x.tf"), format!("x = \"{token}\"\n")).expect("written");
    assert_eq!(findings(&gitleaks, folder.path()), ["github-pat in x.tf:1"]);
}
