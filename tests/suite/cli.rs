//! The command line: what it prints where, and how it ends.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use clap::CommandFactory as _;
use insta::assert_snapshot;
use serde_json::Value;
use tempfile::{TempDir, tempdir};
use test_support::cli::{Run, command, valet_gen};
use test_support::folder::texts;
use test_support::pipeline::{fixture_text, rendered, repository};
use test_support::snapshot;
use valet_gen::cli::{Cli, Exit};

/// A folder with a valid fleet.toml, one that breaks a rule and one that has a warning.
fn folder() -> TempDir {
    let whole = tempdir().expect("a folder");
    let minimal = fixture_text("golden-minimal");
    let without_warning = fixture_text("golden-full");
    let without_warning = without_warning
        .split("# What production does not show")
        .next();
    let broken = minimal.replace("eu-west-1", "eu-west-99");
    let write = |name: &str, text: &str| fs::write(whole.path().join(name), text).expect("written");
    write("fleet.toml", without_warning.expect("the beginning"));
    write("warning.toml", &minimal);
    write("broken.toml", &broken);
    whole
}

/// How many files the valid fleet renders to.
fn files_in(whole: &TempDir) -> usize {
    let fleet = fs::read_to_string(whole.path().join("fleet.toml")).expect("readable");
    rendered(&fleet).len()
}

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
            | Exit::Findings
            | Exit::Usage
            | Exit::File
            | Exit::Drift(_)
            | Exit::Unaccounted
            | Exit::Prerequisite
            | Exit::Step
            | Exit::Unverified
            | Exit::ChangeReached
            | Exit::PlanFindings
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
        .map(|it| it.exit_code())
        .collect();
    assert!(differences.iter().all(|code| codes.contains(code)));
}

#[test]
fn completions_are_made_for_every_shell() {
    let whole = folder();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = valet_gen(whole.path(), ["completions", shell]).success();
        for name in commands() {
            assert!(script.contains(&name), "{shell} completes {name}");
        }
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
    valet_gen(whole.path(), ["man", "--out", "pages"]).success();
    let pages = texts(&whole.path().join("pages"));
    for name in commands() {
        assert!(
            pages.contains_key(&format!("valet-gen-{name}.1")),
            "{:?}",
            pages.keys()
        );
    }
}

#[test]
fn results_go_to_standard_output_and_findings_to_standard_error() {
    let whole = folder();
    let run = |arguments: &[&str]| valet_gen(whole.path(), arguments);
    assert_eq!(run(&["validate"]).parts(), (Some(0), "1 file valid\n", ""));
    let files = files_in(&whole);
    let first = run(&["render"]);
    let counts = format!("generated: {files} created\n  created .gitattributes\n");
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    assert!(first.stdout.starts_with(&counts), "{}", first.stdout);
    assert_eq!(
        run(&["render"]).parts(),
        (
            Some(0),
            format!("generated: unchanged ({files} files)\n").as_str(),
            ""
        )
    );
    let warned = run(&["validate", "warning.toml"]);
    assert_eq!(
        (warned.code, warned.stdout.as_str()),
        (Some(0), "1 file valid\n")
    );
    assert!(
        warned.stderr.starts_with("warning[instances.few-types]: "),
        "{}",
        warned.stderr
    );
    assert!(
        warned.stderr.ends_with("\n1 warning\n"),
        "{}",
        warned.stderr
    );
    let denied = run(&["validate", "warning.toml", "--deny-warnings"]);
    assert_eq!((denied.code, denied.stdout.as_str()), (Some(1), ""));
    let broken = run(&["render", "broken.toml"]);
    assert_eq!((broken.code, broken.stdout.as_str()), (Some(1), ""));
    assert!(
        broken.stderr.starts_with("error[fleet.region-unknown]: "),
        "{}",
        broken.stderr
    );
}

