//! A bundle is what tar and gzip read, the same each time, and never of a file that nobody vouched for.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use tempfile::{TempDir, tempdir};
use valet_bundle::{Bundle, BundleError, read_payload};

fn rendered() -> BTreeMap<String, String> {
    [
        ("image/provision.sh", "#!/bin/bash\ntrue\n"),
        ("image/files/etc/x.conf", "x\n"),
        ("cloudwatch/agent.json", "{}\n"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into()
}

fn payload() -> TempDir {
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("valet-worker"), b"\x7fELF worker").expect("written");
    fs::write(folder.path().join("runtime.tar"), vec![7; 3 << 20]).expect("written");
    sum(folder.path(), &["runtime.tar", "valet-worker"]);
    folder
}

/// Writes SHA256SUMS with the program that users have.
fn sum(folder: &Path, names: &[&str]) {
    let out = File::create(folder.join("SHA256SUMS")).expect("created");
    let run = Command::new("sha256sum")
        .args(names)
        .current_dir(folder)
        .stdout(out)
        .status();
    assert!(run.expect("sha256sum runs").success());
}

#[test]
fn tar_unpacks_it_as_the_component_does_and_every_file_is_there() {
    let folder = payload();
    let files = read_payload(folder.path()).expect("verified");
    let bundle = Bundle {
        files: &rendered(),
        payload: &files,
    };
    let out = tempdir().expect("a folder");
    let path = out.path().join("bundle.tar.zst");
    let summary = bundle
        .write(File::create(&path).expect("created"))
        .expect("written");
    let unpack = Command::new("tar")
        .args([
            "--extract",
            "--zstd",
            "--no-same-owner",
            "--file",
            "bundle.tar.zst",
            "image",
            "cloudwatch",
        ])
        .current_dir(out.path())
        .status();
    assert!(unpack.expect("tar runs").success());
    let check = Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(out.path().join("image/payload"))
        .status();
    assert!(check.expect("sha256sum runs").success());
    let mode = |path: &str| {
        let metadata = fs::metadata(out.path().join(path)).expect("there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("image/provision.sh"), 0o755);
    assert_eq!(mode("image/payload/valet-worker"), 0o755);
    assert_eq!(mode("image/files/etc/x.conf"), 0o644);
    let sum = Command::new("sha256sum")
        .arg(&path)
        .output()
        .expect("sha256sum runs");
    assert!(String::from_utf8_lossy(&sum.stdout).starts_with(&summary.sha256));
    assert_eq!(fs::metadata(&path).expect("there").len(), summary.bytes);
}

#[test]
fn the_same_content_is_the_same_bundle_wherever_it_lies() {
    let (one, two) = (payload(), payload());
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(two.path().join("valet-worker"), mode).expect("changed");
    let digest = |folder: &TempDir| {
        let files = read_payload(folder.path()).expect("verified");
        let bundle = Bundle {
            files: &rendered(),
            payload: &files,
        };
        bundle.summary().expect("written").sha256
    };
    assert_eq!(digest(&one), digest(&two));
    fs::write(two.path().join("valet-worker"), b"\x7fELF other").expect("written");
    sum(two.path(), &["runtime.tar", "valet-worker"]);
    assert_ne!(digest(&one), digest(&two));
}

#[test]
fn what_nobody_vouched_for_is_refused_with_what_to_do() {
    let told = |change: fn(&Path)| {
        let folder = payload();
        change(folder.path());
        let error = read_payload(folder.path()).expect_err("refused");
        let text = error
            .to_string()
            .replace(&format!("{}/", folder.path().display()), "");
        assert!(!error.help().is_empty());
        text
    };
    let zeros = "0".repeat(64);
    assert_eq!(
        told(|folder| fs::write(folder.join("core"), "").expect("written")),
        "core: it has no line in SHA256SUMS, so nothing says that it is the right file"
    );
    let changed = told(|folder| fs::write(folder.join("valet-worker"), "x").expect("written"));
    assert!(changed.starts_with("valet-worker: its SHA-256 is 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, and SHA256SUMS says "), "{changed}");
    assert_eq!(
        told(|folder| {
            fs::remove_file(folder.join("valet-worker")).expect("removed");
            symlink("/etc/passwd", folder.join("valet-worker")).expect("linked");
        }),
        "valet-worker: it is not a regular file"
    );
    for line in [
        "x  y",
        &format!("{zeros}  ../../etc/shadow"),
        &format!("{zeros}  .hidden"),
        &zeros,
    ] {
        let folder = payload();
        fs::write(folder.path().join("SHA256SUMS"), line).expect("written");
        let error = read_payload(folder.path()).expect_err(line);
        assert!(
            matches!(error, BundleError::BadLine { line: 1, .. }),
            "{error}"
        );
    }
    let missing = tempdir().expect("a folder");
    assert!(matches!(
        read_payload(missing.path()),
        Err(BundleError::Io { .. })
    ));
}

/// Between the check and the archive somebody may write to the file.
#[test]
fn a_file_that_changes_after_it_was_verified_makes_no_bundle() {
    for content in [&b"\x7fELF forged"[..], b"\x7fELF worker and more", b"short"] {
        let folder = payload();
        let files = read_payload(folder.path()).expect("verified");
        fs::write(folder.path().join("valet-worker"), content).expect("written");
        let bundle = Bundle {
            files: &rendered(),
            payload: &files,
        };
        let result = bundle.summary();
        // One that only grew is cut to what was verified.
        match result {
            Ok(_) => assert!(content.starts_with(b"\x7fELF worker")),
            Err(error) => assert!(matches!(error, BundleError::OtherDigest { .. }), "{error}"),
        }
    }
}
