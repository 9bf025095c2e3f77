//! The root file system that an image begins with, as mmdebstrap makes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache_dir::{self, CacheDir};
use crate::error::{BakeError, ErrorKind};
use crate::sandbox;
use crate::step_runner::StepRunner;
use crate::suite::{self, Distribution, FALLBACK_SUITE, PackageSource, Suite};

/// What cloud images of either distribution have, and the steps of provisioning build on.
const PACKAGES: &[&str] = &[
    "apt",
    "ca-certificates",
    "dbus",
    "iproute2",
    "kmod",
    "procps",
    "systemd-sysv",
    "udev",
];

/// What mmdebstrap takes from the machine into the root file system.
const HOST_FILES: &[&str] = &[
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/hostname",
    "etc/resolv.conf",
];

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct BaseRequest<'w> {
    /// A suite by its name, or the fleet's own where it can be had.
    pub suite: Option<&'w str>,
    /// The suite of fleet.toml's base.
    pub fleet_suite: &'w str,
    pub architecture: &'w str,
    pub mirror: Option<&'w str>,
    /// Keys of the archive, where they are not in their usual place.
    pub keyring: Option<&'w Path>,
}

/// Where a root file system comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageArchive {
    pub suite: Suite,
    pub lines: Vec<String>,
    pub keyring: PathBuf,
    /// Why it is not the fleet's own suite.
    pub stands_in: Option<String>,
}

/// Decides for a suite and its archive.
///
/// # Errors
/// When there is none, or this machine is none for it.
pub fn choose(
    runner: &mut StepRunner<'_>,
    cache: &CacheDir,
    wanted: BaseRequest<'_>,
) -> Result<PackageArchive, BakeError> {
    let own = first_line(runner, Command::new("dpkg").arg("--print-architecture"))?;
    if own != wanted.architecture {
        return Err(BakeError::new(
            ErrorKind::Usage,
            "bake --local",
            format_args!(
                "the fleet's image is for {}, and this machine is {own}",
                wanted.architecture
            ),
            "run it on a machine of that architecture",
        ));
    }
    let format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
    let mut targets = Command::new("apt-get");
    targets.args(["indextargets", "--format", format, "Created-By: Packages"]);
    let (printed, _) = runner.read("apt-get indextargets", &mut targets)?;
    let machine = suite::read_index_targets(&printed);
    if let Some(name) = wanted.suite {
        let archive = archive(suite::find(name)?, wanted, &machine)?;
        return missing_keyring(&archive).map_or_else(|| Ok(archive), Err);
    }
    let first = archive(suite::find(wanted.fleet_suite)?, wanted, &machine)?;
    let Some(reason) = unavailable(runner, cache, &first)? else {
        return Ok(first);
    };
    let mut second = archive(suite::find(FALLBACK_SUITE)?, wanted, &machine)?;
    second.stands_in = Some(reason);
    missing_keyring(&second).map_or_else(|| Ok(second), Err)
}

fn archive(
    suite: Suite,
    wanted: BaseRequest<'_>,
    machine: &[PackageSource],
) -> Result<PackageArchive, BakeError> {
    let keyring = wanted.keyring.map_or_else(
        || PathBuf::from(suite.distribution.keyring()),
        Path::to_owned,
    );
    Ok(PackageArchive {
        suite,
        lines: suite::sources(suite, wanted.architecture, wanted.mirror, machine)?,
        keyring,
        stands_in: None,
    })
}

/// Why the keys of an archive are missing.
fn missing_keyring(archive: &PackageArchive) -> Option<BakeError> {
    let package = match archive.suite.distribution {
        Distribution::Debian => "debian-archive-keyring",
        Distribution::Ubuntu => "ubuntu-keyring",
    };
    (!archive.keyring.is_file()).then(|| {
        BakeError::new(
            ErrorKind::Prerequisite,
            archive.keyring.display(),
            format_args!(
                "the keys of {}'s archive are missing",
                archive.suite.distribution.name()
            ),
            &format!("apt-get install {package}, or name the file with --keyring"),
        )
    })
}

/// Why an archive cannot be used from here.
fn unavailable(
    runner: &mut StepRunner<'_>,
    cache: &CacheDir,
    archive: &PackageArchive,
) -> Result<Option<String>, BakeError> {
    if let Some(failure) = missing_keyring(archive) {
        return Ok(Some(format!("{}: {}", failure.subject, failure.problem)));
    }
    let address = archive
        .lines
        .first()
        .and_then(|line| line.split(' ').nth(1));
    let url = format!(
        "{}/dists/{}/InRelease",
        address.unwrap_or_default(),
        archive.suite.name
    );
    let part = cache.staging()?;
    let mut fetch = Command::new("/usr/lib/apt/apt-helper");
    fetch
        .args([
            "-o",
            "Acquire::http::Timeout=10",
            "-o",
            "Acquire::Retries=0",
        ])
        .args(["download-file", &url])
        .arg(part.path().join("InRelease"));
    let (_, status) = runner.read("apt-helper", &mut fetch)?;
    Ok((!status.success()).then(|| format!("{url} cannot be fetched")))
}