/// One file that cannot be read is no reason to be silent about the others.
#[test]
fn every_file_is_validated_whatever_the_others_are() {
    let whole = folder();
    let run = valet_gen(
        whole.path(),
        ["validate", "none.toml", "broken.toml", "fleet.toml"],
    );
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert!(
        run.stderr.contains("error[fleet.region-unknown]"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("error: none.toml: No such file"),
        "{}",
        run.stderr
    );
    let run = valet_gen(whole.path(), ["validate", "fleet.toml", "warning.toml"]);
    assert_eq!(run.stdout, "2 files valid\n");
}

#[test]
fn what_is_printed_for_programs_is_json() {
    let whole = folder();
    let json = |run: Run| -> Value {
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
    };
    let run =
        |arguments: &[&str]| valet_gen(whole.path(), arguments.iter().chain(&["--format", "json"]));
    for file in ["fleet.toml", "warning.toml", "broken.toml"] {
        let document = json(run(&["validate", file]));
        let found = document["diagnostics"].as_array().expect("a list").len();
        assert_eq!(found > 0, file != "fleet.toml", "{document:#}");
    }
    assert_eq!(
        json(run(&["validate", "none.toml"]))["diagnostics"],
        serde_json::json!([])
    );
    let written = json(run(&["render"]));
    assert_eq!(written[0]["result"], "written");
    assert_eq!(written[0]["created"], files_in(&whole));
    assert_eq!(json(run(&["render", "--check"]))[0]["result"], "compared");
    // What went wrong is in the document as well.
    let failed = json(run(&["render", "fleet.toml", "none.toml", "broken.toml"]));
    assert_eq!(failed[0]["result"], "written");
    assert_eq!(failed[1]["path"], "none.toml");
    assert_eq!(
        failed[1]["problem"],
        "No such file or directory (os error 2)"
    );
    assert_eq!(failed[2]["path"], "broken.toml");
    assert!(
        failed[2]["problem"]
            .as_str()
            .expect("text")
            .starts_with("1 error"),
        "{failed:#}"
    );
    json(run(&["cost"]));
    let sarif = valet_gen(
        whole.path(),
        ["validate", "broken.toml", "--format", "sarif"],
    );
    assert_eq!(json(sarif)["version"], "2.1.0");
}

#[test]
fn nothing_is_colored_where_nobody_sees_it() {
    let whole = folder();
    let colored = |variables: &[(&str, &str)]| {
        let mut run = command(whole.path());
        let out = run
            .args(["validate", "broken.toml"])
            .envs(variables.iter().copied())
            .output();
        let out = out.expect("valet-gen runs");
        [out.stdout, out.stderr].concat().contains(&b'\x1b')
    };
    assert!(!colored(&[]), "a pipe is no terminal");
    assert!(
        colored(&[("CLICOLOR_FORCE", "1")]),
        "what is asked for is done"
    );
    assert!(
        !colored(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]),
        "NO_COLOR has the last word"
    );
}

/// `valet-gen schema | head -1` is no fault of anybody's.
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let whole = folder();
    let mut calls: Vec<Vec<&str>> = vec![
        vec!["--help"],
        vec!["schema"],
        vec!["explain"],
        vec!["completions", "bash"],
        vec!["man"],
        vec!["cost"],
        vec!["graph"],
        vec!["validate"],
        vec!["validate", "broken.toml", "--format", "json"],
        vec!["render"],
        vec!["render", "--check", "--diff"],
    ];
    calls.push(vec!["validate", "broken.toml"]);
    for arguments in calls {
        let mut run = command(whole.path());
        let run = run
            .args(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = run.spawn().expect("valet-gen runs");
        drop(child.stdout.take());
        let mut stderr = String::new();
        let mut pipe = child.stderr.take().expect("a pipe");
        pipe.read_to_string(&mut stderr).expect("UTF-8");
        let code = child.wait().expect("it ends").code();
        let expected = i32::from(arguments.contains(&"broken.toml"));
        assert_eq!(code, Some(expected), "{arguments:?}: {stderr}");
        assert!(
            !stderr.contains("panicked") && !stderr.contains("pipe"),
            "{arguments:?}: {stderr}"
        );
    }
}

/// Whoever redirects to a full disk must not believe that it worked.
#[test]
fn a_full_disk_is_an_error() {
    if !Path::new("/dev/full").exists() {
        test_support::skip("there is no /dev/full");
        return;
    }
    let whole = folder();
    for arguments in [
        &["schema"][..],
        &["explain"],
        &["cost"],
        &["graph"],
        &["man"],
        &["validate"],
    ] {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("opened");
        let mut run = command(whole.path());
        let run: Run = run
            .args(arguments)
            .stdout(full)
            .output()
            .expect("it runs")
            .into();
        let error = "error: standard output: No space left on device (os error 28)\n  help: free disk space where standard output is redirected to\n";
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (Some(3), error),
            "{arguments:?}"
        );
    }
}
