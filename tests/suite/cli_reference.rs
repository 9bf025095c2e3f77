//! What describes the commands: help, exit codes, completions and manual pages.

use crate::cli::folder;
use clap::CommandFactory as _;
use insta::assert_snapshot;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use test_support::cli::valet_gen;
use test_support::output_fixture::texts;
use test_support::pipeline::repository;
use test_support::snapshot;
use valet_gen::cli::{Cli, Exit};

/// The name of every command, as it is typed.
fn commands() -> Vec<String> {
    let cli = Cli::command();
    cli.get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect()
}

#[test]
fn the_help_of_every_command_is_as_before() {
    snapshot::settings("cli").bind(|| {
        let whole = folder();
        assert_snapshot!("help", valet_gen(whole.path(), ["--help"]).success());
        let mut expected = BTreeSet::from(["help.snap".to_owned()]);
        for name in commands() {
            let help = valet_gen(whole.path(), [name.as_str(), "--help"]).success();
            assert_snapshot!(format!("help-{name}"), help);
            expected.insert(format!("help-{name}.snap"));
        }
        let found: BTreeSet<String> = fs::read_dir(snapshot::folder("cli"))
            .expect("a folder")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        assert_eq!(
            found, expected,
            "a snapshot for each command and for nothing else"
        );
    });
}

/// One list says what the codes are: the help, the README and the program agree.
#[test]
fn every_exit_code_is_documented() {
    let help = valet_gen(Path::new("."), ["--help"]).success();
    let table = help.split_once("Exit codes:\n").expect("the table").1;
    let expected: Vec<String> = Exit::ALL
        .iter()
        .map(|exit| format!("  {:<3} {}", exit.code(), exit.meaning()))
        .collect();
    assert_eq!(table.lines().collect::<Vec<_>>(), expected);
    let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
    assert!(
        codes.is_sorted_by(|a, b| a < b),
        "each code once, in their order"
    );
    for exit in Exit::ALL {
        // An exit that is added does not compile here until it is in the list.
        match exit {
            Exit::Success
            | Exit::InvalidFleet
            | Exit::Usage
            | Exit::Io
            | Exit::Drift(_)
            | Exit::MissingControl
            | Exit::MissingPrerequisite
            | Exit::StepFailed
            | Exit::VerificationFailed
            | Exit::Resumable
            | Exit::BuildFailed
            | Exit::Refused
            | Exit::Unsafe
            | Exit::Leftovers
            | Exit::FailOnReached
            | Exit::PlanRejected
            | Exit::NotPosted
            | Exit::Internal
            | Exit::Interrupted => {}
        }
    }
    let readme = fs::read_to_string(repository().join("README.md")).expect("readable");
    let in_readme: Vec<u8> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect();
    assert_eq!(in_readme, codes, "the README lists the same");
    let differences: BTreeSet<u8> = valet_gen::write::Difference::ALL
        .iter()
        .map(|it| Exit::Drift(*it).code())
        .collect();
    assert!(differences.iter().all(|code| codes.contains(code)));
}

#[test]
fn completions_are_made_for_every_shell() {
    let whole = folder();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = valet_gen(whole.path(), ["completions", shell]).success();
        assert!(script.contains("VALET_GEN_COMPLETE"), "{shell}: {script}");
    }
}

#[test]
fn manual_pages_are_made_for_every_command() {
    let whole = folder();
    let page = valet_gen(whole.path(), ["man"]).success();
    assert!(
        page.contains(".TH valet\\-gen 1") || page.contains(".TH valet-gen 1"),
        "{page}"
    );
    assert!(
        page.contains(".SH \"EXIT STATUS\"") && !page.contains(".SH EXTRA"),
        "{page}"
    );
    valet_gen(whole.path(), ["man", "--out", "pages"]).success();
    let examples = fs::read_to_string(whole.path().join("pages/valet-gen-render.1"));
    let examples = examples.expect("the page of a command");
    let (_, examples) = examples
        .split_once(".SH EXAMPLES\n.nf\n")
        .expect("examples, not filled");
    assert!(examples.starts_with("valet\\-gen render"), "{examples}");
    let pages = texts(&whole.path().join("pages"));
    for name in commands() {
        assert!(
            pages.contains_key(&format!("valet-gen-{name}.1")),
            "{:?}",
            pages.keys()
        );
    }
}
