//! How exposed the units of the fleet are, as systemd computes it: 0 is least, 10 is most.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::error::BakeError;
use crate::image_dir::Files;
use crate::step_runner::StepRunner;

/// A unit that nothing is said of.
const BARE: &str = "[Service]\nExecStart=/bin/true\n";

/// A unit and its exposure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exposure {
    pub unit: String,
    /// That of a unit without any sandbox.
    pub before: f64,
    pub after: f64,
}

/// The exposure of every service among the image's files.
///
/// # Errors
/// When systemd does not tell it.
pub fn all(
    runner: &mut StepRunner<'_>,
    files: &Files,
    image: &Path,
    scratch: &Path,
) -> Result<Vec<Exposure>, BakeError> {
    let bare = scratch.join("bare.service");
    fs::write(&bare, BARE).map_err(BakeError::file(&bare))?;
    let before = of(runner, &bare)?;
    let mut all = Vec::new();
    for path in files.keys() {
        let unit = path.strip_prefix("units/");
        if let Some(unit) = unit.filter(|unit| unit.ends_with(".service")) {
            all.push(Exposure {
                unit: unit.to_owned(),
                before,
                after: of(runner, &image.join(path))?,
            });
        }
    }
    Ok(all)
}

fn of(runner: &mut StepRunner<'_>, unit: &Path) -> Result<f64, BakeError> {
    let mut analyze = Command::new("systemd-analyze");
    analyze
        .args(["security", "--offline=true", "--no-pager"])
        .arg(unit)
        .env("LC_ALL", "C.UTF-8");
    let (printed, status) = runner.read("systemd-analyze", &mut analyze)?;
    read(&printed).ok_or_else(|| runner.failed("systemd-analyze", status, &[]))
}

fn read(printed: &str) -> Option<f64> {
    let (_, after) = printed.split_once("Overall exposure level for ")?;
    let (_, after) = after.split_once(": ")?;
    after.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exposure_stands_at_the_end() {
        let printed = "  NAME  DESCRIPTION  EXPOSURE\n\n\
            \u{2192} Overall exposure level for valet-worker.service: 1.9 OK :-)\n";
        assert_eq!(read(printed), Some(1.9));
        assert_eq!(read("Unit not found\n"), None);
    }
}
