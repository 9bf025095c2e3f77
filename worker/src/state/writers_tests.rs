//! Each fact of the state is written by the parts that its documentation names, and by no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Methods that change what they are called on.
const CHANGING: [&str; 12] = [
    "as_mut", "clear", "count", "drain", "entry", "extend", "get_mut", "insert", "push", "remove",
    "retain", "take",
];

/// The parts that write each field.
type Writers = BTreeMap<String, BTreeSet<String>>;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// What the fields of `HostState` say: the words between backquotes after "Written by".
fn documented() -> Writers {
    let text = fs::read_to_string(source().join("state.rs")).expect("the state");
    let (_, fields) = text.split_once("pub struct HostState {").expect("the type");
    let (fields, _) = fields.split_once("\n}\n").expect("its end");
    let (mut writers, mut comment) = (Writers::new(), String::new());
    for line in fields.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            comment.push_str(words);
        } else if let Some((name, _)) = line
            .strip_prefix("pub ")
            .and_then(|line| line.split_once(':'))
        {
            let (_, after) = comment
                .split_once("Written by ")
                .unwrap_or_else(|| panic!("{name} does not say who writes it"));
            let parts = after.split('`').skip(1).step_by(2);
            // A method of the host.
            let parts = parts.map(|part| match part.split_once("::") {
                Some(_) => "host".to_owned(),
                None => part.to_owned(),
            });
            writers.insert(name.to_owned(), parts.collect());
            comment.clear();
        }
    }
    writers
}

/// Every source file of the program, with the part that it belongs to.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let below = path
            .strip_prefix(source())
            .expect("below src")
            .to_string_lossy()
            .into_owned();
        let is_test = below.contains("test") || below == "documentation.rs";
        if is_test || below.starts_with("state") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
            continue;
        }
        let part = below.split('/').next().unwrap_or_default();
        let part = part.trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&path).expect("it can be read");
        let program = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = program
            .lines()
            .filter(|line| !line.trim().starts_with("//"));
        found.push((part, code.collect::<Vec<_>>().join("\n")));
    }
}

/// The names and methods after `current`, and what follows them.
fn path_of(text: &str) -> (Vec<&str>, &str) {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(after) = rest.trim_start().strip_prefix('.') {
        let after = after.trim_start();
        let end = after
            .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .unwrap_or(after.len());
        names.push(&after[..end]);
        rest = &after[end..];
    }
    (names, rest.trim_start())
}

/// What the sources do: an assignment, a method that changes something, or a mutable borrow.
fn written() -> Writers {
    let mut files = Vec::new();
    sources(&source(), &mut files);
    let mut writers = Writers::new();
    for (part, code) in &files {
        for (at, word) in code.match_indices("current") {
            let before = code[..at].trim_end();
            let (names, rest) = path_of(&code[at + word.len()..]);
            let Some(field) = names.first() else { continue };
            let is_comparison = rest.starts_with("==") || rest.starts_with("=>");
            let is_assigned = rest.starts_with('=') && !is_comparison
                || ["+=", "-="].iter().any(|it| rest.starts_with(it));
            let is_changed = rest.starts_with('(')
                && names.len() > 1
                && names.last().is_some_and(|name| CHANGING.contains(name));
            if is_assigned || is_changed || before.ends_with("&mut") {
                let parts = writers.entry((*field).to_owned()).or_default();
                parts.insert(part.clone());
            }
        }
    }
    writers
}

#[test]
fn every_fact_is_written_by_the_parts_that_it_names() {
    let (documented, mut written) = (documented(), written());
    assert!(documented.len() > 20, "the fields are read: {documented:?}");
    written.retain(|field, _| documented.contains_key(field));
    assert_eq!(written, documented);
}
