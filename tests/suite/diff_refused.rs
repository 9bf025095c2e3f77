//! What `valet-gen diff` cannot compare, each with the whole of what it says: names that are no commits, clones that
//! lack history, files that a commit does not have.

use std::fs;
use std::path::Path;

use tempfile::tempdir;
use test_support::cli::{Run, command, valet_gen};
use test_support::git::git;

use crate::diff::{FLEET, LARGER, SIZE, change, repository};

fn assert_refused(run: &Run, stderr: &str) {
    assert_eq!(run.parts(), (Some(2), "", stderr));
}

#[test]
fn what_is_no_commit_is_refused() {
    let whole = repository();
    let blob = git(whole.path(), &["rev-parse", "HEAD:fleet.toml"]);
    for name in [
        "nowhere",
        "HEAD~9",
        "a b",
        "$(id)",
        "HEAD:fleet.toml",
        blob.trim(),
    ] {
        let run = valet_gen(whole.path(), ["diff", "--", name]);
        assert_refused(
            &run,
            &format!(
                "error: {name}: `{name}` is not a commit\n  help: name a branch, a tag or a commit of this repository, or a file that exists\n"
            ),
        );
    }
    let run = valet_gen(whole.path(), ["diff", "--", "--output=owned"]);
    assert_refused(
        &run,
        "error: --output=owned: `--output=owned` is not a commit\n  help: name a branch, a tag or a commit of this repository, or a file that exists\n",
    );
    assert!(
        !whole.path().join("owned").exists(),
        "a ref is no option of git"
    );
}

#[test]
fn a_repository_without_a_main_branch_or_history_says_so() {
    let whole = repository();
    git(whole.path(), &["branch", "-q", "-m", "trunk"]);
    let run = valet_gen(whole.path(), ["diff"]);
    assert_refused(
        &run,
        "error: fleet.toml: there is no main branch: none of origin/HEAD, origin/main, origin/master, main, master\n  help: name what to compare with: `valet-gen diff COMMIT`\n",
    );
    git(whole.path(), &["branch", "-q", "main"]);
    git(whole.path(), &["checkout", "-q", "--orphan", "empty"]);
    let run = valet_gen(whole.path(), ["diff"]);
    assert_refused(
        &run,
        "error: fleet.toml: there is no commit yet\n  help: commit the fleet, or compare two files\n",
    );
}

#[test]
fn a_folder_outside_of_a_repository_says_so() {
    let outside = tempdir().expect("a folder");
    fs::write(outside.path().join("fleet.toml"), FLEET).expect("written");
    let help = "compare two files instead: `valet-gen diff OLD NEW`";
    let run = valet_gen(outside.path(), ["diff"]);
    assert_refused(
        &run,
        &format!("error: fleet.toml: the current folder is in no git repository\n  help: {help}\n"),
    );
    fs::create_dir(outside.path().join("fleets")).expect("made");
    fs::write(outside.path().join("fleets/fleet.toml"), FLEET).expect("written");
    let run = valet_gen(outside.path(), ["diff", "--fleet", "fleets"]);
    assert_refused(
        &run,
        &format!(
            "error: fleets/fleet.toml: the folder fleets is in no git repository\n  help: {help}\n"
        ),
    );
}

#[test]
fn a_repository_of_another_user_and_a_missing_git_are_told_apart() {
    let whole = repository();
    let run = |variable: (&str, &Path)| -> Run {
        command(whole.path())
            .env(variable.0, variable.1)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .arg("diff")
            .output()
            .expect("it runs")
            .into()
    };
    assert_refused(
        &run(("GIT_TEST_ASSUME_DIFFERENT_OWNER", Path::new("1"))),
        "error: fleet.toml: the current folder belongs to another user, and git reads no repository of another user\n  help: run `git config --global --add safe.directory` with the repository's folder\n",
    );
    let empty = tempdir().expect("a folder");
    assert_refused(
        &run(("PATH", empty.path())),
        "error: fleet.toml: git cannot be run: No such file or directory (os error 2)\n  help: install git, or compare two files\n",
    );
}