/// The root file system, from the cache or made.
///
/// # Errors
/// When mmdebstrap fails.
pub fn layer(
    runner: &mut StepRunner<'_>,
    cache: &CacheDir,
    archive: &PackageArchive,
) -> Result<(PathBuf, bool), BakeError> {
    let version = first_line(runner, Command::new("mmdebstrap").arg("--version"))?;
    let kind = format!("base-{}", archive.suite.name);
    let name = layer_name(&kind, archive, &version);
    if let Some(made) = cache.find(&name) {
        return Ok((made, true));
    }
    let part = cache.staging()?;
    let root = part.path().join("root");
    let mut make = sandbox::isolated_command(true, &["mmdebstrap"]);
    make.args(arguments(archive))
        .arg(&root)
        .args(&archive.lines);
    runner.run("mmdebstrap", &mut make)?;
    for file in HOST_FILES {
        let path = root.join(file);
        if path.exists() {
            fs::remove_file(&path).map_err(BakeError::file(&path))?;
        }
    }
    let made = cache.publish(&root, &name)?;
    cache.prune(&kind, &name)?;
    Ok((made, false))
}

/// A name that tells everything that the root file system is made of.
fn layer_name(kind: &str, archive: &PackageArchive, mmdebstrap: &str) -> String {
    let parts = [archive.suite.name, mmdebstrap].into_iter();
    let parts = parts.chain(archive.lines.iter().map(String::as_str));
    cache_dir::key(kind, parts.chain(PACKAGES.iter().copied()))
}

fn arguments(archive: &PackageArchive) -> Vec<String> {
    vec![
        "--mode=root".to_owned(),
        "--variant=minbase".to_owned(),
        "--format=directory".to_owned(),
        format!("--include={}", PACKAGES.join(",")),
        format!("--keyring={}", archive.keyring.display()),
        archive.suite.name.to_owned(),
    ]
}

fn first_line(runner: &mut StepRunner<'_>, command: &mut Command) -> Result<String, BakeError> {
    let what = command.get_program().to_string_lossy().into_owned();
    let (printed, status) = runner.read(&what, command)?;
    match printed.lines().next() {
        Some(line) if status.success() => Ok(line.to_owned()),
        _ => Err(runner.failed(&what, status, &[])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bookworm() -> PackageArchive {
        PackageArchive {
            suite: suite::find("bookworm").expect("known"),
            lines: vec!["deb http://deb.debian.org/debian bookworm main".to_owned()],
            keyring: "/k.gpg".into(),
            stands_in: None,
        }
    }

    #[test]
    fn another_archive_another_suite_or_another_mmdebstrap_is_another_layer() {
        let name = layer_name("base-bookworm", &bookworm(), "mmdebstrap 1.3.5");
        assert!(name.starts_with("base-bookworm-"), "{name}");
        assert_eq!(
            name,
            layer_name("base-bookworm", &bookworm(), "mmdebstrap 1.3.5")
        );
        assert_ne!(
            name,
            layer_name("base-bookworm", &bookworm(), "mmdebstrap 1.5.0")
        );
        let mut other = bookworm();
        other
            .lines
            .push("deb http://a bookworm-updates main".to_owned());
        assert_ne!(
            name,
            layer_name("base-bookworm", &other, "mmdebstrap 1.3.5")
        );
        let mut other = bookworm();
        other.suite = suite::find("noble").expect("known");
        assert_ne!(
            name,
            layer_name("base-bookworm", &other, "mmdebstrap 1.3.5")
        );
        // Where the keys lie changes nothing that is in it.
        let mut same = bookworm();
        same.keyring = "/elsewhere.gpg".into();
        assert_eq!(name, layer_name("base-bookworm", &same, "mmdebstrap 1.3.5"));
    }

    #[test]
    fn mmdebstrap_is_told_everything_by_arguments() {
        assert_eq!(
            arguments(&bookworm()),
            [
                "--mode=root",
                "--variant=minbase",
                "--format=directory",
                "--include=apt,ca-certificates,dbus,iproute2,kmod,procps,systemd-sysv,udev",
                "--keyring=/k.gpg",
                "bookworm",
            ]
        );
    }
}
