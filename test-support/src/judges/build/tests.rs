//! What becomes of a build where something is missing, full or broken. The compiler is a script.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use super::{BuildContext, folder_of};
use crate::judges::{Judge, judge};

const JUDGE: Judge = Judge {
    disk: 0,
    ..judge("example", &["example"])
};

/// A machine with a judge to build, and this script as its compiler.
struct Machine {
    folder: TempDir,
    ctx: BuildContext,
}

impl Machine {
    fn new(compiler: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["source", "logs"] {
            fs::create_dir(path(name)).expect("made");
        }
        let module = "tool example.org/x\nrequire example.org/x v1.2.3\n";
        fs::write(path("source/go.mod"), module).expect("written");
        let go = compiler.map(|script| {
            fs::write(path("go"), format!("#!/bin/sh\n{script}\n")).expect("written");
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(path("go"), executable).expect("set");
            path("go")
        });
        let ctx = BuildContext {
            cache: path("cache"),
            go,
            source: path("source"),
            logs: path("logs"),
        };
        Self { folder, ctx }
    }

    /// What is in the cache, by name.
    fn kept(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.ctx.cache).into_iter().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Writes the program that `go build -o <program> <package>` is asked for, and counts.
const COMPILES: &str = "echo built >>../count; echo program >\"$3\"";

#[test]
fn what_is_built_once_is_found_from_then_on() {
    let machine = Machine::new(Some(COMPILES));
    for _ in 0..2 {
        let folder = folder_of(&JUDGE, &machine.ctx).expect("built");
        assert!(folder.join("example").is_file());
    }
    let count = fs::read_to_string(machine.path().join("count")).expect("it ran");
    assert_eq!(count, "built\n");
    assert_eq!(machine.kept(), ["example-1.2.3", "example.lock"]);
}

#[test]
fn without_a_compiler_nothing_is_begun() {
    let machine = Machine::new(None);
    let why = folder_of(&JUDGE, &machine.ctx).expect_err("there is no compiler");
    assert_eq!(why, "there is no go on PATH to build it with");
    assert!(machine.kept().is_empty());
}

#[test]
fn what_is_there_needs_no_compiler() {
    let mut machine = Machine::new(Some(COMPILES));
    folder_of(&JUDGE, &machine.ctx).expect("built");
    machine.ctx.go = None;
    folder_of(&JUDGE, &machine.ctx).expect("found");
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_too_full_is_said_before_the_build() {
    let machine = Machine::new(Some(COMPILES));
    let huge = Judge {
        disk: 1 << 30,
        ..JUDGE
    };
    let why = folder_of(&huge, &machine.ctx).expect_err("no disk has it");
    assert!(why.contains(" GiB are free in "), "{why}");
    assert!(why.ends_with("and its build takes 1073741824 GiB"), "{why}");
    assert!(!machine.path().join("count").exists(), "it was built");
}

#[test]
fn a_build_that_fails_says_what_the_compiler_printed_and_leaves_nothing() {
    let machine = Machine::new(Some("echo half >\"$3\"; echo no such package >&2; exit 1"));
    let why = folder_of(&JUDGE, &machine.ctx).expect_err("it fails");
    assert!(
        why.starts_with("go build example.org/x: it failed (exit status: 1)"),
        "{why}"
    );
    assert!(why.ends_with("no such package"), "{why}");
    assert_eq!(machine.kept(), ["example.lock"]);
}

#[test]
fn what_a_killed_build_left_is_removed_by_the_next() {
    let machine = Machine::new(Some(COMPILES));
    let remains = machine.ctx.cache.join(".building-example-x1/modules");
    fs::create_dir_all(&remains).expect("made");
    folder_of(&JUDGE, &machine.ctx).expect("built");
    assert_eq!(machine.kept(), ["example-1.2.3", "example.lock"]);
}
