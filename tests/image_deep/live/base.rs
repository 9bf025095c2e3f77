//! The root file system of a cloud image: what a build host has before anything is provisioned.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;
use valet_bake::sandbox::{isolated_command, lowerdir};
use valet_bake::suite::{self, Distribution};

use crate::baked::{folder, suite};

/// What a cloud image has that writes logs, lets somebody in, or starts with the host.
const PACKAGES: &[&str] = &[
    "ca-certificates",
    "cloud-init",
    "cron",
    "dbus",
    "iproute2",
    "kmod",
    "libpam-systemd",
    "netbase",
    "openssh-server",
    "procps",
    "python3",
    "rsyslog",
    "sudo",
    "systemd-sysv",
    "udev",
    "unattended-upgrades",
];

/// The base, made once for each list of packages and kept.
pub fn base() -> &'static Path {
    static MADE: LazyLock<PathBuf> = LazyLock::new(make);
    &MADE
}

/// The names of the hosts that its packages come from.
pub fn archive_hosts() -> Vec<String> {
    let mut hosts: Vec<String> = lines()
        .iter()
        .filter_map(|line| line.split("://").nth(1)?.split('/').next())
        .map(ToOwned::to_owned)
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Its lines of `sources.list`, without TLS: the lists are signed.
fn lines() -> Vec<String> {
    let suite = suite::find(&suite()).expect("a suite");
    let lines = suite::sources(suite, "amd64", None, &[]).expect("its archive");
    lines
        .iter()
        .map(|line| line.replace("https://", "http://"))
        .collect()
}

fn keyring() -> String {
    let suite = suite::find(&suite()).expect("a suite");
    std::env::var("VALET_IMAGE_KEYRING").unwrap_or_else(|_| suite.distribution.keyring().to_owned())
}

fn make() -> PathBuf {
    let suite = suite::find(&suite()).expect("a suite");
    let made = folder().join(format!("live-{}", suite.name));
    let list = format!("{}\n{}\n", PACKAGES.join(" "), lines().join("\n"));
    let stamp = folder().join(format!("live-{}.txt", suite.name));
    if made.exists() && fs::read_to_string(&stamp).is_ok_and(|text| text == list) {
        return made;
    }
    let _ = fs::remove_dir_all(&made);
    fs::create_dir_all(folder()).expect("made");
    let mut packages = PACKAGES.to_vec();
    if suite.distribution == Distribution::Ubuntu {
        packages.push("ubuntu-standard");
    }
    let mut make = isolated_command(true, &["mmdebstrap", "--mode=root", "--variant=minbase"]);
    make.arg("--format=directory")
        .arg(format!("--include={}", packages.join(",")))
        .arg(format!("--keyring={}", keyring()))
        .arg(suite.name)
        .arg(&made)
        .args(lines());
    let output = make.output().expect("mmdebstrap starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for file in ["etc/apt/apt.conf.d/99mmdebstrap", "etc/hostname"] {
        let _ = fs::remove_file(made.join(file));
    }
    // The service manager's container has no names of its own to look up.
    let _ = fs::remove_file(made.join("etc/resolv.conf"));
    fs::write(made.join("etc/resolv.conf"), "").expect("written");
    fs::write(stamp, list).expect("written");
    made
}

/// A disk: layers that stay as they are, below what is written. It is mounted until it is dropped.
#[derive(Debug)]
pub struct Disk {
    scratch: TempDir,
}

impl Disk {
    /// A disk on these layers, the topmost first.
    pub fn new(layers: &[PathBuf]) -> Self {
        let disk = Self {
            scratch: crate::baked::scratch(),
        };
        for name in ["upper", "work", "root"] {
            fs::create_dir(disk.inside(name)).expect("made");
        }
        let mut options = std::ffi::OsString::from("lowerdir=");
        options.push(lowerdir(layers));
        for (key, name) in [(",upperdir=", "upper"), (",workdir=", "work")] {
            options.push(key);
            options.push(disk.inside(name));
        }
        let mut mount = Command::new("mount");
        mount.args(["-t", "overlay", "-o"]).arg(options);
        crate::agent::ran(mount.arg("overlay").arg(disk.root()));
        disk
    }

    fn inside(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Its root folder.
    pub fn root(&self) -> PathBuf {
        self.inside("root")
    }

    /// What was written to it.
    pub fn written(&self) -> PathBuf {
        self.inside("upper")
    }

    /// Where a host's console goes.
    pub fn console(&self) -> PathBuf {
        self.inside("console.log")
    }

    /// Takes it out of its host, which is off: what was written can be a layer of another disk.
    pub fn unmount(&self) {
        crate::agent::ran(Command::new("umount").arg(self.root()));
    }

    /// A folder beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        let folder = self.inside(name);
        fs::create_dir_all(&folder).expect("made");
        folder
    }

    /// Writes a file of it.
    pub fn write(&self, path: &str, mode: u32, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.root().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(&file, text).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("changed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.root())
            // One whose host is off is unmounted already.
            .stderr(std::process::Stdio::null())
            .status();
    }
}
