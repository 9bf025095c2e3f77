//! The CIS benchmarks of Ubuntu, as the SCAP Security Guide has them and openscap reads them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::runner::ScanRunner;
use crate::error::{BakeError, ErrorKind};
use crate::sandbox;

/// Puts the root file system together and scans it.
const SCRIPT: &str = include_str!("openscap.sh");

/// Where the package of Debian and Ubuntu keeps the benchmarks.
pub const CONTENT: &str = "/usr/share/xml/scap/ssg/content";

/// What every id of a profile and of a rule begins with.
const OWNER: &str = "xccdf_org.ssgproject.content_";

/// The profile that is scanned for.
pub const PROFILE: &str = "cis_level1_server";

/// A benchmark, and the release that it is for. It holds itself to be applicable to no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Benchmark {
    /// As in the name of its file.
    pub name: &'static str,
    pub version: &'static str,
    pub codename: &'static str,
}

/// Every benchmark that is scanned for.
pub const BENCHMARKS: [Benchmark; 2] = [
    Benchmark {
        name: "ubuntu2204",
        version: "22.04",
        codename: "jammy",
    },
    Benchmark {
        name: "ubuntu2404",
        version: "24.04",
        codename: "noble",
    },
];

/// What openscap says of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Pass,
    Fail,
    /// Its check contradicts itself, or is broken.
    Error,
    /// What it asks about is not there in a system that does not run.
    Unknown,
    NotApplicable,
    /// There is no check.
    NotChecked,
    NotSelected,
    Informational,
    Fixed,
}

impl Verdict {
    /// As openscap prints it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Unknown => "unknown",
            Self::NotApplicable => "notapplicable",
            Self::NotChecked => "notchecked",
            Self::NotSelected => "notselected",
            Self::Informational => "informational",
            Self::Fixed => "fixed",
        }
    }

    const ALL: [Self; 9] = [
        Self::Pass,
        Self::Fail,
        Self::Error,
        Self::Unknown,
        Self::NotApplicable,
        Self::NotChecked,
        Self::NotSelected,
        Self::Informational,
        Self::Fixed,
    ];
}

/// What was found of each rule, by its id without the owner's prefix.
pub type Rules = BTreeMap<String, Verdict>;

/// Reads what `oscap xccdf eval --progress` prints. Other lines are left out.
#[must_use]
pub fn read(printed: &str) -> Rules {
    let rules = printed.lines().filter_map(|line| {
        let (id, word) = line.trim().rsplit_once(':')?;
        let id = id.strip_prefix(OWNER)?.strip_prefix("rule_")?;
        let mut all = Verdict::ALL.into_iter();
        Some((id.to_owned(), all.find(|it| it.as_str() == word)?))
    });
    rules.collect()
}

/// A rule and its result on each line, as a baseline has them.
#[must_use]
pub fn to_baseline(rules: &Rules) -> String {
    let line = |(id, verdict): (&String, &Verdict)| format!("{id} {}\n", verdict.as_str());
    rules.iter().map(line).collect()
}

/// The file of a benchmark.
///
/// # Errors
/// When it is not there.
pub fn content(folder: &Path, benchmark: Benchmark) -> Result<PathBuf, BakeError> {
    let path = folder.join(format!("ssg-{}-ds.xml", benchmark.name));
    if path.is_file() {
        return Ok(path);
    }
    Err(BakeError::new(
        ErrorKind::Prerequisite,
        path.display(),
        "the benchmark is missing",
        "apt-get install ssg-debderived, 0.1.74 or newer, or name the folder of its files with --scap",
    ))
}

/// What is scanned.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'s> {
    /// The root file system's folders, the topmost first.
    pub layers: &'s [PathBuf],
    /// The benchmark's file.
    pub content: &'s Path,
    pub benchmark: Benchmark,
    /// An empty folder.
    pub scratch: &'s Path,
}

/// Scans a root file system. Nothing in it changes.
///
/// # Errors
/// When openscap fails, which is something else than a rule that fails.
pub fn scan(scanner: &ScanRunner<'_>, scan: Scan<'_>) -> Result<Rules, BakeError> {
    let (os_release_overlay, place) = (
        scan.scratch.join("os_release_overlay"),
        scan.scratch.join("place"),
    );
    for folder in [&os_release_overlay, &place] {
        fs::create_dir(folder).map_err(BakeError::file(folder))?;
    }
    apply(scan.benchmark, scan.layers, &os_release_overlay)?;
    let layers = [&[os_release_overlay], scan.layers].concat();
    let mut evaluate = sandbox::isolated_command(false, &["sh", "-c", SCRIPT, "openscap.sh"]);
    evaluate
        .arg(sandbox::lowerdir(&layers))
        .arg(&place)
        .arg(scan.content)
        .arg(format!("{OWNER}profile_{PROFILE}"));
    let (printed, status) = scanner.read(&mut evaluate)?;
    let rules = read(&printed);
    // 2: rules fail.
    if !matches!(status.code(), Some(0 | 2)) || rules.is_empty() {
        return Err(scanner.failed("oscap", status));
    }
    Ok(rules)
}

