//! What cannot be done here is refused, with one message that says everything.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

use crate::baked::{has, is_root};
use test_support::cli::{Run, command, valet_gen};
use test_support::pipeline::{fixture, fixture_text};

const NOT_ROOT: &str = "it mounts file systems, which only root may";
const AS_ROOT: &str = "run it as root, on a machine or in a container that is yours";

/// What is said before anything else: a warning about the fixture is not what this is about.
fn error(run: &Run) -> &str {
    let at = run.stderr.find("error: ").expect("an error");
    &run.stderr[at..]
}

#[test]
fn what_is_missing_is_named_with_the_packages_that_have_it() {
    let (also, then) = if rustix::process::geteuid().is_root() {
        (String::new(), String::new())
    } else {
        (format!("; {NOT_ROOT}"), format!("; then {AS_ROOT}"))
    };
    let bake = "setpriv, unshare, mount, chroot, timeout, apt-get, cp, du, mmdebstrap";
    let disk = "mcopy, mkfs.ext4, mkfs.vfat, mmd, sfdisk";
    // No program, and found whatever PATH is.
    let firmware = ["CODE", "VARS"].map(|name| format!("/usr/share/OVMF/OVMF_{name}_4M.fd"));
    let firmware = firmware
        .into_iter()
        .filter(|path| !Path::new(path).exists());
    let firmware: Vec<String> = firmware.map(|path| format!(", {path}")).collect();
    let boot = format!(
        "setpriv, unshare, mount, chroot, timeout, ip, qemu-system-x86_64{}",
        firmware.concat()
    );
    let of_firmware = if firmware.is_empty() { "" } else { "ovmf " };
    for (what, missing, packages) in [
        (
            "bake --local",
            bake.to_owned(),
            "apt coreutils mmdebstrap mount util-linux".to_owned(),
        ),
        (
            "bake --local --disk",
            format!("{bake}, {disk}"),
            "apt coreutils dosfstools e2fsprogs fdisk mmdebstrap mount mtools util-linux"
                .to_owned(),
        ),
        (
            "image boot",
            boot,
            format!("coreutils iproute2 mount {of_firmware}qemu-system-x86 util-linux"),
        ),
    ] {
        let whole = tempdir().expect("a folder");
        fs::copy(fixture("golden-minimal"), whole.path().join("fleet.toml")).expect("copied");
        let mut run = command(whole.path());
        run.args(what.split(' ')).env("PATH", "/nonexistent");
        if what.starts_with("bake") {
            run.arg("--without-payload");
        }
        let run: Run = run.output().expect("it runs").into();
        let expected = format!(
            "error: {what}: missing: {missing}{also}\n  help: apt-get install {packages}{then}\n"
        );
        assert_eq!((run.code, error(&run)), (Some(30), expected.as_str()));
        assert!(!whole.path().join("baked").exists(), "nothing was made");
    }
}

#[test]
fn whoever_is_not_root_is_refused_before_anything_is_made() {
    if !is_root() || !has(&["setpriv", "mmdebstrap"]) {
        return;
    }
    let whole = tempdir().expect("a folder");
    let program = whole.path().join("valet-gen");
    let copied = Command::new("cp")
        .arg(test_support::cli::program())
        .arg(&program)
        .status();
    assert!(copied.expect("cp runs").success());
    fs::write(
        whole.path().join("fleet.toml"),
        fixture_text("golden-minimal"),
    )
    .expect("written");
    fs::set_permissions(whole.path(), fs::Permissions::from_mode(0o777)).expect("changed");
    for (what, arguments) in [
        (
            "bake --local",
            &["bake", "--local", "--without-payload"][..],
        ),
        ("image verify", &["image", "verify", "--root", "/"]),
    ] {
        let output = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
            .arg(&program)
            .args(arguments)
            .current_dir(whole.path())
            .output();
        let run: Run = output.expect("it runs").into();
        let expected = format!("error: {what}: {NOT_ROOT}\n  help: {AS_ROOT}\n");
        assert_eq!((run.code, error(&run)), (Some(30), expected.as_str()));
    }
    assert!(!whole.path().join("baked").exists(), "nothing was made");
}

#[test]
fn what_there_is_not_is_refused_with_what_there_is() {
    if !is_root() || !has(&["mmdebstrap"]) {
        return;
    }
    let whole = tempdir().expect("a folder");
    fs::copy(fixture("golden-minimal"), whole.path().join("fleet.toml")).expect("copied");
    let run = |more: &[&str]| {
        let bake = ["bake", "--local", "--without-payload"].iter().chain(more);
        valet_gen(whole.path(), bake)
    };
    let suite = run(&["--suite", "woody"]);
    let expected = "error: --suite: there is no suite `woody` that an image can be made of\n  \
                    help: one of: noble, jammy, trixie, bookworm\n";
    assert_eq!((suite.code, error(&suite)), (Some(2), expected));
    let mirror = run(&["--suite", "bookworm", "--mirror", "ftp://x"]);
    let expected = "error: --mirror: `ftp://x` is not the address of an archive\n  \
                    help: an http, https or file address, such as http://deb.debian.org/debian\n";
    assert_eq!((mirror.code, error(&mirror)), (Some(2), expected));
    let keyring = run(&["--suite", "noble", "--keyring", "/none.gpg"]);
    let expected = "error: /none.gpg: the keys of Ubuntu's archive are missing\n  \
                    help: apt-get install ubuntu-keyring, or name the file with --keyring\n";
    assert_eq!((keyring.code, error(&keyring)), (Some(30), expected));
    let colon = run(&["--out", "a:b"]);
    assert_eq!(colon.code, Some(2));
    assert!(error(&colon).contains("overlayfs takes no path with a colon"));
    let root = valet_gen(whole.path(), ["image", "verify", "--root", "none"]);
    let expected = "error: none: No such file or directory (os error 2)\n  \
                    help: name the folder of a root file system with --root\n";
    assert_eq!((root.code, error(&root)), (Some(3), expected));
}
