//! Every mistake that a user can make on the command line, with the complete answer.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::{TempDir, tempdir};
use test_support::cli::{Run, valet_gen};
use test_support::output_fixture::paths;
use test_support::pipeline::{fixture_text, full_without_warnings, rendered};

/// A folder with a fleet that breaks no rule and gives no warning.
fn folder() -> TempDir {
    let whole = tempdir().expect("a folder");
    fs::write(whole.path().join("fleet.toml"), full_without_warnings()).expect("written");
    whole
}

/// Runs the program, which has to fail with this code and this text and nothing else.
fn assert_fails(folder: &Path, arguments: &[&str], code: i32, stderr: &str) {
    let run = valet_gen(folder, arguments);
    assert_eq!(
        run.parts(),
        (Some(code), "", stderr),
        "valet-gen {}",
        arguments.join(" ")
    );
}

const NO_FILE: &str = "  help: name an existing fleet.toml, or write one with `valet-gen init`\n";

#[test]
fn a_file_that_is_not_there() {
    let whole = folder();
    fs::create_dir(whole.path().join("empty")).expect("made");
    for name in ["validate", "render", "cost", "graph"] {
        let missing =
            format!("error: none.toml: No such file or directory (os error 2)\n{NO_FILE}");
        assert_fails(whole.path(), &[name, "none.toml"], 3, &missing);
        let within =
            format!("error: empty/fleet.toml: No such file or directory (os error 2)\n{NO_FILE}");
        assert_fails(whole.path(), &[name, "empty"], 3, &within);
        let through = format!("error: fleet.toml/x: Not a directory (os error 20)\n{NO_FILE}");
        assert_fails(whole.path(), &[name, "fleet.toml/x"], 3, &through);
    }
}

#[test]
fn a_file_that_is_not_text() {
    let whole = folder();
    fs::write(
        whole.path().join("latin.toml"),
        b"[fleet]\nname = \"caf\xe9\"\n",
    )
    .expect("written");
    assert_fails(
        whole.path(),
        &["validate", "latin.toml"],
        3,
        "error: latin.toml: it is not UTF-8 at byte 19\n  help: save the file as UTF-8\n",
    );
}

#[test]
fn a_file_that_is_too_large_or_has_no_end() {
    let whole = folder();
    fs::write(
        whole.path().join("large.toml"),
        "#".repeat(4 * 1024 * 1024 + 1),
    )
    .expect("written");
    symlink("/dev/zero", whole.path().join("endless.toml")).expect("linked");
    for name in ["large.toml", "endless.toml"] {
        let error = format!(
            "error: {name}: it is larger than 4194304 bytes\n  help: split the fleet: one file \
             describes one fleet\n"
        );
        assert_fails(whole.path(), &["validate", name], 3, &error);
    }
    // A pipe, such as a shell's `<(...)`, tells no length and is read all the same.
    let mut run = test_support::cli::command(whole.path());
    let text = fs::File::open(whole.path().join("fleet.toml")).expect("opened");
    let run: Run = run
        .args(["validate", "/dev/stdin"])
        .stdin(text)
        .output()
        .expect("it runs")
        .into();
    assert_eq!(run.parts(), (Some(0), "1 file valid\n", ""));
}

#[test]
fn an_environment_that_is_not_there() {
    let whole = folder();
    assert_fails(
        whole.path(),
        &["render", "--environment", "prod"],
        2,
        "error: fleet.toml: there is no environment `prod`\n  help: one of: production, account\n",
    );
    assert_fails(
        whole.path(),
        &["graph", "--environment", "prod"],
        2,
        "error: fleet.toml: there is no environment `prod`\n  help: one of: production\n",
    );
    assert_eq!(paths(whole.path()), ["fleet.toml"], "nothing was written");
}

#[test]
fn two_fleets_that_would_write_to_one_folder() {
    let whole = folder();
    fs::copy(
        whole.path().join("fleet.toml"),
        whole.path().join("other.toml"),
    )
    .expect("copied");
    symlink(".", whole.path().join("same")).expect("linked");
    let help = "  help: give each fleet a name and a folder of its own, or render them one by one \
                with --out\n";
    // Whichever of the two was quicker, the answer is the same.
    for _ in 0..5 {
        let fails = |arguments: &[&str], error: &str| {
            let run = valet_gen(whole.path(), ["render"].iter().chain(arguments));
            assert_eq!(
                (run.code, run.stderr),
                (Some(2), format!("error: {error}\n{help}"))
            );
        };
        fails(
            &["fleet.toml", "other.toml"],
            "other.toml: its output folder generated is also the output folder of fleet.toml",
        );
        fails(
            &["fleet.toml", "./other.toml"],
            "./other.toml: its output folder ./generated is also the output folder of fleet.toml",
        );
        fails(
            &["fleet.toml", "same/other.toml"],
            "same/other.toml: its output folder same/generated is also the output folder of \
             fleet.toml",
        );
        // With --out, it is the fleets' names that tell the folders apart.
        fails(
            &["fleet.toml", "other.toml", "--out", "all"],
            "other.toml: its output folder all/orchard is also the output folder of fleet.toml",
        );
    }
}

#[test]
fn options_that_do_not_go_together() {
    let whole = folder();
    assert_fails(
        whole.path(),
        &["render", "--diff"],
        2,
        "error: the following required arguments were not provided:\n  --check\n\nUsage: \
         valet-gen render --check --diff [FLEET]...\n\nFor more information, try '--help'.\n",
    );
}

