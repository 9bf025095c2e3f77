//! No text that a user types can break out of its place in a rendered file.
//!
//! The yardstick is the same file with a harmless word in the text's place: as a parser reads
//! them, the two files differ in that word and in nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value};
use test_support::fields::{COMMANDS, FIELDS, FIXED, NAMES, RANGES, plan};
use test_support::hcl;
use test_support::hostile::{DANGEROUS, harmless_markdown, markdown, strings};
use test_support::pipeline::files_of;
use valet_gen::render::FileSet;
use valet_gen::resolve::Plan;

/// The harmless word. Nothing else in a rendering has it in it.
const WORD: &str = "Qwordq";

/// A plan, and what it renders to with the word in place of every text.
struct Yardstick {
    plan: Plan,
    files: FileSet,
    /// The same as a parser reads it, for what is HCL, JSON or YAML.
    trees: BTreeMap<String, Value>,
}

impl Yardstick {
    fn new(plan: Plan) -> Self {
        let files = with(&plan, WORD);
        let trees = files.iter().filter_map(|(path, text)| {
            let tree = parsed(path, text)?;
            Some((path.clone(), tree.expect("the word is harmless")))
        });
        Self {
            trees: trees.collect(),
            plan,
            files,
        }
    }

    /// Puts the text in every place and looks for any other difference.
    fn survives(&self, text: &str) -> Result<(), String> {
        let hostile = with(&self.plan, text);
        if hostile.len() != self.files.len() {
            return Err(format!("{text:.99?} gives other files"));
        }
        for (path, before) in &self.files {
            let hostile_path = path.replace(WORD, text);
            let after = hostile
                .get(&hostile_path)
                .ok_or(format!("{hostile_path:.99?} is missing"))?;
            let same = if let Some(tree) = self.trees.get(path) {
                let mut expected = tree.clone();
                replace(&mut expected, text);
                if path.contains("/imagebuilder/") {
                    without_refused_tags(&mut expected);
                }
                let read = parsed(path, after)
                    .expect("the same kind of file")
                    .map_err(|error| format!("{path}: {error}"))?;
                without_order(expected) == without_order(read)
            } else if path.contains("/image/fleet/") {
                same_contents(path, before, after, text)
            } else if is_script(path) {
                same_script(before, after, text)
            } else if path.contains("/image/") {
                same_configuration(before, after)
            } else {
                same_markdown(
                    &harmless_markdown(before, WORD, text),
                    &markdown(after),
                    text,
                )
            };
            if !same {
                return Err(format!("{text:.99?} changes {path}"));
            }
        }
        Ok(())
    }
}

/// What a parser makes of a file; `None` for Markdown.
fn parsed(path: &str, text: &str) -> Option<Result<Value, String>> {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("tf" | "hcl") => Some(hcl::tree(text)),
        Some("json") => Some(json_tree(text)),
        // JSON below a comment.
        Some("yml") => {
            let is_comment = |line: &&str| line.starts_with('#');
            let body: Vec<&str> = text.lines().skip_while(is_comment).collect();
            Some(json_tree(&body.join("\n")))
        }
        _ => None,
    }
}

/// JSON without the versions that are derived from what is around them.
fn json_tree(text: &str) -> Result<Value, String> {
    let mut tree: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if let Some(top) = tree.as_object_mut() {
        top.remove("semanticVersion");
    }
    Ok(tree)
}

/// What the plan renders to with the text in every place at once.
fn with(plan: &Plan, text: &str) -> FileSet {
    let mut plan = plan.clone();
    for field in FIELDS {
        (field.set)(&mut plan, text);
    }
    files_of(&plan)
}

/// The full fleet.
static FULL: LazyLock<Yardstick> = LazyLock::new(|| Yardstick::new(plan()));

/// The same without its repetitions, for texts that are large.
static SMALL: LazyLock<Yardstick> = LazyLock::new(|| {
    let mut plan = plan();
    for environment in &mut plan.environments {
        environment
            .alerts
            .alarms
            .dedup_by_key(|alarm| alarm.metric.is_some());
        environment.alerts.composites.truncate(1);
        environment.dashboard.sections.truncate(1);
        environment.instances.types.truncate(1);
    }
    Yardstick::new(plan)
});

