//! Runs that are killed, that meet each other, and that may not write: every file is whole, old
//! or new, and the next run finishes.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::tempdir;
use test_support::cli::{Run, command, valet_gen};
use test_support::output_fixture::{
    OutputFixture, files, paths, rendered_texts, rendering_of, texts, three,
};
use test_support::pipeline::{fixture_text, rendered};
use valet_gen::write::{Manifest, OwnFiles};

/// A fleet with so many environments that writing takes a while. `word` is in every file that
/// matters.
fn many(word: &str) -> String {
    let mut text = fixture_text("golden-minimal");
    text.push_str(&format!("[fleet.tags]\nword = \"{word}\"\n"));
    for number in 10..22 {
        text.push_str(&format!("[environments.e{number}]\n"));
    }
    // The first has an environment that the second lacks, and the other way round.
    text.push_str(&format!("[environments.only-{word}]\n"));
    text
}

fn start(folder: &Path, fleet: &str) -> Child {
    command(folder)
        .args(["render", fleet, "--out", "out", "--prune"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("valet-gen runs")
}

/// How long a whole run takes at this moment.
fn length_of_a_run(folder: &Path, fleets: [&str; 2]) -> Duration {
    let mut longest = Duration::ZERO;
    for fleet in fleets {
        let started = Instant::now();
        assert!(start(folder, fleet).wait().expect("it ends").success());
        longest = longest.max(started.elapsed());
    }
    longest
}

/// Kills runs at times spread over the length of a whole one, until enough of them were hit while
/// they wrote. After each, `look` is given the fleet and says whether it was.
///
/// The length is measured again and again: it depends on what else the machine does.
fn kill_at_every_moment(folder: &Path, fleets: [&str; 2], mut look: impl FnMut(&str) -> bool) {
    const MOMENTS: u32 = 24;
    let mut longest = length_of_a_run(folder, fleets);
    let mut halfway = 0;
    for kill in 0..20 * MOMENTS {
        if kill > 0 && kill % MOMENTS == 0 {
            longest = length_of_a_run(folder, fleets);
        }
        let fleet = fleets[kill as usize % 2];
        let mut run = start(folder, fleet);
        // A step that has no divisor in common with the moments reaches all of them.
        #[expect(
            clippy::disallowed_methods,
            reason = "the moment of the interruption is what the test varies"
        )]
        sleep(longest * (kill * 7 % MOMENTS + 1) / MOMENTS);
        run.kill().expect("it can be killed");
        run.wait().expect("it ends");
        halfway += u32::from(look(fleet));
        if kill >= MOMENTS && halfway >= 4 {
            return;
        }
    }
    panic!("only {halfway} runs were killed while they wrote, which proves too little");
}

fn part_files(folder: &Path) -> Vec<String> {
    let mut all = paths(folder);
    all.retain(|path| path.ends_with(".valet-gen-part"));
    all
}

#[test]
fn a_killed_run_leaves_every_file_whole_and_the_next_one_finishes() {
    let whole = tempdir().expect("a folder");
    let fleets = ["one", "two"].map(|word| {
        fs::write(whole.path().join(word), many(word)).expect("written");
        rendered(&many(word))
    });
    let out = whole.path().join("out");
    kill_at_every_moment(whole.path(), ["one", "two"], |fleet| {
        let mut found = texts(&out);
        let manifest: serde_json::Value =
            serde_json::from_str(&found.remove("MANIFEST.json").expect("always there"))
                .expect("whole");
        found.retain(|path, _| !path.ends_with(".valet-gen-part"));
        for (path, text) in &found {
            let is_whole = fleets.iter().any(|files| files.get(path) == Some(text));
            assert!(is_whole, "{path} is neither old nor new:\n{text}");
            assert!(
                !manifest["files"][path].is_null(),
                "{path} is not known to be ours"
            );
        }
        let is_halfway = fleets.iter().all(|files| *files != found);
        let new = &fleets[usize::from(fleet == "two")];
        assert_manifest_lags(&manifest, &found, new);
        let done = valet_gen(whole.path(), ["render", fleet, "--out", "out", "--prune"]);
        done.success();
        assert_eq!(&rendered_texts(&out), new);
        assert_eq!(part_files(whole.path()), Vec::<String>::new());
        is_halfway
    });
}

/// A file whose sum is the new one has come: the manifest is never ahead of its files.
fn assert_manifest_lags(
    manifest: &serde_json::Value,
    found: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) {
    let sums = Manifest::of(&rendering_of(new, &OwnFiles::default()), None).files;
    for (path, text) in found {
        if manifest["files"][path] == sums.get(path).map_or("", String::as_str) {
            assert_eq!(
                Some(text),
                new.get(path),
                "{path} is reported before it came"
            );
        }
    }
}

