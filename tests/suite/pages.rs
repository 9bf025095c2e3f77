//! The pages of the project name files, folders and headings that are there, and no merge was left half done.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use test_support::pages::pages;
use test_support::pipeline::repository;

/// Folders of the repository that hold no results.
const ROOTS: [&str; 10] = [
    ".ci/",
    "bake/",
    "benches/",
    "docs/",
    "snapshots/",
    "src/",
    "templates/",
    "test-support/",
    "tests/",
    "worker/",
];

/// What stands between two backticks on a line and begins as a path of the repository.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter(|text| {
        ROOTS.iter().any(|root| text.starts_with(root))
            && !text.contains(|character: char| "<>*{} ".contains(character))
    })
}

/// What links of a line lead to, without those to other places on the web.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.split("](").skip(1);
    ends.filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// Lines of a page outside of its blocks of code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The names by which links find the headings of a page, as GitHub makes them: small letters, digits, `-` and `_`, a
/// space is a `-`.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings
        .map(|(_, line)| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter_map(|character| match character {
                ' ' => Some('-'),
                '-' | '_' => Some(character),
                _ => character.is_alphanumeric().then_some(character),
            });
            kept.collect()
        })
        .collect()
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let mut missing = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("UTF-8");
        for (number, line) in prose(&text) {
            for target in targets(line) {
                count += 1;
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let file = match path {
                    "" => page.clone(),
                    _ => page.parent().unwrap_or(Path::new("")).join(path),
                };
                let is_there = match anchor {
                    "" => file.exists(),
                    _ => {
                        fs::read_to_string(&file).is_ok_and(|text| anchors(&text).contains(anchor))
                    }
                };
                if !is_there {
                    missing.push(format!("{}:{}: {target}", page.display(), number + 1));
                }
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    assert!(count > 100, "only {count} links were found");
}

#[test]
fn no_merge_is_left_half_done() {
    let marks = ["<<<<<<< ", "||||||| ", ">>>>>>> "];
    let mut listed = Command::new("git");
    listed.current_dir(repository()).args(["ls-files", "-z"]);
    let listed = listed.output().expect("git runs").stdout;
    let files = listed
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    let mut left = Vec::new();
    for name in files.map(String::from_utf8_lossy) {
        // A picture, or a link to nothing, is no text.
        let Ok(text) = fs::read_to_string(repository().join(name.as_ref())) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.starts_with(mark)) {
                left.push(format!("{name}:{}: {line}", number + 1));
            }
        }
    }
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn every_path_that_a_page_names_is_there() {
    let mut missing = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("UTF-8");
        for (number, line) in text.lines().enumerate() {
            for path in paths(line).filter(|path| !repository().join(path).exists()) {
                missing.push(format!("{}:{}: {path}", page.display(), number + 1));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn a_path_is_told_from_other_code() {
    let found: Vec<&str> =
        paths("see `src/check/` and `tests/<code>.toml`, `image/verify.sh`, src/x").collect();
    assert_eq!(found, ["src/check/"]);
}