#[test]
fn a_command_or_an_option_that_is_not_there() {
    let whole = folder();
    assert_fails(
        whole.path(),
        &["rendr"],
        2,
        "error: unrecognized subcommand 'rendr'\n\n  tip: a similar subcommand exists: 'render'\n\n\
         Usage: valet-gen [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.\n",
    );
    let run = valet_gen(whole.path(), ["validate", "--format", "xml"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr
            .contains("[possible values: human, json, sarif, github]"),
        "{}",
        run.stderr
    );
    // Without anything, the help is the answer.
    let nothing: [&str; 0] = [];
    let run = valet_gen(whole.path(), nothing);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(
        run.stderr.contains("Usage: valet-gen [OPTIONS] <COMMAND>"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_code_that_is_not_there() {
    let whole = folder();
    assert_fails(
        whole.path(),
        &["explain", "fleet.region-unknow"],
        2,
        "error: CODE: there is no diagnostic `fleet.region-unknow`\n  help: did you mean \
         `fleet.region-unknown`?\n",
    );
    assert_fails(
        whole.path(),
        &["explain", "x"],
        2,
        "error: CODE: there is no diagnostic `x`\n  help: `valet-gen explain` without a code \
         lists all\n",
    );
}

#[test]
fn what_is_in_the_way_of_a_rendering() {
    let whole = folder();
    let fails = |code: i32, path: &str, problem: &str, help: &str| {
        let error = format!("error: {path}: {problem}\n  help: {help}\n");
        assert_fails(whole.path(), &["render"], code, &error);
        let _ = fs::remove_dir_all(whole.path().join("generated"));
        let _ = fs::remove_file(whole.path().join("generated"));
    };
    let put = |path: &str, text: &str| {
        let file = whole.path().join("generated").join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, text).expect("written");
    };
    let move_it = "move it, or choose another folder with --out";
    put("production/RUNBOOKS.md", "mine\n");
    fails(
        3,
        "generated/production/RUNBOOKS.md",
        "it exists, and valet-gen did not write it",
        "move it, choose another folder with --out, or overwrite it with --force, which spares \
         only what terraform.own_files declares",
    );
    put("production/RUNBOOKS.md/mine", "mine\n");
    fails(
        3,
        "generated/production/RUNBOOKS.md",
        "a folder is in the place of a file",
        move_it,
    );
    put("production", "mine\n");
    fails(
        3,
        "generated/production",
        "a file is in the place of a folder",
        move_it,
    );
    fs::create_dir_all(whole.path().join("generated")).expect("made");
    symlink("/tmp", whole.path().join("generated/production")).expect("linked");
    fails(
        3,
        "generated/production",
        "a symbolic link is in the place of a folder",
        move_it,
    );
    fs::write(whole.path().join("generated"), "mine\n").expect("written");
    fails(
        3,
        "generated",
        "a file is in the place of a folder",
        move_it,
    );
    put("MANIFEST.json", "{}");
    fails(
        3,
        "generated/MANIFEST.json",
        "it is not a manifest of valet-gen: missing field `valet_gen` at line 1 column 2",
        "restore it from version control; or render with --force, which writes it again and leaves \
         files that are no longer rendered to you",
    );
    assert_fails(
        whole.path(),
        &["render", "--out", "fleet.toml/below"],
        3,
        "error: fleet.toml/below: Not a directory (os error 20)\n  help: choose a folder that can \
         be made, with --out; nothing was written\n",
    );
}

#[test]
fn an_output_that_cannot_be_written() {
    let whole = folder();
    assert_fails(
        whole.path(),
        &["init"],
        3,
        "error: fleet.toml: the file exists already\n  help: choose another file with --out, or \
         delete this one\n",
    );
    let folder = "choose a writable folder with --out";
    let cases = [
        (
            &["init", "--out", "none/fleet.toml"][..],
            "none/fleet.toml",
            "No such file or directory (os error 2)",
            "choose a file in a writable folder with --out",
        ),
        (
            &["docs", "--out", "fleet.toml/docs"],
            "fleet.toml/fleet.schema.json",
            "File exists (os error 17)",
            folder,
        ),
        (
            &["man", "--out", "fleet.toml"],
            "fleet.toml",
            "File exists (os error 17)",
            folder,
        ),
        (
            &["graph", "--out", "none/x.svg"],
            "none/x.svg",
            "No such file or directory (os error 2)",
            "choose a writable file with --out",
        ),
    ];
    for (arguments, path, problem, help) in cases {
        let error = format!("error: {path}: {problem}\n  help: {help}\n");
        assert_fails(whole.path(), arguments, 3, &error);
    }
    assert_eq!(paths(whole.path()), ["fleet.toml"], "nothing was written");
}

/// Each of several fleets is reported, and the first failure is the process's.
#[test]
fn one_fleet_that_fails_does_not_stop_the_others() {
    let whole = folder();
    let minimal = fixture_text("golden-minimal");
    fs::write(whole.path().join("other.toml"), &minimal).expect("written");
    fs::write(
        whole.path().join("broken.toml"),
        minimal.replace("eu-west-1", "x"),
    )
    .expect("written");
    let run = valet_gen(
        whole.path(),
        [
            "render",
            "none.toml",
            "broken.toml",
            "fleet.toml",
            "other.toml",
            "--out",
            "all",
        ],
    );
    assert_eq!(run.code, Some(3));
    let files = |fleet: &str| {
        rendered(&fs::read_to_string(whole.path().join(fleet)).expect("readable")).len()
    };
    assert_eq!(
        run.stdout,
        format!(
            "all/orchard: {} created\nall/tiny: {} created\n",
            files("fleet.toml"),
            files("other.toml")
        )
    );
    assert!(run.stderr.contains("error: none.toml: "), "{}", run.stderr);
    assert!(
        run.stderr.contains("error[fleet.region-unknown]"),
        "{}",
        run.stderr
    );
}
