//! What the source text of rules and resolvers may not have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use valet_gen::fleet::schema;

use test_support::pipeline::repository;

/// A source file without comments, texts and tests.
struct Source {
    /// Its path below `src/`.
    path: String,
    code: String,
    /// The texts that were taken out.
    texts: BTreeSet<String>,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let (mut code, mut texts) = (String::new(), BTreeSet::new());
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            if rest.starts_with("//") {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            } else if letter == '"' {
                let length = length_of_text(&rest[1..]);
                texts.insert(rest[1..=length].to_owned());
                code.push_str("\"\"");
                rest = &rest[length + 2..];
            } else if let Some(after) = rest.strip_prefix("'\"'") {
                code.push_str("' '");
                rest = after;
            } else {
                code.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
        Self {
            path: path.to_owned(),
            code,
            texts,
        }
    }
}

/// Bytes until the quote that ends a text.
fn length_of_text(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if !escaped => return at,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    panic!("a text has no end: {text:.80}")
}

/// Every source file below a folder of `src/`.
fn sources(folder: &str) -> Vec<Source> {
    let root = repository().join("src");
    let mut paths = Vec::new();
    collect(&root.join(folder), &mut paths);
    assert!(!paths.is_empty(), "{folder} has no source");
    paths
        .iter()
        .map(|path| {
            let below = path.strip_prefix(&root).expect("below src");
            let text = std::fs::read_to_string(path).expect("it can be read");
            Source::new(below.to_str().expect("UTF-8"), &text)
        })
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            paths.push(path);
        }
    }
    paths.sort();
}

/// The modules of the crate that a file names, such as `fleet` of `crate::fleet::Drain`.
fn modules(code: &str) -> BTreeSet<&str> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut found = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(group) => {
                let inside = group.split('}').next().unwrap_or_default();
                found.extend(inside.split(',').map(str::trim).map(|part| {
                    part.split(|letter| !is_name(letter))
                        .next()
                        .unwrap_or_default()
                }));
            }
            None => {
                found.extend(after.split(|letter| !is_name(letter)).next());
            }
        }
    }
    found.remove("");
    found
}

/// What each stage may know of the crate.
const MAY_KNOW: [(&str, &[&str]); 3] = [
    ("derive", &["fleet", "catalog", "calendar"]),
    (
        "check",
        &[
            "calendar",
            "catalog",
            "derive",
            "diagnostic",
            "fleet",
            "load",
        ],
    ),
    ("resolve", &["catalog", "check", "derive", "fleet"]),
];

#[test]
fn each_stage_knows_what_stands_before_it_and_no_more() {
    for (folder, allowed) in MAY_KNOW {
        for source in sources(folder) {
            for module in modules(&source.code) {
                // A macro or a type of the folder's own is none of these.
                let is_module = repository().join("src").join(module).is_dir();
                assert!(
                    !is_module || allowed.contains(&module) || module == folder,
                    "{} names crate::{module}",
                    source.path
                );
            }
        }
    }
}

/// What makes a default of an option.
const DEFAULTING: [&str; 7] = [
    ".unwrap_or(",
    ".unwrap_or_else(",
    ".unwrap_or_default(",
    ".map_or(",
    ".map_or_else(",
    ".or(",
    ".or_else(",
];

/// Keys of the language that may be left out and have no constant default: what replaces them
/// is computed from others, or is nothing.
fn optional_keys() -> BTreeSet<String> {
    let schema = schema::tables_schema();
    let mut found = BTreeSet::new();
    let definitions = schema["$defs"].as_object().into_iter().flatten();
    let tables = definitions.map(|(_, table)| table).chain([&schema]);
    for table in tables {
        for (key, field) in table["properties"].as_object().into_iter().flatten() {
            let is_required = table["required"]
                .as_array()
                .is_some_and(|required| required.iter().any(|name| name == key));
            let has_default = field
                .get("default")
                .is_some_and(|default| !default.is_null());
            let of_table = table.get("default").and_then(|default| default.get(key));
            if !is_required && !has_default && of_table.is_none_or(Value::is_null) {
                found.insert(key.clone());
            }
        }
    }
    found
}

/// Where the code gives an option of this name a default.
fn defaults_of<'c>(code: &'c str, key: &str) -> Vec<&'c str> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut found = Vec::new();
    for (at, _) in code.match_indices(key) {
        let (before, after) = (&code[..at], &code[at + key.len()..]);
        if before.ends_with(is_name) || after.starts_with(is_name) {
            continue;
        }
        let chain = &after[..length_of_chain(after)];
        let compact: String = chain.chars().filter(|c| !c.is_whitespace()).collect();
        if DEFAULTING.iter().any(|method| compact.contains(method)) {
            let line = before.rfind('\n').map_or(0, |start| start + 1);
            found.push(code[line..at + key.len() + chain.len()].trim());
        }
    }
    found
}

/// How long the chain of methods is that goes on here: `.as_deref().unwrap_or(x)`.
fn length_of_chain(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in code.char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => return at,
            ')' | ']' => depth -= 1,
            _ if depth > 0 => {}
            '.' | '_' | '?' => {}
            letter if letter.is_ascii_alphanumeric() || letter.is_whitespace() => {}
            _ => return at,
        }
    }
    code.len()
}

