//! `image/verify.sh`, run by a real bash: what it says of checks that hold, fail, hang or print too
//! much, in both formats.
#![cfg(unix)]

use std::fs;
use std::process::Command;

use serde_json::json;
use test_support::cli::Run;
use test_support::pipeline::{fixture_text, plan_of};
use test_support::programs::are_installed_or_skip;
use test_support::verify::{NEEDED, Verify, by_effect, check, script_of};
use valet_gen::catalog::controls::Proof;
use valet_gen::resolve::Check;

/// One check of each kind.
fn mixed() -> Verify {
    Verify::with(&[
        check("a.birth", "echo ran; test -z \"$FAILS\"", Proof::NotHere),
        Check {
            in_image: Proof::Configuration,
            ..by_effect("b.holds", "true")
        },
        by_effect("c.fails", "echo one; echo 'two \"\\' >&2; exit 3"),
    ])
}

#[test]
fn tap_says_what_holds_and_why_the_rest_does_not() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let verify = mixed();
    let expected = "\
TAP version 13
1..3
ok 1 - a.birth: It holds (by effect)
ok 2 - b.holds: It holds (by configuration)
not ok 3 - c.fails: It holds (by effect)
#   exit status 3:
#   echo one; echo 'two \"\\' >&2; exit 3
#   one
#   two \"\\
# 2 passed (1 by effect, 1 by configuration), 1 failed, 0 not here
";
    assert_eq!(verify.run(&[]).parts(), (Some(1), expected, ""));
}

#[test]
fn json_says_the_same() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let expected = json!({
        "phase": "image",
        "checks": [
            {"control": "a.birth", "title": "It holds", "result": "passed", "proof": "effect"},
            {"control": "b.holds", "title": "It holds", "result": "passed", "proof": "configuration"},
            {
                "control": "c.fails",
                "title": "It holds",
                "result": "failed",
                "proof": "effect",
                "reason": "exit status 3",
                "command": "echo one; echo 'two \"\\' >&2; exit 3",
                "output": "one\ntwo \"\\",
            },
        ],
        "passed": 2,
        "by_effect": 1,
        "by_configuration": 1,
        "failed": 1,
        "skipped": 0,
    });
    assert_eq!(mixed().json(&[]), expected);
}

#[test]
fn on_a_host_what_only_holds_before_the_first_boot_is_not_run() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let verify = mixed();
    let only = ["--phase", "host", "--only", "a.birth", "--only", "b.holds"];
    let expected = "\
TAP version 13
1..2
ok 1 - a.birth: It holds # SKIP not here: holds only before the first boot, or on it
ok 2 - b.holds: It holds (by effect)
# 1 passed (1 by effect, 0 by configuration), 0 failed, 1 not here
";
    assert_eq!(verify.run(&only).parts(), (Some(0), expected, ""));
    assert_eq!(
        verify.json(&only)["checks"][0],
        json!({
            "control": "a.birth",
            "title": "It holds",
            "result": "skipped",
            "proof": "not-here",
            "reason": "holds only before the first boot, or on it",
        })
    );
}

#[test]
fn at_the_first_boot_what_is_about_birth_is_run() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let found = mixed().json(&["--phase", "first-boot", "--only", "a.birth"]);
    assert_eq!(found["checks"][0]["result"], "passed");
    assert_eq!(found["checks"][0]["proof"], "effect");
}

#[test]
fn what_a_machine_cannot_have_is_not_here_and_says_why() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let verify = Verify::with(&[by_effect(
        "a.absent",
        "echo this kernel knows none; exit 77",
    )]);
    let found = verify.json(&[]);
    assert_eq!(found["checks"][0]["result"], "skipped");
    assert_eq!(found["checks"][0]["reason"], "this kernel knows none");
    assert_eq!(found["skipped"], 1);
}

/// Whatever a check does, it does to nothing.
#[test]
fn a_check_changes_nothing() {
    if !are_installed_or_skip(&NEEDED) || !rustix::process::geteuid().is_root() {
        return;
    }
    let verify = Verify::with(&[by_effect("a.writes", "echo x >written")]);
    let found = verify.json(&[]);
    assert_eq!(found["checks"][0]["result"], "failed");
    assert!(!verify.path("written").exists());
}

#[test]
fn a_check_that_hangs_has_failed() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let verify = Verify::with(&[
        by_effect("a.hangs", "sleep 600"),
        by_effect("b.holds", "true"),
    ]);
    let found = verify.json(&["--timeout", "5"]);
    assert_eq!(found["checks"][0]["reason"], "still running after 5 s");
    assert_eq!(found["checks"][1]["result"], "passed");
}

/// Closing the pipe on a check that prints much would end it with a signal, and so with a failure.
#[test]
fn a_check_may_print_whatever_it_likes() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let verify = Verify::with(&[
        by_effect(
            "a.much",
            "set -o pipefail; head -c 1000000 /dev/zero | tr '\\0' x",
        ),
        by_effect(
            "b.much-and-fails",
            "head -c 1000000 /dev/zero | tr '\\0' x; false",
        ),
        by_effect(
            "c.odd",
            r#"printf 'a\tb\001\033\377\303\251"\\ {{x}}\n\n'; false"#,
        ),
    ]);
    let found = verify.json(&[]);
    assert_eq!(found["checks"][0]["result"], "passed");
    let output = |number: usize| found["checks"][number]["output"].as_str().expect("text");
    assert_eq!(output(1), "x".repeat(4096));
    assert_eq!(output(2), "a\tb?????\"\\ {{x}}");
}

