//! What a run may write, and what it says where it may not.

use crate::interrupted::part_files;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use tempfile::tempdir;
use test_support::cli::{Run, valet_gen};
use test_support::pipeline::{fixture_text, rendered};

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