/// The topmost layer's file of this path.
fn find(layers: &[PathBuf], path: &str) -> Option<PathBuf> {
    let mut paths = layers.iter().map(|layer| layer.join(path));
    paths.find(|path| path.is_file())
}

/// What is mounted once the system runs: the root, and what its fstab names.
fn mounts(layers: &[PathBuf]) -> Result<String, BakeError> {
    let mut mounts = "/dev/root / ext4 rw,relatime 0 0\n".to_owned();
    let Some(fstab) = find(layers, "etc/fstab") else {
        return Ok(mounts);
    };
    let text = fs::read_to_string(&fstab).map_err(BakeError::file(&fstab))?;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [device, point, kind, options, ..] = words[..]
            && point.starts_with('/')
            && point != "/"
        {
            mounts.push_str(&format!("{device} {point} {kind} {options} 0 0\n"));
        }
    }
    Ok(mounts)
}

/// Writes a layer that makes a root file system say that it is the benchmark's release, and that it
/// has a kernel as instances do. Without it every rule is not applicable.
fn apply(benchmark: Benchmark, layers: &[PathBuf], layer: &Path) -> Result<(), BakeError> {
    let Benchmark {
        version, codename, ..
    } = benchmark;
    let lsb = format!(
        "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={version}\nDISTRIB_CODENAME={codename}\n\
         DISTRIB_DESCRIPTION=\"Ubuntu {version} LTS\"\n"
    );
    let os = format!(
        "NAME=\"Ubuntu\"\nID=ubuntu\nVERSION_ID=\"{version}\"\nVERSION_CODENAME={codename}\n"
    );
    let status = find(layers, "var/lib/dpkg/status").unwrap_or_default();
    let mut packages = fs::read_to_string(&status).map_err(BakeError::file(&status))?;
    if !packages.lines().any(|line| line == "Package: linux-base") {
        packages.push_str(
            "Package: linux-base\nStatus: install ok installed\nArchitecture: all\n\
             Maintainer: nobody <nobody@localhost>\nVersion: 4\nDescription: a kernel\n\n",
        );
    }
    for (name, text) in [
        ("etc/lsb-release", lsb),
        ("etc/os-release", os),
        ("var/lib/dpkg/status", packages),
        ("proc/mounts", mounts(layers)?),
    ] {
        let path = layer.join(name);
        let parent = path.parent().unwrap_or(layer);
        fs::create_dir_all(parent).map_err(BakeError::file(parent))?;
        fs::write(&path, text).map_err(BakeError::file(&path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_by_their_ids_and_written_in_order() {
        let printed = "WARNING: something\n\
            xccdf_org.ssgproject.content_rule_b_two:notapplicable\n\
            xccdf_org.ssgproject.content_rule_a_one:fail\n\
            xccdf_org.ssgproject.content_rule_c:surprise\n";
        assert_eq!(
            to_baseline(&read(printed)),
            "a_one fail\nb_two notapplicable\n"
        );
    }

    #[test]
    fn a_benchmark_that_is_missing_is_told_with_its_package() {
        let failure = content(Path::new("/nonexistent"), BENCHMARKS[1]).expect_err("missing");
        assert_eq!(failure.kind, ErrorKind::Prerequisite);
        assert_eq!(failure.subject, "/nonexistent/ssg-ubuntu2404-ds.xml");
    }

    #[test]
    fn whoever_asks_is_told_of_the_benchmarks_release_and_of_a_kernel() {
        let whole = tempfile::tempdir().expect("a folder");
        let (top, base, layer) = (
            whole.path().join("top"),
            whole.path().join("base"),
            whole.path().join("layer"),
        );
        fs::create_dir_all(&top).expect("made");
        fs::create_dir_all(base.join("var/lib/dpkg")).expect("made");
        fs::write(base.join("var/lib/dpkg/status"), "Package: a\n\n").expect("written");
        fs::create_dir_all(top.join("etc")).expect("made");
        let fstab = "# <system> <point>\ntmpfs /tmp tmpfs rw,nodev 0 0\nUUID=1 none swap sw 0 0\n";
        fs::write(top.join("etc/fstab"), fstab).expect("written");
        apply(BENCHMARKS[0], &[top, base], &layer).expect("written");
        let read = |name: &str| fs::read_to_string(layer.join(name)).expect("readable");
        assert!(read("etc/os-release").contains("\nVERSION_ID=\"22.04\"\n"));
        assert!(read("etc/lsb-release").contains("\nDISTRIB_CODENAME=jammy\n"));
        assert_eq!(
            read("proc/mounts"),
            "/dev/root / ext4 rw,relatime 0 0\ntmpfs /tmp tmpfs rw,nodev 0 0\n"
        );
        let status = read("var/lib/dpkg/status");
        assert!(status.starts_with("Package: a\n\nPackage: linux-base\n"));
    }
}
