//! The output folder in a repository: merge conflicts and line endings.

use crate::output_folder::{Rendered, all, total};
use std::fs;
use std::path::Path;
use std::process::Command;
use test_support::cli::valet_gen;
use test_support::output_fixture::identities;

fn git(folder: &Path, arguments: &[&str]) -> bool {
    Command::new("git")
        .args(["-c", "user.name=n", "-c", "user.email=n@example.com"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("git runs")
        .status
        .success()
}

#[test]
fn a_merge_conflict_in_the_manifest_is_resolved_by_rendering() {
    let rendered = Rendered::new();
    let folder = rendered.whole.path();
    let fleet = rendered.text("fleet.toml");
    let commit = |text: &str, message: &str| {
        rendered.put("fleet.toml", text);
        rendered.run(&["render"]).success();
        assert!(git(folder, &["add", "-A"]) && git(folder, &["commit", "-qm", message]));
    };
    assert!(git(folder, &["init", "-qb", "main"]));
    commit(&fleet, "base");
    assert!(git(folder, &["checkout", "-qb", "side"]));
    // Files come on either side, and the same ones change in different ways.
    commit(
        &format!("{fleet}[environments.production]\n[environments.one.scaling]\nmax_size = 3\n"),
        "side",
    );
    assert!(git(folder, &["checkout", "-q", "main"]));
    let merged = format!("{fleet}[environments.production]\n[environments.two]\n");
    commit(&merged, "main");
    assert!(!git(folder, &["merge", "side"]), "there is a conflict");
    assert!(rendered.text("generated/MANIFEST.json").contains("<<<<<<<"));
    rendered.put("fleet.toml", &merged);

    let run = rendered.run(&["render", "--check"]);
    // The conflict in a file of the account; the files of the other side are orphaned.
    assert_eq!(run.code, Some(10), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("orphaned: generated/one/RUNBOOKS.md"),
        "{}",
        run.stdout
    );
    // The other side's environment is known as rendered, so it needs the word.
    assert_eq!(rendered.run(&["render"]).code, Some(1));
    rendered.run(&["render", "--prune"]).success();
    assert!(!rendered.path("generated/one").exists());
    let run = rendered.run(&["render", "--check"]);
    assert_eq!((run.code, run.stdout.contains("<<<")), (Some(0), false));
    assert!(!rendered.text("generated/MANIFEST.json").contains("<<<<<<<"));
}

#[test]
fn a_manifest_that_has_nothing_but_markers_more_is_told_and_written_again() {
    let rendered = Rendered::new();
    let manifest = rendered.text("generated/MANIFEST.json");
    rendered.put(
        "generated/MANIFEST.json",
        &format!("<<<<<<< HEAD\n{manifest}=======\n{manifest}>>>>>>> side\n"),
    );
    let run = rendered.run(&["render", "--check"]);
    let told = "edited: generated/MANIFEST.json (it has the markers of a merge conflict; render \
                writes it again)\n";
    assert_eq!(run.stdout, format!("{told}{}", total(1, all())));
    assert_eq!(run.code, Some(10));
    rendered.run(&["render"]).success();
    assert_eq!(rendered.text("generated/MANIFEST.json"), manifest);
}

#[test]
fn a_checkout_with_other_line_endings_is_told_once() {
    let rendered = Rendered::new();
    let folder = rendered.whole.path();
    for path in identities(&rendered.path("generated")).into_keys() {
        let file = folder.join("generated").join(path);
        if file.is_file() {
            let text = fs::read_to_string(&file).expect("readable");
            fs::write(&file, text.replace('\n', "\r\n")).expect("written");
        }
    }
    let run = rendered.run(&["render", "--check", "--diff"]);
    assert_eq!(run.code, Some(10));
    let files = all();
    assert_eq!(
        run.stdout,
        format!(
            "edited: generated: {files} files differ in line endings only (git converted them at \
             the checkout; render, and commit generated/.gitattributes, which keeps git from \
             it)\n{}",
            total(files, 0)
        )
    );
    // What else changed is reported as what it is, with the lines that changed.
    rendered.edit(
        "fleet.toml",
        "[fleet]",
        "[access.session_manager]\nretention_in_days = 90\n[fleet]",
    );
    let run = rendered.run(&["render", "--check", "--diff"]);
    assert!(
        run.stdout
            .contains("stale: generated/production/terraform/logs.tf"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.lines().count() < 100, "{}", run.stdout);
    rendered.run(&["render"]).success();
    assert_eq!(rendered.run(&["render", "--check"]).code, Some(0));
}

#[test]
fn git_leaves_line_endings_alone() {
    let rendered = Rendered::new();
    let folder = rendered.whole.path();
    assert!(git(folder, &["init", "-q"]));
    assert!(git(folder, &["add", "-A"]) && git(folder, &["commit", "-qm", "x"]));
    assert!(git(
        folder,
        &["-c", "core.autocrlf=true", "clone", "-q", ".", "clone"]
    ));
    let clone = rendered.path("clone");
    assert!(
        fs::read_to_string(clone.join("fleet.toml"))
            .expect("there")
            .contains("\r\n")
    );
    assert_eq!(valet_gen(&clone, ["render", "--check"]).code, Some(0));
}