/// A first run is no other: what it wrote before it was killed is whole, and known to be ours.
#[test]
fn a_killed_first_run_leaves_whole_files_and_the_next_one_finishes() {
    let whole = tempdir().expect("a folder");
    fs::write(whole.path().join("one"), many("one")).expect("written");
    let expected = rendered(&many("one"));
    let out = whole.path().join("out");
    kill_at_every_moment(whole.path(), ["one", "one"], |_| {
        let mut found = if out.exists() {
            rendered_texts(&out)
        } else {
            BTreeMap::new()
        };
        found.retain(|path, _| !path.ends_with(".valet-gen-part"));
        for (path, text) in &found {
            assert_eq!(Some(text), expected.get(path), "{path} is whole");
        }
        let is_halfway = !found.is_empty() && found != expected;
        valet_gen(whole.path(), ["render", "one", "--out", "out"]).success();
        assert_eq!(rendered_texts(&out), expected);
        assert_eq!(part_files(whole.path()), Vec::<String>::new());
        fs::remove_dir_all(&out).expect("removed");
        is_halfway
    });
}

#[test]
fn what_an_interrupted_run_left_is_swept_up() {
    let fixture = OutputFixture::with(&three());
    fixture.put(
        "staging/terraform/.main.tf.4711.valet-gen-part",
        "half a li",
    );
    fixture.put("staging/.RUNBOOKS.md.1.valet-gen-part", "");
    fixture.put(".MANIFEST.json.1.valet-gen-part", "{");
    // Like one of ours and not one.
    fixture.put("staging/mine.valet-gen-part", "mine\n");
    fixture.write(&three()).expect("written");
    assert_eq!(
        part_files(fixture.whole.path()),
        ["generated/staging/mine.valet-gen-part"]
    );
}

/// An orphan's folder would not be empty with a temporary file in it.
#[test]
fn what_was_left_in_a_folder_that_goes_goes_too() {
    let fixture = OutputFixture::with(&three());
    fixture.put(
        "staging/terraform/.main.tf.4711.valet-gen-part",
        "half a li",
    );
    fixture
        .prune(&files(&[("account/main.tf", "account\n")]))
        .expect("written");
    assert_eq!(
        paths(&fixture.out()),
        ["MANIFEST.json", "account", "account/main.tf"]
    );
}

#[test]
fn runs_that_meet_leave_one_whole_rendering() {
    let whole = tempdir().expect("a folder");
    let fleets = ["one", "two"].map(|word| {
        fs::write(whole.path().join(word), many(word)).expect("written");
        rendered(&many(word))
    });
    for round in 0..4 {
        // The first round meets where no folder is, the others where one is.
        let runs: Vec<Child> = (0..6)
            .map(|run| start(whole.path(), ["one", "two"][(run + round) % 2]))
            .collect();
        for mut run in runs {
            assert!(run.wait().expect("it ends").success());
        }
        let found = rendered_texts(&whole.path().join("out"));
        assert!(fleets.contains(&found), "a mixture of two renderings");
        assert_eq!(part_files(whole.path()), Vec::<String>::new());
        for fleet in ["one", "two"] {
            let check = valet_gen(whole.path(), ["render", fleet, "--out", "out", "--check"]);
            let is_it = found == fleets[usize::from(fleet == "two")];
            assert_eq!(
                check.code == Some(0),
                is_it,
                "the manifest is of the same run"
            );
        }
    }
}

/// Files and folders have the modes that any other program would give them.
#[test]
fn files_have_the_mode_of_new_files() {
    for (umask, file, folder) in [
        ("022", 0o644, 0o755),
        ("027", 0o640, 0o750),
        ("002", 0o664, 0o775),
    ] {
        let whole = tempdir().expect("a folder");
        fs::write(
            whole.path().join("fleet.toml"),
            fixture_text("golden-minimal"),
        )
        .expect("written");
        let render = || {
            let run = Command::new("sh")
                .args([
                    "-c",
                    "umask \"$1\" && exec \"$0\" render",
                    env!("CARGO_BIN_EXE_valet-gen"),
                    umask,
                ])
                .current_dir(whole.path())
                .output()
                .expect("sh runs");
            Run::from(run).success();
        };
        let mode = |path: &str| {
            let metadata = fs::metadata(whole.path().join("generated").join(path)).expect("there");
            metadata.permissions().mode() & 0o7777
        };
        render();
        let fresh = [
            mode("MANIFEST.json"),
            mode("production/RUNBOOKS.md"),
            mode(""),
            mode("production"),
        ];
        assert_eq!(
            fresh,
            [file, file, folder, folder],
            "umask {umask}, in a new folder"
        );
        // Again, each by a temporary file and a rename.
        fs::remove_file(whole.path().join("generated/MANIFEST.json")).expect("removed");
        fs::remove_dir_all(whole.path().join("generated/production")).expect("removed");
        render();
        let again = [
            mode("MANIFEST.json"),
            mode("production/RUNBOOKS.md"),
            mode("production"),
        ];
        assert_eq!(
            again,
            [file, file, folder],
            "umask {umask}, in a folder that is there"
        );
    }
}

