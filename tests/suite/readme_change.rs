//! The change that the README shows: one line of fleet.toml, a few of generated/, and every worker is replaced.

use std::fs;
use std::process::Command;

use tempfile::tempdir;
use test_support::cli::valet_gen;
use test_support::folders::{read, repository};
use test_support::git::git;

/// What stands in the README between the line that begins the block and its end.
fn shown(readme: &str) -> String {
    let begin = "```markdown\n";
    let (_, rest) = readme
        .split_once(begin)
        .expect("the README shows a comment");
    assert!(!rest.contains(begin), "it shows one");
    let (block, _) = rest.split_once("```\n").expect("it ends");
    block.to_owned()
}

#[test]
fn a_scripted_repository_prints_the_comment_of_the_readme() {
    let whole = tempdir().expect("a folder");
    let folder = whole.path();
    let fleet = read(&repository().join("fleet.toml")).expect("readable");
    fs::write(folder.join("fleet.toml"), &fleet).expect("written");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(repository().join("generated"))
        .arg(folder)
        .status();
    assert!(copied.expect("cp runs").success());
    git(folder, &["init", "-q"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "-q", "-m", "fleet"]);
    git(folder, &["checkout", "-q", "-b", "larger-disks"]);
    assert_eq!(fleet.matches("volume_size = 40").count(), 1);
    let changed = fleet.replace("volume_size = 40", "volume_size = 60");
    fs::write(folder.join("fleet.toml"), changed).expect("written");
    valet_gen(folder, ["render"]).success();

    let path = repository().join("README.md");
    let mut readme = read(&path).expect("readable");
    let comment = valet_gen(folder, ["diff", "--format", "markdown"]).success();
    // As `just bless` does with every snapshot.
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        readme = readme.replace(&shown(&readme), &comment);
        fs::write(&path, &readme).expect("written");
    }
    assert_eq!(
        comment,
        shown(&readme),
        "README.md is not current: just bless"
    );

    let lines = git(
        folder,
        &[
            "diff",
            "--numstat",
            "--",
            "generated",
            ":!generated/MANIFEST.json",
        ],
    );
    let lines: usize = lines
        .lines()
        .filter_map(|line| line.split('\t').next()?.parse::<usize>().ok())
        .sum();
    assert!(
        readme.contains(&format!("git shows {lines} lines of `generated/`")),
        "{lines} lines"
    );
}
