//! Machines that do not come to their end, and those that are never started.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::{TempDir, tempdir};

use crate::machine::{can_start, turn};
use test_support::cli::{Run, command, valet_gen};
use test_support::pipeline::fixture;
use test_support::processes::{CLEANUP_TIMEOUT, START_TIMEOUT, remaining_processes, until};

/// A folder with a fleet, and a disk on which there is nothing.
fn blank() -> (TempDir, PathBuf) {
    let whole = tempdir().expect("a folder");
    fs::copy(fixture("golden-minimal"), whole.path().join("fleet.toml")).expect("copied");
    let disk = whole.path().join("blank, disk.raw");
    let file = fs::File::create(&disk).expect("made");
    file.set_len(64 << 20).expect("long");
    (whole, disk)
}

/// What is said before anything else: a warning about the fixture is not what this is about.
fn error(stderr: &str) -> &str {
    &stderr[stderr.find("error: ").expect("an error")..]
}

fn start(whole: &Path, disk: &Path) -> Child {
    command(whole)
        .args(["image", "boot", "--accelerator", "tcg", "--disk"])
        .arg(disk)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("valet-gen runs")
}

fn the_firmware_runs(whole: &Path) -> bool {
    let log = fs::read(whole.join("baked/production/boot.log")).unwrap_or_default();
    String::from_utf8_lossy(&log).contains("BdsDxe")
}

#[test]
fn a_signal_ends_it_and_nothing_is_left() {
    if !can_start() {
        return;
    }
    let _turn = turn();
    let (whole, disk) = blank();
    let child = start(whole.path(), &disk);
    until("the firmware runs", START_TIMEOUT, || {
        the_firmware_runs(whole.path())
    });
    assert!(
        !remaining_processes(whole.path()).is_empty(),
        "what looks for processes finds them"
    );
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it is ours");
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert_eq!(
        error(&stderr),
        "error: interrupted: nothing was left behind\n  \
         help: run it again; what was cached before is still there\n"
    );
    nothing_is_left(whole.path());
}

#[test]
fn killed_it_takes_its_machine_with_it() {
    if !can_start() {
        return;
    }
    let _turn = turn();
    let (whole, disk) = blank();
    let mut child = start(whole.path(), &disk);
    until("the firmware runs", START_TIMEOUT, || {
        the_firmware_runs(whole.path())
    });
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    until("processes and mounts are gone", CLEANUP_TIMEOUT, || {
        remaining_processes(whole.path()).is_empty()
    });
}

fn nothing_is_left(whole: &Path) {
    until("processes and mounts are gone", CLEANUP_TIMEOUT, || {
        remaining_processes(whole).is_empty()
    });
    let parts = fs::read_dir(whole.join("baked/production")).expect("a folder");
    let parts: Vec<PathBuf> = parts
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().contains(".part-"))
        .collect();
    assert!(parts.is_empty(), "{parts:?}");
}

/// Seconds that a machine gets in which there is nothing to start: its firmware alone takes many on a machine with other
/// work, and it never ends by itself.
const LIMIT: &str = "90";

/// It got nowhere, which the report says as well as the error.
#[test]
fn a_disk_without_a_system_gets_nowhere() {
    if !can_start() {
        return;
    }
    let _turn = turn();
    let (whole, disk) = blank();
    let run = command(whole.path())
        .args([
            "image", "boot", "--limit", LIMIT, "--format", "json", "--disk",
        ])
        .args([disk.as_os_str()])
        .args(["--accelerator", "tcg"])
        .output();
    let run: Run = run.expect("it runs").into();
    assert_eq!(run.code, Some(31), "{run:#?}");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["finished"], false);
    assert_eq!(report["stages"], serde_json::Value::Array(Vec::new()));
    let seconds = &report["seconds"];
    let disk = disk.canonicalize().expect("there");
    let beginning = format!(
        "error: {}: it got nowhere in {seconds} s, and was ended\n  | ",
        disk.display()
    );
    let log = report["log"].as_str().expect("a path");
    let end = format!(
        "\n  help: everything that it printed is in {log}; a slow machine needs a higher --limit\n"
    );
    let told = error(&run.stderr);
    assert!(told.starts_with(&beginning), "{told}");
    assert!(told.contains("BdsDxe"), "{told}");
    assert!(told.ends_with(&end), "{told}");
    nothing_is_left(whole.path());
}

#[test]
fn what_there_is_not_is_refused() {
    if !can_start() {
        return;
    }
    let (whole, disk) = blank();
    let run = valet_gen(whole.path(), ["image", "boot"]);
    let expected = "error: baked/production/disk/disk.raw: No such file or directory (os error 2)\n  \
                    help: `valet-gen bake --local --disk` makes one; or name another with --disk\n";
    assert_eq!((run.code, error(&run.stderr)), (Some(3), expected));
    let disk = disk.to_str().expect("UTF-8");
    let run = valet_gen(
        whole.path(),
        ["image", "boot", "--disk", disk, "--run", "none.sh"],
    );
    let expected = "error: none.sh: No such file or directory (os error 2)\n  \
                    help: name a bash script with --run\n";
    assert_eq!((run.code, error(&run.stderr)), (Some(3), expected));
    assert!(!whole.path().join("baked").exists(), "nothing was made");
}

#[test]
fn whoever_is_not_root_is_refused() {
    if !can_start() {
        return;
    }
    let (whole, _) = blank();
    let program = whole.path().join("valet-gen");
    let copied = Command::new("cp")
        .arg(test_support::cli::program())
        .arg(&program)
        .status();
    assert!(copied.expect("cp runs").success());
    fs::set_permissions(whole.path(), fs::Permissions::from_mode(0o777)).expect("changed");
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(&program)
        .args(["image", "boot"])
        .current_dir(whole.path())
        .output();
    let run: Run = output.expect("it runs").into();
    let expected = "error: image boot: it mounts file systems, which only root may\n  \
                    help: run it as root, on a machine or in a container that is yours\n";
    assert_eq!((run.code, error(&run.stderr)), (Some(30), expected));
    assert!(!whole.path().join("baked").exists(), "nothing was made");
}
