//! A test that is killed leaves nothing.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::apart::is_apart;
use super::control_group::ControlGroups;
use crate::baked::{folder, has, is_root};
use test_support::processes::{CLEANUP_TIMEOUT, START_TIMEOUT, remaining_processes, until};

/// What is killed.
const TEST: &str = "agent::ends::systemd_stops_it_without_a_fault";

fn trials() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("a folder").flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.to_string_lossy().contains("trial-"))
        .collect()
}

#[test]
fn killed_it_takes_its_container_with_it() {
    if is_apart() || !is_root() || !has(&["systemd-nspawn", "node"]) {
        return;
    }
    let before = trials();
    let own = std::env::current_exe().expect("a path");
    let mut run = Command::new(own);
    run.args(["--exact", TEST])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = run.spawn().expect("it starts");
    let container = folder().join("trial-");
    until("a container runs", START_TIMEOUT, || {
        remaining_processes(&container)
            .iter()
            .any(|it| it.contains("--boot"))
    });
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    until("processes and mounts are gone", CLEANUP_TIMEOUT, || {
        remaining_processes(&container).is_empty()
    });
    for folder in trials().iter().filter(|folder| !before.contains(folder)) {
        fs::remove_dir_all(folder).expect("nothing holds it");
    }
    // Its control groups are empty, and go when the next ones are made.
    ControlGroups::new().remove();
    assert_eq!(ControlGroups::left(), Vec::<PathBuf>::new());
}
