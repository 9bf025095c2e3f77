//! The command line: what it prints where, and how it ends.
#![cfg(unix)]

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tempfile::{TempDir, tempdir};
use test_support::cli::{Run, command, valet_gen};
use test_support::pipeline::{fixture_text, full_without_warnings, rendered};

/// A folder with a valid fleet.toml, one that breaks a rule and one that has a warning.
pub fn folder() -> TempDir {
    let whole = tempdir().expect("a folder");
    let told = "[alerts]\nemail = [\"ops@example.com\"]\n";
    let minimal = fixture_text("golden-minimal") + told;
    let broken = minimal.replace("eu-west-1", "eu-west-99");
    let write = |name: &str, text: &str| fs::write(whole.path().join(name), text).expect("written");
    write("fleet.toml", &full_without_warnings());
    write("warning.toml", &minimal);
    write("broken.toml", &broken);
    whole
}

/// How many files the valid fleet renders to.
pub fn files_in(whole: &TempDir) -> usize {
    let fleet = fs::read_to_string(whole.path().join("fleet.toml")).expect("readable");
    rendered(&fleet).len()
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
        vec!["graph", "--environment", "production"],
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
        &["graph", "--environment", "production"],
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

#[test]
fn a_fleet_comes_from_standard_input_or_a_parent_folder() {
    let whole = folder();
    let text = fs::read_to_string(whole.path().join("fleet.toml")).expect("readable");
    let piped = |text: &str| {
        let mut run = command(whole.path());
        let run = run.args(["validate", "-", "--format", "json"]);
        let run = run
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = run.spawn().expect("valet-gen runs");
        let mut pipe = child.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut pipe, text.as_bytes()).expect("written");
        drop(pipe);
        let run: Run = child.wait_with_output().expect("it ends").into();
        run
    };
    assert_eq!(piped(&text).code, Some(0));
    let broken = piped(&text.replace("us-east-1", "us-east-99"));
    assert_eq!(broken.code, Some(1));
    assert!(
        broken.stdout.contains("\"path\": \"<stdin>\""),
        "{}",
        broken.stdout
    );

    let below = whole.path().join("a/b");
    fs::create_dir_all(&below).expect("made");
    // Outside of a repository nothing above is looked at.
    assert_eq!(valet_gen(&below, ["validate"]).code, Some(3));
    fs::create_dir(whole.path().join(".git")).expect("made");
    assert_eq!(
        valet_gen(&below, ["validate"]).parts(),
        (Some(0), "1 file valid\n", "")
    );
    let render = valet_gen(&below, ["render"]).success();
    assert!(render.starts_with("../../generated: "), "{render}");
}

#[test]
fn quiet_says_nothing_of_what_was_done() {
    let whole = folder();
    assert_eq!(
        valet_gen(whole.path(), ["validate", "-q"]).parts(),
        (Some(0), "", "")
    );
    assert_eq!(
        valet_gen(whole.path(), ["--quiet", "render"]).parts(),
        (Some(0), "", "")
    );
    let broken = valet_gen(whole.path(), ["validate", "-q", "broken.toml"]);
    assert!(
        broken.code == Some(1) && broken.stderr.contains("error["),
        "{}",
        broken.stderr
    );
    let color = |when| valet_gen(whole.path(), ["validate", "broken.toml", "--color", when]).stderr;
    assert!(color("always").contains("\u{1b}[") && !color("never").contains("\u{1b}["));
    assert!(
        !color("auto").contains("\u{1b}["),
        "standard error is no terminal"
    );
}

#[test]
fn one_of_several_environments_is_named() {
    let whole = folder();
    let text = fs::read_to_string(whole.path().join("fleet.toml")).expect("readable");
    let several = format!("{text}\n[environments.preview]\n");
    fs::write(whole.path().join("fleet.toml"), several).expect("written");
    let run = valet_gen(whole.path(), ["graph"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(
        run.stderr.contains("name one with --environment: "),
        "{}",
        run.stderr
    );
    let picture = valet_gen(
        whole.path(),
        ["graph", "--environment", "production", "--out", "-"],
    );
    assert!(picture.success().contains("<svg"));
    assert!(!whole.path().join("-").exists());
}

/// The paths of annotations begin at the repository's root, wherever the command runs.
#[test]
fn annotations_have_paths_of_the_repository() {
    let whole = folder();
    let infra = whole.path().join("infra");
    fs::create_dir_all(&infra).expect("made");
    fs::create_dir(whole.path().join(".git")).expect("made");
    fs::copy(whole.path().join("broken.toml"), infra.join("fleet.toml")).expect("copied");
    let absolute = infra.join("fleet.toml");
    let absolute = absolute.to_str().expect("UTF-8");
    for (folder, argument) in [
        (&infra, "fleet.toml"),
        (&infra, "./fleet.toml"),
        (&infra, "..//infra/fleet.toml"),
        (&infra, absolute),
        (&whole.path().to_owned(), "infra"),
    ] {
        let github = valet_gen(folder, ["validate", argument, "--format", "github"]).stdout;
        assert!(
            github.starts_with("::error file=infra/fleet.toml,"),
            "{argument}: {github}"
        );
        let sarif = valet_gen(folder, ["validate", argument, "--format", "sarif"]).stdout;
        assert!(
            sarif.contains("\"uri\": \"infra/fleet.toml\""),
            "{argument}: {sarif}"
        );
    }
    // What `render --check` finds is annotated as well.
    fs::copy(whole.path().join("fleet.toml"), infra.join("fleet.toml")).expect("copied");
    valet_gen(&infra, ["render"]).success();
    fs::write(
        infra.join("generated/production/terraform/logs.tf"),
        "# edited\n",
    )
    .expect("written");
    let sarif = valet_gen(&infra, ["render", "--check", "--format", "sarif"]);
    assert_eq!(sarif.code, Some(10));
    let document: Value = serde_json::from_str(&sarif.stdout).expect("it is JSON");
    let result = &document["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "rendered.edited");
    assert_eq!(
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "infra/generated/production/terraform/logs.tf"
    );
}
