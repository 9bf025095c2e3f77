//! What the making came to.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use crate::disk::Disk;
use crate::scanners::{RuleCounts, ScanReport};
use crate::step_runner::Step;
use crate::verify::CheckCounts;

/// An image that was made here. The field names are part of the interface.
#[derive(Clone, Debug, Serialize)]
pub struct BakeReport {
    pub environment: String,
    pub suite: &'static str,
    /// Why the suite is not that of fleet.toml's base; `null` where it is.
    pub stands_in: Option<String>,
    /// The root file system in a folder of its own, where that was asked for.
    pub root: Option<Root>,
    /// The disk, where that was asked for.
    pub disk: Option<Disk>,
    /// The same as layers for overlayfs, the topmost first. They belong to the cache.
    pub layers: Vec<PathBuf>,
    /// The bill of materials.
    pub sbom: PathBuf,
    pub checks: BeforeAndAfter,
    /// What others find in it, where that was asked for.
    #[serde(rename = "audit")]
    pub scan: Option<ScanReport>,
    pub steps: Vec<Step>,
    pub seconds: f64,
}

/// A root file system.
#[derive(Clone, Debug, Serialize)]
pub struct Root {
    pub path: PathBuf,
    /// What it takes on disk.
    pub bytes: u64,
}

/// The checks in the base system, and in the image.
#[derive(Clone, Debug, Serialize)]
pub struct BeforeAndAfter {
    pub before: CheckCounts,
    pub after: CheckCounts,
}

impl BakeReport {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{}: made of {} in {} s",
            self.environment, self.suite, self.seconds
        );
        if let Some(Root { path, bytes }) = &self.root {
            let _ = writeln!(text, "  root: {}, {} MB", path.display(), bytes / 1_000_000);
        }
        if let Some(disk) = &self.disk {
            let _ = writeln!(
                text,
                "  disk: {}, {} MB of {} MB, with Linux {}",
                disk.path.display(),
                disk.bytes / 1_000_000,
                disk.size / 1_000_000,
                disk.kernel
            );
        }
        if let Some(reason) = &self.stands_in {
            let _ = writeln!(text, "  it replaces the fleet's base: {reason}");
        }
        for step in &self.steps {
            let cached = if step.cached { "  from the cache" } else { "" };
            let _ = writeln!(text, "  {:<22}{:>7.1} s{cached}", step.name, step.seconds);
        }
        let _ = writeln!(text, "  checks before: {}", counted(&self.checks.before));
        let _ = writeln!(text, "  checks after:  {}", counted(&self.checks.after));
        for id in &self.checks.after.failed {
            let _ = writeln!(text, "    does not hold: {id}");
        }
        if let Some(scan) = &self.scan {
            text.push_str(&scanned(scan));
        }
        let _ = writeln!(text, "  packages: {}", self.sbom.display());
        text
    }
}

/// A line for each scanner, before and after.
fn scanned(report: &ScanReport) -> String {
    let mut text = String::new();
    let mut line = |what: &str, before: String, after: String| {
        let _ = writeln!(text, "  {what:<35}{before:>9} -> {after:>9}");
    };
    let of = |tally: &RuleCounts| {
        let all = tally.passed + tally.failed;
        format!("{}/{all}", tally.passed)
    };
    for scan in &report.openscap {
        let what = format!("openscap {} CIS L1, pass", scan.benchmark);
        line(&what, of(&scan.before), of(&scan.after));
        let percent = |tally: &RuleCounts| format!("{:.1} %", tally.percent);
        line("", percent(&scan.before), percent(&scan.after));
    }
    let indices = report.lynis;
    let (before, after) = (indices.before.to_string(), indices.after.to_string());
    line("lynis, hardening index", before, after);
    for unit in &report.exposure {
        let what = format!("exposure of {}", unit.unit);
        let of = |exposure: f64| format!("{exposure:.1}");
        line(&what, of(unit.before), of(unit.after));
    }
    text
}

fn counted(counts: &CheckCounts) -> String {
    let mut text = format!("{} pass, {} fail", counts.passed, counts.failed.len());
    if counts.skipped > 0 {
        let _ = write!(text, ", {} skipped", counts.skipped);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_was_made_and_what_does_not_hold() {
        let report = BakeReport {
            environment: "staging".to_owned(),
            suite: "bookworm",
            stands_in: Some("no keys".to_owned()),
            root: Some(Root {
                path: "baked/staging/root".into(),
                bytes: 412_345_678,
            }),
            disk: Some(Disk {
                path: "baked/staging/disk/disk.raw".into(),
                bytes: 712_345_678,
                size: 8_906_604_544,
                kernel: "6.1.0-50-cloud-amd64".to_owned(),
            }),
            layers: Vec::new(),
            sbom: "baked/staging/sbom.cdx.json".into(),
            checks: BeforeAndAfter {
                before: CheckCounts {
                    passed: 20,
                    skipped: 0,
                    failed: vec!["os.a".to_owned(); 60],
                },
                after: CheckCounts {
                    passed: 79,
                    skipped: 2,
                    failed: vec!["os.b".to_owned()],
                },
            },
            scan: None,
            steps: vec![Step {
                name: "base",
                seconds: 26.3,
                cached: true,
            }],
            seconds: 70.1,
        };
        assert_eq!(
            report.text(),
            "staging: made of bookworm in 70.1 s\n\x20 root: baked/staging/root, 412 MB\n\x20 \
             disk: baked/staging/disk/disk.raw, 712 MB of 8906 MB, with Linux \
             6.1.0-50-cloud-amd64\n\x20 it replaces the fleet's base: no keys\n\x20 base         \
             \x20           26.3 s  from the cache\n\x20 checks before: 20 pass, 60 fail\n\x20 checks \
             after:  79 pass, 1 fail, 2 skipped\n\x20   does not hold: os.b\n\x20 packages: \
             baked/staging/sbom.cdx.json\n"
        );
    }
}
