//! What the machine has to have. Everything that is missing is reported together.

use std::path::Path;

use crate::error::{BakeError, ErrorKind};
use crate::scanners;

/// A program and the package of Debian and Ubuntu that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    pub name: &'static str,
    pub package: &'static str,
}

/// What a root file system is put together and verified with.
pub const SANDBOX: &[Program] = &[
    program("setpriv", "util-linux"),
    program("unshare", "util-linux"),
    program("mount", "mount"),
    program("chroot", "coreutils"),
    program("timeout", "coreutils"),
];

/// What making one takes besides.
pub const BAKE: &[Program] = &[
    program("apt-get", "apt"),
    program("cp", "coreutils"),
    program("du", "coreutils"),
    program("mmdebstrap", "mmdebstrap"),
];

/// What making a disk takes besides.
pub const DISK: &[Program] = &[
    program("mcopy", "mtools"),
    program("mkfs.ext4", "e2fsprogs"),
    program("mkfs.vfat", "dosfstools"),
    program("mmd", "mtools"),
    program("sfdisk", "fdisk"),
];

/// What starting a disk takes besides. A path that is whole is no program of `PATH`, and is looked
/// for as it is.
pub const BOOT: &[Program] = &[
    program("ip", "iproute2"),
    program("qemu-system-x86_64", "qemu-system-x86"),
    program(FIRMWARE, "ovmf"),
    program(FIRMWARE_VARIABLES, "ovmf"),
];

/// UEFI for a virtual machine, and what it keeps when it is switched off.
pub const FIRMWARE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
pub const FIRMWARE_VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/// What auditing one takes besides.
pub const SCAN: &[Program] = &[
    program("lynis", "lynis"),
    program("oscap", "openscap-scanner"),
    program("systemd-analyze", "systemd"),
];

const fn program(name: &'static str, package: &'static str) -> Program {
    Program { name, package }
}

/// Says what the machine lacks for making an image, and a disk of it, and for auditing it with
/// benchmarks: all of it in one message.
///
/// # Errors
/// When it lacks something.
pub fn check_machine_for_baking(
    with_disk: bool,
    scan_content: Option<&Path>,
) -> Result<(), BakeError> {
    let mut what = "bake --local".to_owned();
    let mut programs = vec![SANDBOX, BAKE];
    if scan_content.is_some() {
        what.push_str(" --scan");
        programs.push(SCAN);
    }
    if with_disk {
        what.push_str(" --disk");
        programs.push(DISK);
    }
    check_machine(&what, &programs)?;
    if let Some(content) = scan_content {
        for benchmark in scanners::openscap::BENCHMARKS {
            scanners::openscap::content(content, benchmark)?;
        }
    }
    Ok(())
}

/// Says what the machine lacks for verifying a root file system.
///
/// # Errors
/// When it lacks something.
pub fn check_machine_for_verifying() -> Result<(), BakeError> {
    check_machine("image verify", &[SANDBOX])
}

/// Says what the machine lacks for starting a disk.
///
/// # Errors
/// When it lacks something.
pub fn check_machine_for_booting() -> Result<(), BakeError> {
    check_machine("image boot", &[SANDBOX, BOOT])
}

fn check_machine(what: &str, programs: &[&[Program]]) -> Result<(), BakeError> {
    let path = std::env::var("PATH").unwrap_or_default();
    let is_root = rustix::process::geteuid().is_root();
    check(what, programs, &path, is_root)
}

/// Looks for programs in the folders of a `PATH`.
///
/// # Errors
/// When one is missing, or when this is not root: all of it in one message.
pub fn check(
    what: &str,
    programs: &[&[Program]],
    path: &str,
    is_root: bool,
) -> Result<(), BakeError> {
    let is_missing = |program: &&Program| !is_there(program.name, path);
    let programs = programs.iter().copied().flatten();
    let missing: Vec<&Program> = programs.filter(is_missing).collect();
    if missing.is_empty() && is_root {
        return Ok(());
    }
    Err(failure(what, &missing, is_root))
}

/// Whether a program is in a `PATH`; or a file, by its whole path.
fn is_there(name: &str, path: &str) -> bool {
    if Path::new(name).is_absolute() {
        return Path::new(name).is_file();
    }
    which::which_in_global(name, Some(path)).is_ok_and(|mut found| found.next().is_some())
}

fn failure(what: &str, missing: &[&Program], is_root: bool) -> BakeError {
    let mut problems = Vec::new();
    let mut help = Vec::new();
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|program| program.name).collect();
        let mut packages: Vec<&str> = missing.iter().map(|program| program.package).collect();
        packages.sort_unstable();
        packages.dedup();
        problems.push(format!("missing: {}", names.join(", ")));
        help.push(format!("apt-get install {}", packages.join(" ")));
    }
    if !is_root {
        problems.push("it mounts file systems, which only root may".to_owned());
        help.push("run it as root, on a machine or in a container that is yours".to_owned());
    }
    BakeError::new(
        ErrorKind::Prerequisite,
        what,
        problems.join("; "),
        &help.join("; then "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let failure = check("bake --local", &[SANDBOX, BAKE], "/nonexistent", false);
        let failure = failure.expect_err("nothing is there");
        assert_eq!(failure.kind, ErrorKind::Prerequisite);
        assert_eq!(
            failure.problem,
            "missing: setpriv, unshare, mount, chroot, timeout, apt-get, cp, du, mmdebstrap; \
             it mounts file systems, which only root may"
        );
        assert_eq!(
            failure.help,
            "apt-get install apt coreutils mmdebstrap mount util-linux; \
             then run it as root, on a machine or in a container that is yours"
        );
    }

    #[test]
    fn root_with_every_program_is_let_through() {
        check(
            "image verify",
            &[&[program("sh", "dash")]],
            "/none:/bin",
            true,
        )
        .expect("all there");
        let failure = check("image verify", &[&[program("sh", "dash")]], "/bin", false);
        assert!(
            failure
                .expect_err("not root")
                .problem
                .starts_with("it mounts")
        );
    }
}