fn is_script(path: &str) -> bool {
    path.ends_with(".sh")
}

/// Word by word as a shell reads them, without comments: a text that ended its quotes or its
/// comment early would add a word or change another. No zero byte is in a word.
fn same_script(before: &str, after: &str, text: &str) -> bool {
    let text = text.replace('\0', "");
    let words = |script: &str| shlex::split(script).expect("whole words");
    let expected: Vec<String> = words(before)
        .iter()
        .map(|word| word.replace(WORD, &text))
        .collect();
    let after = shlex::split(after);
    after.is_some_and(|after| after == expected)
}

/// Line by line, but for what comments say: no text reaches the settings of units and configuration files
/// but names, ranges and commands, which have tests of their own.
fn same_configuration(before: &str, after: &str) -> bool {
    let is_comment = |line: &str| line.trim_start().starts_with(['#', '/']);
    let lines = |text: &str| {
        text.lines()
            .map(|line| (is_comment(line), line.to_owned()))
            .map(|(comment, line)| if comment { String::new() } else { line })
            .collect::<Vec<_>>()
    };
    lines(before) == lines(after)
}

/// What fleet.toml puts into the image is there as it is typed. apt's files keep their lines, and in each the name of its
/// setting: a text that ended its line would add one.
fn same_contents(path: &str, before: &str, after: &str, text: &str) -> bool {
    if path.ends_with(".sources") || path.ends_with(".pref") {
        let settings = |text: &str| -> Vec<String> {
            let lines = text.lines().map(|line| line.split_once(": "));
            lines
                .map(|line| line.map_or("", |(setting, _)| setting).to_owned())
                .collect()
        };
        let (before, after) = (settings(before), settings(after));
        // A setting without a value is left out.
        return after.iter().all(|setting| before.contains(setting)) && after.len() <= before.len();
    }
    before.replace(WORD, text) == after
}

/// Where a text shows nothing, neither does its paragraph; its heading stays.
fn same_markdown(expected: &[String], read: &[String], text: &str) -> bool {
    if test_support::hostile::visible(text).is_empty() {
        let headings = |pieces: &[String]| {
            let is_heading = |piece: &&String| piece.starts_with("Start(Heading");
            pieces.iter().filter(is_heading).count()
        };
        return headings(expected) == headings(read);
    }
    expected == read
}

/// Puts the text in the word's place, in keys and in values.
fn replace(tree: &mut Value, text: &str) {
    match tree {
        Value::String(string) => *string = string.replace(WORD, text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, text)),
        Value::Object(entries) => {
            *entries = std::mem::take(entries)
                .into_iter()
                .map(|(key, mut value)| {
                    replace(&mut value, text);
                    (key.replace(WORD, text), value)
                })
                .collect();
        }
        _ => {}
    }
}

/// Image Builder takes fewer letters in the keys of tags, and those with others are left out.
fn without_refused_tags(tree: &mut Value) {
    let is_fine = |key: &str| {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.:/=+-@".contains(letter);
        (key.chars()).all(|letter| is_plain(letter) || letter.is_ascii_whitespace())
    };
    match tree {
        Value::Array(items) => items.iter_mut().for_each(without_refused_tags),
        Value::Object(entries) => {
            entries.retain(|key, _| is_fine(key));
            entries.values_mut().for_each(without_refused_tags);
        }
        _ => {}
    }
}

/// Entries of a map come in the order of their keys, and the word sorts elsewhere than the text.
fn without_order(mut tree: Value) -> Value {
    match &mut tree {
        Value::Array(items) => {
            *items = std::mem::take(items)
                .into_iter()
                .map(without_order)
                .collect();
        }
        Value::Object(entries) => {
            *entries = std::mem::take(entries)
                .into_iter()
                .map(|(key, value)| (key, without_order(value)))
                .collect::<Map<_, _>>();
            if let Some(Value::Array(entries)) = entries.get_mut("object") {
                entries.sort_by_key(ToString::to_string);
            }
        }
        _ => {}
    }
    tree
}

