//! The rendered checks, run in a root file system that they cannot change.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failure::{Failure, Kind};
use super::room::{IMAGE, OUT, Room, Store};
use super::workshop::Workshop;

/// Seconds until the checks are ended.
const LIMIT_SECONDS: u32 = 300;

/// The file of the bill of materials.
pub const SBOM: &str = "sbom.cdx.json";

/// What the checks print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Tap,
    Json,
}

impl Format {
    /// As the script takes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tap => "tap",
            Self::Json => "json",
        }
    }
}

/// What one check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    Passed,
    Failed,
    Skipped,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Check {
    /// The control's id.
    pub control: String,
    pub result: Found,
}

/// What the checks print as JSON, as far as it is read here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Checks {
    pub checks: Vec<Check>,
}

/// How many checks found what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub passed: usize,
    pub skipped: usize,
    /// Ids of the controls that do not hold.
    pub failed: Vec<String>,
}

impl Checks {
    /// Reads what the script printed.
    ///
    /// # Errors
    /// When it is none of that.
    pub fn read(printed: &str) -> serde_json::Result<Self> {
        serde_json::from_str(printed)
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        let all = |found| self.checks.iter().filter(move |it| it.result == found);
        Counts {
            passed: all(Found::Passed).count(),
            skipped: all(Found::Skipped).count(),
            failed: all(Found::Failed)
                .map(|check| check.control.clone())
                .collect(),
        }
    }
}

/// What is verified with what.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'t> {
    /// The root file system's folders, the topmost first.
    pub layers: &'t [PathBuf],
    /// The image's folder.
    pub image: &'t Path,
    /// An empty folder.
    pub scratch: &'t Path,
    /// Where the bill of materials goes.
    pub out: Option<&'t Path>,
}

/// Runs the checks and gives what they print, and whether each control holds.
///
/// # Errors
/// When the script itself fails.
pub fn print(
    workshop: &mut Workshop<'_>,
    trial: Trial<'_>,
    format: Format,
) -> Result<(String, bool), Failure> {
    let room = Room {
        layers: trial.layers.to_vec(),
        scratch: trial.scratch.to_owned(),
        store: Store::Memory,
        has_network: false,
        limit_seconds: LIMIT_SECONDS,
        image: Some(trial.image.to_owned()),
        out: trial.out.map(Path::to_owned),
    };
    let script = format!("{IMAGE}/verify.sh");
    let sbom = format!("{OUT}/{SBOM}");
    let mut inside = vec![
        "bash",
        &script,
        "--format",
        format.word(),
        "--phase",
        "image",
    ];
    if trial.out.is_some() {
        inside.extend(["--sbom", &sbom]);
    }
    let (printed, status) = workshop.read("verify.sh", &mut room.command(inside))?;
    match status.code() {
        Some(0) => Ok((printed, true)),
        Some(1) if !printed.is_empty() => Ok((printed, false)),
        _ => Err(workshop.failed("verify.sh", status, &[])),
    }
}

/// Runs the checks and counts them.
///
/// # Errors
/// When the script itself fails, or prints what it should not.
pub fn count(workshop: &mut Workshop<'_>, trial: Trial<'_>) -> Result<Counts, Failure> {
    let (printed, holds) = print(workshop, trial, Format::Json)?;
    let checks = Checks::read(&printed).map_err(|error| {
        let help = "please report it: what verify.sh prints and what reads it belong together";
        Failure::new(
            Kind::Step,
            "verify.sh",
            format_args!("it prints no checks: {error}"),
            help,
        )
    })?;
    let counts = checks.counts();
    if counts.failed.is_empty() == holds {
        return Ok(counts);
    }
    Err(Failure::new(
        Kind::Step,
        "verify.sh",
        "its exit code and what it prints contradict each other",
        "please report it",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_counted_by_what_they_found() {
        let printed = r#"{"checks": [
            {"control": "a.one", "title": "One", "result": "passed"},
            {"control": "a.two", "title": "Two", "result": "failed", "reason": "exit status 1"},
            {"control": "a.three", "title": "Three", "result": "skipped"}
        ], "passed": 1, "failed": 1, "skipped": 1}"#;
        let counts = Checks::read(printed).expect("checks").counts();
        assert_eq!((counts.passed, counts.skipped), (1, 1));
        assert_eq!(counts.failed, ["a.two"]);
    }

    #[test]
    fn what_is_cut_off_or_has_another_word_is_no_result() {
        for printed in [
            "",
            r#"{"checks": [{"control": "a", "result": "passed"}"#,
            r#"{"checks": [{"control": "a", "result": "maybe"}]}"#,
        ] {
            assert!(Checks::read(printed).is_err(), "{printed}");
        }
    }
}
