//! What the tests ask a machine for is what .ci/run installs: on a bare machine no test finds its program missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use test_support::pipeline::repository;

/// Where tests that `cargo test` runs name the programs that they take.
const TESTED: [&str; 6] = [
    "control/tests",
    "test-support/src",
    "tests/image_root",
    "tests/suite",
    "tests/terraform",
    "worker",
];

/// What such a test calls with the programs' names.
const CALLS: [&str; 2] = ["are_installed_or_skip(&[", "has(&["];

/// What each Debian has, by the essential package that it is of.
const ESSENTIAL: [(&str, &str); 6] = [
    ("bash", "bash"),
    ("dpkg-deb", "dpkg"),
    ("dpkg-query", "dpkg"),
    ("perl", "perl-base"),
    ("setpriv", "util-linux"),
    ("timeout", "coreutils"),
];

/// What comes in one package with a program that .ci/run looks for.
const TOGETHER: [(&str, &str); 1] = [("mkfs.ext4", "debugfs")];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

/// The programs that tests ask for by name, each with a file that does.
fn asked() -> BTreeSet<(String, String)> {
    let mut files = Vec::new();
    for folder in TESTED {
        sources(&repository().join(folder), &mut files);
    }
    files.retain(|file| !file.ends_with("prerequisites.rs"));
    let mut programs = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("it can be read");
        for call in CALLS {
            for after in text.split(call).skip(1) {
                let list = after.split(']').next().unwrap_or_default();
                for name in list.split('"').skip(1).step_by(2) {
                    programs.insert((name.to_owned(), file.display().to_string()));
                }
            }
        }
    }
    programs
}

#[test]
fn what_tests_ask_for_is_installed_by_ci() {
    let script = fs::read_to_string(repository().join(".ci/run")).expect("the script");
    let looked_for = |name: &str| {
        script
            .split_whitespace()
            .collect::<Vec<_>>()
            .windows(2)
            .any(|words| words[0] == "has" && words[1].trim_end_matches(';') == name)
    };
    let asked = asked();
    assert!(asked.len() > 20, "the calls are found: {asked:?}");
    let missing: Vec<_> = asked
        .iter()
        .filter(|(name, _)| {
            let with = TOGETHER.iter().find(|(program, _)| program == name);
            let essential = ESSENTIAL.iter().any(|(program, _)| program == name);
            !essential && !looked_for(with.map_or(name, |(_, other)| other))
        })
        .collect();
    assert!(missing.is_empty(), ".ci/run installs none of {missing:#?}");
}