#[test]
fn every_hostile_text_survives_everywhere() {
    let problems: Vec<String> = strings()
        .iter()
        .filter_map(|text| FULL.survives(text).err())
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_long_text_survives_everywhere() {
    for piece in ["${\"\\\n", "long "] {
        assert_eq!(SMALL.survives(&piece.repeat(65_536 / piece.len())), Ok(()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text at all, with the dangerous pieces far more often than chance has them. An empty
    /// one is an option that was left out.
    #[test]
    fn any_text_survives_everywhere(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(DANGEROUS).prop_map(str::to_owned),
                any::<char>().prop_map(String::from),
            ],
            1..12,
        ),
    ) {
        prop_assert_eq!(FULL.survives(&pieces.concat()), Ok(()));
    }
}

/// Without this, a text that is added to the plan would never be tried.
#[test]
fn every_text_of_the_plan_is_tried_or_known_to_be_fixed() {
    let all = texts(&FULL.plan);
    let mut tried = BTreeSet::new();
    for field in FIELDS.iter().chain(NAMES).chain(RANGES).chain(COMMANDS) {
        let mut plan = FULL.plan.clone();
        (field.set)(&mut plan, WORD);
        let found = texts(&plan);
        let set: BTreeSet<String> = found
            .into_iter()
            .filter(|(_, text)| text.contains(WORD))
            .map(|(pattern, _)| pattern)
            .collect();
        assert!(!set.is_empty(), "{} sets nothing", field.name);
        tried.extend(set);
    }
    let fixed: BTreeSet<String> = FIXED.iter().map(ToString::to_string).collect();
    let all: BTreeSet<String> = all.into_iter().map(|(pattern, _)| pattern).collect();
    let untried: Vec<&String> = all
        .iter()
        .filter(|pattern| !tried.contains(*pattern) && !fixed.contains(*pattern))
        .collect();
    assert_eq!(
        untried,
        Vec::<&String>::new(),
        "add them to FIELDS or FIXED"
    );
    let gone: Vec<&String> = fixed.difference(&all).collect();
    assert_eq!(gone, Vec::<&String>::new(), "the plan has them no more");
}

/// Every text of the plan by the pattern of its place: `[]` for an item of a list, `{}` for an
/// entry of a map and `{key}` for its key.
fn texts(plan: &Plan) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut tree = serde_json::to_value(plan).expect("plain data");
    for environment in tree["environments"].as_array_mut().expect("a list") {
        // Its own types write it as TOML, which tests/agent.rs reads back.
        environment
            .as_object_mut()
            .expect("a table")
            .remove("agent");
    }
    collect(&tree, "", &mut found);
    found
}

const MAPS: [&str; 7] = [
    "tags",
    "instance_tags",
    "private_subnets",
    "public_subnets",
    "templates",
    "secrets.parameters",
    "secrets.secrets",
];

fn collect(value: &Value, at: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((at.to_owned(), text.clone())),
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect(item, &format!("{at}[]"), found)),
        Value::Object(entries) => {
            let is_map = MAPS.iter().any(|map| at.ends_with(&format!(".{map}")));
            for (key, value) in entries {
                if is_map {
                    found.push((format!("{at}{{key}}"), key.clone()));
                    collect(value, &format!("{at}{{}}"), found);
                } else {
                    collect(value, format!("{at}.{key}").trim_start_matches('.'), found);
                }
            }
        }
        _ => {}
    }
}

/// The yardstick of scripts can fail: without quotes, and with quotes of another kind.
#[test]
fn a_text_that_breaks_out_of_a_script_is_seen() {
    let before = "# of Qwordq\nset -u\ninstall Qwordq\n";
    let after = |word: &str| format!("# of x\nset -u\ninstall {word}\n");
    assert!(same_script(before, &after("'a b; c'"), "a b; c"));
    assert!(!same_script(before, &after("a b; c"), "a b; c"));
    assert!(!same_script(before, &after("'it's'"), "it's"));
    assert!(!same_script(
        before,
        "# of x\ny\nset -u\ninstall 'x\ny'\n",
        "x\ny"
    ));
}