/// Defaults that are none: an empty list stands for "nothing was declared".
const NO_DEFAULT: [(&str, &str); 1] = [("check/network/zones.rs", "availability_zones")];

#[test]
fn what_is_left_out_gets_its_value_in_one_place() {
    let keys = optional_keys();
    for key in [
        "lifecycle_hook_seconds",
        "availability_zones",
        "weight",
        "period",
    ] {
        assert!(keys.contains(key), "{key} may be left out: {keys:?}");
    }
    let mut excused = BTreeSet::new();
    for source in sources("check").into_iter().chain(sources("resolve")) {
        for key in &keys {
            let found = defaults_of(&source.code, key);
            if NO_DEFAULT.contains(&(source.path.as_str(), key)) {
                excused.insert((source.path.clone(), key.clone()));
                continue;
            }
            assert_eq!(
                found,
                Vec::<&str>::new(),
                "{} computes what `{key}` is when it is left out: that belongs in src/derive",
                source.path
            );
        }
    }
    assert_eq!(excused.len(), NO_DEFAULT.len());
}

#[test]
fn a_default_that_a_rule_computes_is_seen() {
    let source = Source::new(
        "check/x.rs",
        "let seconds = drain\n    .lifecycle_hook_seconds\n    .map_or(needed, Bounded::get);\n\
         let zones = network.availability_zones.clone().unwrap_or_else(|| default(region));\n\
         let fine = network.availability_zones.is_some(); x.unwrap_or(1);\n",
    );
    assert_eq!(defaults_of(&source.code, "lifecycle_hook_seconds").len(), 1);
    assert_eq!(defaults_of(&source.code, "availability_zones").len(), 1);
}

/// Its numbers are releases of Terraform and its provider, and count nothing.
const RELEASES: &str = "derive/terraform.rs";

/// Whole numbers above 10 that a file writes, each with the files that do.
fn figures(folder: &str) -> BTreeMap<u64, BTreeSet<String>> {
    let mut found: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for source in sources(folder).into_iter().filter(|it| it.path != RELEASES) {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        for word in source.code.split(|letter| !is_word(letter)) {
            let digits: String = word.chars().filter(|letter| *letter != '_').collect();
            let number = digits.trim_end_matches("u64").trim_end_matches("u32");
            if let Ok(number) = number.parse::<u64>()
                && number > 10
            {
                found.entry(number).or_default().insert(source.path.clone());
            }
        }
    }
    found
}

/// The same number with another meaning, and what it means there.
const COINCIDENCES: &[(u64, &str, &str)] = &[
    (13, "check/arn_kind.rs", "the place of a hyphen in a UUID"),
    (32, "check/arn_kind.rs", "digits of a multi-Region key's id"),
    (40, "check/tags.rs", "letters of a tag that a message shows"),
    (443, "check/https_url.rs", "the port of a URL without one"),
    (40, "check/instance_types.rs", "instance types of a group"),
    (
        60,
        "check/alarm.rs",
        "CloudWatch's periods are whole minutes",
    ),
    (
        60,
        "check/telemetry.rs",
        "reports are in step with the minute",
    ),
    (60, "resolve/agent.rs", "seconds of the agent's own times"),
    (60, "resolve/dashboard.rs", "seconds of a point in a graph"),
    (60, "resolve/scaling.rs", "seconds of a minute"),
    (120, "resolve/agent.rs", "seconds of the agent's own times"),
    (600, "resolve/agent.rs", "seconds of the agent's own times"),
];

#[test]
fn no_figure_is_written_twice() {
    let derived = figures("derive");
    let mut used = BTreeSet::new();
    for folder in ["check", "resolve"] {
        for (number, paths) in figures(folder) {
            for path in paths.iter().filter(|_| derived.contains_key(&number)) {
                let coincidence = COINCIDENCES
                    .iter()
                    .find(|(known, at, _)| *known == number && at == path);
                assert!(
                    coincidence.is_some(),
                    "{path} writes {number}, and so does {:?}: the figure belongs in src/derive, \
                     or the coincidence in this test",
                    derived[&number]
                );
                used.insert((number, path.clone()));
            }
        }
    }
    assert_eq!(
        used.len(),
        COINCIDENCES.len(),
        "a coincidence is no more: {used:?}"
    );
}

/// Words that mean something in a file of derive are written there alone.
#[test]
fn no_word_is_written_twice() {
    const WORDS: [&str; 7] = [
        "account",
        "managed",
        "m6i.large",
        "HATCHET_CLIENT_TOKEN",
        "WORKER_API_KEY",
        "HATCHET_CLIENT_TLS_KEY",
        "os.ssh-unit-masked",
    ];
    let derived: BTreeSet<String> = sources("derive")
        .into_iter()
        .flat_map(|source| source.texts)
        .collect();
    for word in WORDS {
        assert!(derived.contains(word), "derive has {word}");
    }
    for source in sources("check").into_iter().chain(sources("resolve")) {
        for word in WORDS {
            // What a list of accounts is called in a message is no name of a folder.
            let is_message = (source.path.as_str(), word) == ("check/image.rs", "account");
            assert!(
                is_message || !source.texts.contains(word),
                "{} writes \"{word}\"",
                source.path
            );
        }
    }
}