/// The program as a user who owns nothing here: the superuser may write anywhere.
fn as_nobody(folder: &Path, arguments: &[&str]) -> Run {
    let program = folder.join("valet-gen");
    if !program.exists() {
        place_program(folder);
    }
    let mut run = Command::new(program);
    run.args(arguments)
        .current_dir(folder)
        .env("SOURCE_DATE_EPOCH", test_support::cli::TODAY);
    if fs::metadata(folder).expect("there").uid() == 0 {
        run.uid(65_534).gid(65_534);
    }
    run.output().expect("valet-gen runs").into()
}

/// Copies the program to where anybody may run it. Another program does it: the one that copies
/// holds the file open for writing, whatever is started meanwhile by another test inherits that,
/// and a program that somebody writes to cannot be run ("Text file busy").
fn place_program(folder: &Path) {
    let copied = Command::new("cp")
        .args([env!("CARGO_BIN_EXE_valet-gen"), "valet-gen"])
        .current_dir(folder)
        .status()
        .expect("cp runs");
    assert!(copied.success());
}

/// A folder in which anybody may read, with the minimal fleet rendered.
fn readable() -> tempfile::TempDir {
    let whole = tempdir().expect("a folder");
    fs::set_permissions(whole.path(), fs::Permissions::from_mode(0o755)).expect("changed");
    fs::write(
        whole.path().join("fleet.toml"),
        fixture_text("golden-minimal"),
    )
    .expect("written");
    valet_gen(whole.path(), ["render"]).success();
    whole
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
}

const HELP: &str = "  help: make the folder writable; what was already written is whole, and the \
                    next run goes on\n";

#[test]
fn a_folder_that_is_read_only_is_an_error_that_says_so() {
    let whole = readable();
    let file = whole.path().join("generated/production/terraform/logs.tf");
    fs::write(&file, "edited\n").expect("written");
    set_mode(file.parent().expect("a folder"), 0o555);
    let run = as_nobody(whole.path(), &["render"]);
    let error = format!(
        "error: generated/production/terraform/logs.tf: Permission denied (os error 13)\n{HELP}"
    );
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert!(run.stderr.ends_with(&error), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&file).expect("readable"), "edited\n");
    set_mode(file.parent().expect("a folder"), 0o755);
    assert_eq!(part_files(whole.path()), Vec::<String>::new());
}

#[test]
fn a_new_folder_in_one_that_is_read_only_is_an_error_that_says_so() {
    let whole = readable();
    set_mode(whole.path(), 0o555);
    let run = as_nobody_elsewhere(whole.path());
    set_mode(whole.path(), 0o755);
    let error = "error: new: Permission denied (os error 13)\n  help: choose a folder that can be \
                 made, with --out; nothing was written\n";
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert!(run.stderr.ends_with(error), "{}", run.stderr);
}

fn as_nobody_elsewhere(folder: &Path) -> Run {
    set_mode(folder, 0o755);
    place_program(folder);
    set_mode(folder, 0o555);
    as_nobody(folder, &["render", "--out", "new"])
}

#[test]
fn a_check_needs_no_permission_to_write() {
    let whole = readable();
    set_mode(&whole.path().join("generated"), 0o555);
    let run = as_nobody(whole.path(), &["render", "--check"]);
    let all = rendered(&fixture_text("golden-minimal")).len();
    let told = format!("generated: 0 differing, {all} as rendered\n");
    assert_eq!(run.stdout, told);
    assert_eq!(run.code, Some(0));
}

#[test]
fn a_file_without_permission_is_told_as_unreadable_and_rendered_again() {
    let whole = readable();
    let file = whole.path().join("generated/production/terraform/logs.tf");
    set_mode(&file, 0o000);
    let run = as_nobody(whole.path(), &["render", "--check"]);
    let others = rendered(&fixture_text("golden-minimal")).len() - 1;
    let told = format!(
        "unreadable: generated/production/terraform/logs.tf (Permission denied (os error 13))\n\
         generated: 1 differing, {others} as rendered\n"
    );
    assert_eq!((run.code, run.stdout), (Some(14), told));
    // So is every file of a folder without permission.
    let folder = file.parent().expect("a folder");
    set_mode(folder, 0o000);
    let run = as_nobody(whole.path(), &["render", "--check"]);
    set_mode(folder, 0o755);
    assert_eq!(run.code, Some(14), "{}", run.stderr);
    assert!(
        run.stdout.contains(
            "unreadable: generated/production/terraform (Permission denied (os error 13))\n"
        ),
        "{}",
        run.stdout
    );
    // A file is replaced and not written into: its folder's permission is what counts.
    valet_gen(whole.path(), ["render"]).success();
    assert_eq!(valet_gen(whole.path(), ["render", "--check"]).code, Some(0));
}
