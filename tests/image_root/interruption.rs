//! Whatever ends the making of an image, nothing is left of it: no mount, no process, no half of
//! a cache.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::baked::{can_bake, scratch};
use test_support::cli::command;
use test_support::output_fixture::paths;
use test_support::pipeline::repository;
use test_support::processes::{CLEANUP_TIMEOUT, START_TIMEOUT, remaining_processes, until};

fn start(out: &Path) -> Child {
    command(repository())
        .args([
            "bake",
            "--local",
            "--without-payload",
            "--environment",
            "production",
            "--suite",
            "bookworm",
            "--out",
        ])
        .arg(out)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("valet-gen runs")
}

/// Whether mmdebstrap is at work below a folder.
fn is_at_work(out: &Path) -> bool {
    let log = fs::read_to_string(out.join("production/bake.log"));
    log.is_ok_and(|log| log.contains("I: extracting archives"))
}

fn halves(out: &Path) -> Vec<String> {
    let is_half = |path: &String| path.contains(".part-") || path.contains("/base-");
    paths(out).into_iter().filter(is_half).collect()
}

#[test]
fn a_signal_stops_it_and_nothing_is_left() {
    if !can_bake() {
        return;
    }
    let whole = scratch();
    let child = start(whole.path());
    until("mmdebstrap works", START_TIMEOUT, || {
        is_at_work(whole.path())
    });
    assert!(
        !remaining_processes(whole.path()).is_empty(),
        "what looks for processes finds them"
    );
    assert!(
        !halves(whole.path()).is_empty(),
        "what looks for halves finds them"
    );
    let number = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(number, rustix::process::Signal::TERM).expect("it is ours");
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert_eq!(
        stderr,
        "error: interrupted: nothing was left behind\n  \
         help: run it again; what was cached before is still there\n"
    );
    until("processes and mounts are gone", CLEANUP_TIMEOUT, || {
        remaining_processes(whole.path()).is_empty()
    });
    assert_eq!(halves(whole.path()), Vec::<String>::new());
}

/// Nobody can tidy up after SIGKILL: the processes go with it, and the next run takes away the rest.
#[test]
fn killed_it_takes_its_processes_and_mounts_with_it() {
    if !can_bake() {
        return;
    }
    let whole = scratch();
    let mut child = start(whole.path());
    until("mmdebstrap works", START_TIMEOUT, || {
        is_at_work(whole.path())
    });
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    until("processes and mounts are gone", CLEANUP_TIMEOUT, || {
        remaining_processes(whole.path()).is_empty()
    });
    // What the killed run logged says nothing of the next.
    fs::remove_file(whole.path().join("production/bake.log")).expect("removed");
    let next = start(whole.path());
    until("the next run is at work", START_TIMEOUT, || {
        is_at_work(whole.path())
    });
    let parts = fs::read_dir(whole.path().join(".cache")).expect("a folder");
    let parts = parts
        .flatten()
        .filter(|it| it.file_name().to_string_lossy().starts_with(".part-"));
    assert_eq!(parts.count(), 1, "the half of the killed run is gone");
    let number = rustix::process::Pid::from_child(&next);
    rustix::process::kill_process(number, rustix::process::Signal::INT).expect("it is ours");
    let output = next.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
}