/// A clone without history of a repository whose branch `side` has left the main one.
fn shallow() -> tempfile::TempDir {
    let whole = repository();
    git(whole.path(), &["checkout", "-q", "-b", "side"]);
    change(whole.path(), &[SIZE]);
    git(whole.path(), &["commit", "-q", "-a", "-m", "size"]);
    git(whole.path(), &["checkout", "-q", "main"]);
    change(whole.path(), &[LARGER]);
    git(whole.path(), &["commit", "-q", "-a", "-m", "disk"]);
    let clone = tempdir().expect("a folder");
    let from = format!("file://{}", whole.path().display());
    git(
        clone.path(),
        &[
            "clone",
            "-q",
            "--depth",
            "1",
            "--no-single-branch",
            "-b",
            "side",
            &from,
            "it",
        ],
    );
    clone
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let clone = shallow();
    let folder = clone.path().join("it");
    let help =
        "the clone is shallow: fetch the whole history, in GitHub Actions with `fetch-depth: 0`";
    assert_refused(
        &valet_gen(&folder, ["diff"]),
        &format!(
            "error: fleet.toml: the main branch and the one that is checked out have no commit in common\n  help: {help}\n"
        ),
    );
    assert_refused(
        &valet_gen(&folder, ["diff", "HEAD~1"]),
        &format!("error: HEAD~1: `HEAD~1` is not a commit\n  help: {help}\n"),
    );
    // What is there is compared.
    let run = valet_gen(&folder, ["diff", "origin/main", "HEAD"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

#[test]
fn branches_without_a_common_commit_are_refused() {
    let whole = repository();
    git(whole.path(), &["checkout", "-q", "--orphan", "other"]);
    git(
        whole.path(),
        &["commit", "-q", "-m", "a history of its own"],
    );
    assert_refused(
        &valet_gen(whole.path(), ["diff"]),
        "error: fleet.toml: the main branch and the one that is checked out have no commit in common\n  help: name what to compare with: `valet-gen diff COMMIT`\n",
    );
}

#[test]
fn a_working_tree_that_is_not_committed_is_what_is_compared() {
    let whole = repository();
    change(whole.path(), &[LARGER]);
    let text = valet_gen(whole.path(), ["diff"]).success();
    assert!(text.contains("the working tree"), "{text}");
    assert!(text.contains("volume_size"), "{text}");
    // Staged or not is the same.
    git(whole.path(), &["add", "fleet.toml"]);
    assert_eq!(valet_gen(whole.path(), ["diff"]).success(), text);
}

#[test]
fn a_commit_whose_fleet_cannot_be_read_says_which() {
    let whole = repository();
    let commit = |message: &str| {
        git(whole.path(), &["add", "-A"]);
        git(whole.path(), &["commit", "-q", "-m", message]);
        git(whole.path(), &["rev-parse", "HEAD"]).trim().to_owned()
    };
    let fleet = whole.path().join("fleet.toml");
    let refused = |id: &str, problem: &str, help: &str| {
        fs::write(&fleet, FLEET).expect("written");
        assert_refused(
            &valet_gen(whole.path(), ["diff", id]),
            &format!("error: {id}: {problem}\n  help: {help}\n"),
        );
        fs::remove_file(&fleet).expect("removed");
    };

    fs::remove_file(&fleet).expect("removed");
    fs::write(whole.path().join("README"), "no fleet").expect("written");
    let id = commit("no fleet");
    refused(
        &id,
        "the commit has no fleet.toml",
        "name the fleet file with --fleet, as the commit has it",
    );

    fs::write(&fleet, [b'#', 0xff, 0xfe]).expect("written");
    let id = commit("no UTF-8");
    refused(
        &id,
        &format!("fleet.toml of {} is not UTF-8", &id[..12]),
        "save the file as UTF-8",
    );

    fs::write(&fleet, "#".repeat(9 * 1024 * 1024)).expect("written");
    let id = commit("too large");
    refused(
        &id,
        &format!(
            "fleet.toml of {} is larger than {} bytes",
            &id[..12],
            valet_gen::load::MAX_SOURCE_BYTES
        ),
        "split the fleet: one file describes one fleet",
    );

    fs::create_dir(&fleet).expect("made");
    fs::write(fleet.join("x"), "x").expect("written");
    let id = commit("a folder");
    fs::remove_dir_all(&fleet).expect("removed");
    refused(
        &id,
        &format!("fleet.toml of {} is not a file", &id[..12]),
        "name the fleet file with --fleet",
    );
}

#[test]
fn a_result_that_cannot_be_written_is_told() {
    let whole = repository();
    let run = valet_gen(whole.path(), ["diff", "--out", "none/diff.json"]);
    assert_eq!(
        run.parts(),
        (
            Some(3),
            "",
            "error: none/diff.json: No such file or directory (os error 2)\n  help: name a file in a folder that can be written\n"
        )
    );
}