#[test]
fn a_check_reads_nothing_of_what_verify_is_given() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let verify = Verify::with(&[
        by_effect("a.reads", "read -r line"),
        by_effect("b.holds", "true"),
    ]);
    let run = verify.json(&[]);
    assert_eq!(run["checks"][0]["result"], "failed");
    assert_eq!(run["checks"][1]["result"], "passed");
}

#[test]
fn the_command_line_is_held_against_what_there_is() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let verify = mixed();
    let refused = [
        (vec!["--fromat", "tap"], "there is no argument --fromat"),
        (vec!["--format"], "--format needs a value"),
        (vec!["--sbom", ""], "--sbom needs a value"),
        (
            vec!["--format", "xml"],
            "there is no format xml: it is tap or json",
        ),
        (
            vec!["--phase", "boot"],
            "there is no phase boot: it is image, first-boot or host",
        ),
        (
            vec!["--timeout", "1s"],
            "--timeout takes a number of seconds",
        ),
        (
            vec!["--only", "b.holds", "--only", "b.hold"],
            "there is no check of b.hold: it is unknown, waived, or not proven by a command",
        ),
    ];
    for (arguments, problem) in refused {
        let expected = format!("verify.sh: {problem}\n  help: see verify.sh --help\n");
        assert_eq!(
            verify.run(&arguments).parts(),
            (Some(2), "", expected.as_str())
        );
    }
    let help = verify.run(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    assert!(help.stdout.starts_with("usage: verify.sh"));
}

#[test]
fn a_parser_of_tap_reads_it() {
    if !are_installed_or_skip(&[NEEDED[0], NEEDED[1], "perl"]) {
        return;
    }
    let verify = mixed();
    let tap = verify.run(&["--phase", "host"]).stdout;
    fs::write(verify.path("out.tap"), tap).expect("written");
    let script = "
        use TAP::Parser;
        open my $tap, '<', 'out.tap';
        my $parser = TAP::Parser->new({ tap => join '', <$tap> });
        $parser->run;
        print join ' ', map { scalar $parser->$_ } qw(version tests_run passed failed skipped parse_errors);
    ";
    let output = Command::new("perl")
        .args(["-e", script])
        .current_dir(verify.folder.path())
        .output()
        .expect("perl runs");
    let run = Run::from(output);
    assert_eq!(run.parts(), (Some(0), "13 3 2 1 1 0", ""));
}

/// What the script hands to `bash -c` is what the registry says, quotes and all.
#[test]
fn every_check_of_the_plan_is_in_the_script_as_it_is() {
    let plan = plan_of(&fixture_text("golden-full"));
    let image = &plan.environments[0].image;
    let script = script_of(&plan);
    let from = script.find("\ncheck ").expect("a check");
    let to = script.find("\nformat=").expect("the end of the checks");
    // A continued line is one; shlex takes what continues it for a word.
    let lines = script[from..to].replace(" \\\n", " ");
    let words = shlex::split(&lines).expect("whole words");
    let found: Vec<&[String]> = words.chunks(6).collect();
    assert_eq!(found.len(), image.checks.len());
    for (found, check) in found.iter().zip(&image.checks) {
        assert_eq!(
            *found,
            [
                "check",
                check.in_image.as_str(),
                check.on_host.as_str(),
                check.control,
                check.title,
                check.run
            ]
        );
    }
    assert!(image.checks.len() > 90, "{}", image.checks.len());
    for waiver in &image.waivers {
        let is_checked = image.checks.iter().any(|it| it.control == waiver.control);
        assert!(!is_checked, "{} is waived", waiver.control);
    }
    let of_birth = |check: &&Check| check.on_host == Proof::NotHere;
    let first = image.checks.iter().take_while(of_birth).count();
    assert_eq!(first, image.checks.iter().filter(of_birth).count());
    assert!(first > 0);
}

/// A check that is no bash fails for a reason of its own.
#[test]
fn every_check_is_bash() {
    if !are_installed_or_skip(&NEEDED) {
        return;
    }
    let plan = plan_of(&fixture_text("golden-minimal"));
    for check in &plan.environments[0].image.checks {
        let output = Command::new("bash")
            .args(["-n", "-c", check.run])
            .output()
            .expect("bash runs");
        let run = Run::from(output);
        assert_eq!(run.parts(), (Some(0), "", ""), "{}", check.control);
        // TAP gives both a meaning.
        assert!(!check.title.contains(['#', '\\']), "{}", check.title);
    }
}

#[test]
fn shellcheck_finds_nothing() {
    if !are_installed_or_skip(&["shellcheck"]) {
        return;
    }
    let verify = Verify::with(
        &plan_of(&fixture_text("golden-full")).environments[0]
            .image
            .checks,
    );
    let mut scripts = vec![verify.path("verify.sh")];
    let library = fs::read_dir(verify.path("verify")).expect("readable");
    scripts.extend(library.map(|entry| entry.expect("readable").path()));
    let output = Command::new("shellcheck")
        .args(scripts)
        .output()
        .expect("shellcheck runs");
    assert_eq!(Run::from(output).parts(), (Some(0), "", ""));
}
