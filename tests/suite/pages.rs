//! The pages of the project name files and folders that are there.

use std::fs;
use std::path::PathBuf;

use test_support::folders::files_in;
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

#[test]
fn every_path_that_a_page_names_is_there() {
    let mut pages: Vec<PathBuf> = files_in(&repository().join("docs"), "md").expect("the pages");
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|page| repository().join(page)));
    let mut missing = Vec::new();
    for page in pages {
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
