//! The rendered checks, run in a root file system that they cannot change.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{BakeError, ErrorKind};
use crate::image_dir::{self, Files};
use crate::interrupts::Interrupts;
use crate::sandbox::{IMAGE, OUT, Sandbox, Store, check_overlay_paths};
use crate::step_runner::{Event, StepRunner};

/// Seconds until the checks are ended.
const TIMEOUT_SECONDS: u32 = 900;

/// The file of the bill of materials.
pub const SBOM: &str = "sbom.cdx.json";

/// What the checks print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFormat {
    Tap,
    Json,
}

impl CheckFormat {
    /// As the script takes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tap => "tap",
            Self::Json => "json",
        }
    }
}

/// What one check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckResult {
    Passed,
    Failed,
    Skipped,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Check {
    /// The control's id.
    pub control: String,
    pub result: CheckResult,
}

/// What the checks print as JSON, as far as it is read here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Checks {
    pub checks: Vec<Check>,
}

/// How many checks found what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckCounts {
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
    pub fn counts(&self) -> CheckCounts {
        let all = |found| self.checks.iter().filter(move |it| it.result == found);
        CheckCounts {
            passed: all(CheckResult::Passed).count(),
            skipped: all(CheckResult::Skipped).count(),
            failed: all(CheckResult::Failed)
                .map(|check| check.control.clone())
                .collect(),
        }
    }
}

/// What is verified with what.
#[derive(Clone, Copy, Debug)]
pub struct VerifyRun<'t> {
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
    runner: &mut StepRunner<'_>,
    run: VerifyRun<'_>,
    format: CheckFormat,
) -> Result<(String, bool), BakeError> {
    let sandbox = Sandbox {
        layers: run.layers.to_vec(),
        scratch: run.scratch.to_owned(),
        store: Store::Memory,
        has_network: false,
        timeout_seconds: TIMEOUT_SECONDS,
        image: Some(run.image.to_owned()),
        out: run.out.map(Path::to_owned),
    };
    let script = format!("{IMAGE}/verify.sh");
    let sbom = format!("{OUT}/{SBOM}");
    let mut inside = vec![
        "bash",
        &script,
        "--format",
        format.as_str(),
        "--phase",
        "image",
    ];
    if run.out.is_some() {
        inside.extend(["--sbom", &sbom]);
    }
    let (printed, status) = runner.read("verify.sh", &mut sandbox.command(inside))?;
    match status.code() {
        Some(0) => Ok((printed, true)),
        Some(1) if !printed.is_empty() => Ok((printed, false)),
        _ => Err(runner.failed("verify.sh", status, &[])),
    }
}

/// Runs the checks and counts them.
///
/// # Errors
/// When the script itself fails, or prints what it should not.
pub fn count(runner: &mut StepRunner<'_>, run: VerifyRun<'_>) -> Result<CheckCounts, BakeError> {
    let (printed, holds) = print(runner, run, CheckFormat::Json)?;
    let checks = Checks::read(&printed).map_err(|error| {
        let help = "please report it: what verify.sh prints and what reads it belong together";
        BakeError::new(
            ErrorKind::Step,
            "verify.sh",
            format_args!("it prints no checks: {error}"),
            help,
        )
    })?;
    let counts = checks.counts();
    if counts.failed.is_empty() == holds {
        return Ok(counts);
    }
    Err(BakeError::new(
        ErrorKind::Step,
        "verify.sh",
        "its exit code and what it prints contradict each other",
        "please report it",
    ))
}

/// Runs the rendered checks in a root file system, and gives what they print and whether every
/// control holds. Nothing in the root file system changes.
///
/// # Errors
/// When the checks cannot be run, or a signal arrived.
pub fn verify_root(
    root: &Path,
    files: &Files,
    format: CheckFormat,
    interrupts: &Interrupts,
) -> Result<(String, bool), BakeError> {
    let root = root.canonicalize().map_err(|error| {
        let help = "name the folder of a root file system with --root";
        BakeError::new(ErrorKind::File, root.display(), error, help)
    })?;
    check_overlay_paths(&[&root])?;
    let work = tempfile::tempdir().map_err(BakeError::file(Path::new("a temporary folder")))?;
    let mut on_event = |_: Event<'_>| {};
    let mut runner = StepRunner::open(work.path().join("verify.log"), interrupts, &mut on_event)?;
    let (image, scratch) = (work.path().join("image"), work.path().join("scratch"));
    fs::create_dir(&scratch).map_err(BakeError::file(&scratch))?;
    image_dir::write(&mut runner, &image, files, None)?;
    let run = VerifyRun {
        layers: &[root],
        image: &image,
        scratch: &scratch,
        out: None,
    };
    print(&mut runner, run, format)
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
