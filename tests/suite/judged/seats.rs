//! A judge has the seat that its entry says: `.ci/run` builds those that tests ask, and no other.

use std::path::Path;

use test_support::folders::{files_in, folders_in, read, repository};
use test_support::judges::{JUDGES, Seat};

/// The text of every test below this folder that runs in the plain test command.
fn tests_below(folder: &Path) -> String {
    // These two are run by `just image-deep`.
    if folder.ends_with("image_deep") || folder.ends_with("image_mutation") {
        return String::new();
    }
    let files = files_in(folder, "rs").expect("readable");
    let mut texts: String = files
        .iter()
        .filter(|file| !file.ends_with("seats.rs"))
        .map(|file| read(file).expect("readable"))
        .collect();
    for below in folders_in(folder).expect("readable") {
        texts.push_str(&tests_below(&below));
    }
    texts
}

#[test]
fn a_judge_that_tests_ask_is_built_beforehand_and_no_other() {
    let texts: String = ["tests", "worker/tests", "worker/test-kit"]
        .map(|folder| tests_below(&repository().join(folder)))
        .concat();
    let asked = |name: &str| {
        let constant = name.replace('-', "_").to_uppercase();
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        texts
            .split(|letter: char| !is_name(letter))
            .any(|word| word == constant)
    };
    for judge in JUDGES {
        // Whether a test is one of the deep run alone is not seen in its text.
        let is_asked = judge.seat != Seat::Nowhere;
        assert_eq!(is_asked, asked(judge.name), "{}", judge.name);
    }
}
