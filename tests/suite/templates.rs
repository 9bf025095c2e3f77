//! What holds for every template, whatever it is about.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use test_support::fields::plan;
use test_support::pipeline::{fixture_text, plan_of, repository};
use valet_gen::catalog::accepted_findings::{ACCEPTED_FINDINGS, AcceptedFinding};
use valet_gen::render::{Engine, FORMATS, Template, contexts as contexts_of};

fn templates() -> Vec<Template> {
    FORMATS
        .iter()
        .flat_map(|format| (format.templates)())
        .collect()
}

/// One `{{...}}` of a template.
struct Mustache<'t> {
    /// What stands between the braces.
    inside: &'t str,
    line: usize,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between the quotes of a string.
    String,
    Comment,
    Code,
}

/// Every mustache, with what is around it. `\{{` is text.
fn mustaches(template: &Template) -> Vec<Mustache<'_>> {
    let mut found = Vec::new();
    for (number, line) in template.text.lines().enumerate() {
        let mut rest = line;
        let mut before = String::new();
        while let Some(start) = rest.find("{{") {
            before.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            let end = after
                .find("}}")
                .unwrap_or_else(|| panic!("{}:{}: {{{{ is not closed", template.name, number + 1));
            if before.ends_with('\\') {
                before.push_str("text");
            } else {
                found.push(Mustache {
                    inside: &after[..end],
                    line: number + 1,
                    place: place_after(&before),
                });
            }
            rest = &after[end + 2..];
        }
    }
    found
}

/// Where one is after this beginning of a line, its mustaches taken out.
fn place_after(before: &str) -> Place {
    if before.trim_start().starts_with('#') {
        return Place::Comment;
    }
    let quotes = before.replace("\\\"", "").matches('"').count();
    if quotes % 2 == 1 {
        Place::String
    } else {
        Place::Code
    }
}

fn first_word(inside: &str) -> &str {
    inside.split_whitespace().next().unwrap_or_default()
}

const BLOCKS: [&str; 9] = [
    "#if", "/if", "#unless", "/unless", "#each", "/each", "else", "#control", "/control",
];

/// What reads a rendered file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Hcl,
    Shell,
    /// systemd, nftables, sysctl and the like, none of which quotes as another does.
    Configuration,
}

impl Language {
    fn of(template: &Template) -> Self {
        let ends_with = |end: &str| template.name.ends_with(end);
        if ends_with(".tf") || ends_with(".pkr.hcl") {
            Self::Hcl
        } else if ends_with(".sh") {
            Self::Shell
        } else {
            Self::Configuration
        }
    }
}

/// The helpers that may stand at a place. Between a shell's double quotes a word in quotes of its
/// own is none, and in a configuration file only an identifier is the same everywhere.
fn allowed(language: Language, place: Place) -> &'static [&'static str] {
    match (language, place) {
        (_, Place::Comment) => &["comment"],
        (Language::Hcl, Place::String) => &["hcl_text", "name", "identifier"],
        (Language::Hcl, Place::Code) => &[
            "hcl",
            "hcl_lines",
            "hcl_variable",
            "name",
            "checkov_skip",
            "trivy_ignore",
            "identifier",
            "address",
            "size",
        ],
        (Language::Shell, Place::Code) => &["shell", "name"],
        (Language::Shell, Place::String) => &["name"],
        (Language::Configuration, _) => &["name", "cidr", "cidr6", "ports", "systemd"],
    }
}

/// A bare `{{path}}` would print a value as it is, and a helper in the wrong place as something
/// else than it is.
#[test]
fn every_value_goes_through_the_helper_of_its_place() {
    for template in templates() {
        for mustache in mustaches(&template) {
            let word = first_word(mustache.inside);
            let allowed = allowed(Language::of(&template), mustache.place);
            assert!(
                BLOCKS.contains(&word) || allowed.contains(&word),
                "{}:{}: {{{{{}}}}} in {:?}",
                template.name,
                mustache.line,
                mustache.inside,
                mustache.place
            );
        }
        assert!(
            !template.text.contains("{{{"),
            "{}: no raw value",
            template.name
        );
        assert!(
            !template.text.contains("{{>"),
            "{}: no partial",
            template.name
        );
        assert!(
            !template.text.contains("{{!"),
            "{}: no comment of its own",
            template.name
        );
    }
}

/// What is between quotes is escaped for quotes: in a heredoc it would not be. So none has a value in
/// it, and the word that ends it is quoted, which leaves everything in it as it is.
#[test]
fn no_value_is_in_a_heredoc() {
    for template in templates() {
        // A here-string is quoted as everything else.
        let text = template.text.replace("<<<", "");
        for (at, _) in text.match_indices("<<") {
            let quoted = text[at..].strip_prefix("<<'").and_then(|rest| {
                let (word, rest) = rest.split_once('\'')?;
                let (_, inside) = rest.split_once('\n')?;
                inside.split_once(&format!("\n{word}\n"))
            });
            let Some((inside, _)) = quoted else {
                panic!("{} has a heredoc that is not quoted", template.name);
            };
            assert!(
                !inside.contains("{{"),
                "{} has a value in a heredoc",
                template.name
            );
        }
    }
}

/// A reason that is typed in a template is one that the registry does not know.
#[test]
fn annotations_of_scanners_come_from_the_registry() {
    for typed in ["checkov:skip", "trivy:ignore"] {
        for template in templates() {
            assert!(!template.text.contains(typed), "{}", template.name);
        }
    }
    assert_every_use_has_an_entry("checkov_skip ", |finding| finding.checkov);
    assert_every_use_has_an_entry("trivy_ignore ", |finding| finding.trivy);
}

/// Every entry with a check of this scanner is used, and every use has such an entry.
fn assert_every_use_has_an_entry(
    helper: &str,
    check: fn(&AcceptedFinding) -> Option<&'static str>,
) {
    let templates = templates();
    let used: BTreeSet<String> = templates
        .iter()
        .flat_map(mustaches)
        .filter_map(|mustache| mustache.inside.strip_prefix(helper).map(str::to_owned))
        .map(|name| name.trim_matches('"').to_owned())
        .collect();
    let known: BTreeSet<String> = ACCEPTED_FINDINGS
        .iter()
        .filter(|finding| check(finding).is_some())
        .map(|finding| finding.name.to_owned())
        .collect();
    assert_eq!(used, known, "{helper}");
}

#[test]
fn every_file_in_templates_is_used() {
    let registered: BTreeSet<String> = templates()
        .iter()
        .map(|template| format!("{}.hbs", template.name))
        // What `valet-gen init` writes.
        .chain(["init/fleet.toml".to_owned()])
        .collect();
    let folder = repository().join("templates");
    let mut found = BTreeSet::new();
    collect(&folder, &folder, &mut found);
    assert_eq!(found, registered);
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let below = path.strip_prefix(root).expect("below");
            found.insert(below.to_str().expect("UTF-8").replace('\\', "/"));
        }
    }
}

/// Contexts that between them have everything on: an own network and an existing one, one NAT
/// gateway and several, a local state and one in S3.
fn contexts() -> Vec<Value> {
    let full = plan_of(&fixture_text("golden-full"));
    let minimal = plan_of(&fixture_text("golden-minimal"));
    [
        contexts_of(&full),
        contexts_of(&minimal),
        contexts_of(&plan()),
    ]
    .concat()
}

/// Strictness, proven on each name that a template says: without it in the plan, rendering fails
/// and does not leave it out.
#[test]
fn a_name_that_the_plan_does_not_have_is_an_error() {
    let engine = Engine::new();
    let contexts = contexts();
    let mut proven = 0;
    for template in templates() {
        let renders = |context: &Value| {
            let context = engine.context(context).expect("plain data");
            engine.render(template.name, &context).is_ok()
        };
        let complete: Vec<&Value> = contexts.iter().filter(|context| renders(context)).collect();
        assert!(!complete.is_empty(), "no context renders {}", template.name);
        for path in paths(&template) {
            let is_missed = complete.iter().any(|context| {
                let mut without = (*context).clone();
                take(&mut without, &path) && !renders(&without)
            });
            assert!(is_missed, "{} renders without {path}", template.name);
            proven += 1;
        }
    }
    assert!(proven > 100, "only {proven} names were tried");
}

/// The paths from the root that a template names: those in a loop begin with `@root`.
fn paths(template: &Template) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for mustache in mustaches(template) {
        for word in mustache.inside.split_whitespace().skip(1) {
            let path = word.trim_start_matches("@root.");
            let root = path.split('.').next().unwrap_or_default();
            let is_root = [
                "identity",
                "terraform",
                "network",
                "addresses",
                "log_groups",
                "instances",
                "image",
                "scaling",
                "worker",
                "secrets",
                "access",
                "alerts",
                "dashboard",
                "account",
                "audit",
            ]
            .contains(&root);
            if is_root && path.contains('.') {
                found.insert(path.to_owned());
            }
        }
    }
    found
}

/// Takes the value at a path away. `false` where there is none.
fn take(value: &mut Value, path: &str) -> bool {
    let (above, last) = path.rsplit_once('.').expect("a path");
    let pointer = format!("/{}", above.replace('.', "/"));
    value
        .pointer_mut(&pointer)
        .and_then(Value::as_object_mut)
        .is_some_and(|table| table.remove(last).is_some())
}

/// The same for names inside a loop, which the paths above do not reach.
#[test]
fn a_name_inside_a_loop_is_an_error_too() {
    let engine = Engine::new();
    for context in contexts() {
        let Some(Value::Array(alarms)) = context.pointer("/alerts/alarms") else {
            continue;
        };
        for key in alarms[0].as_object().expect("a table").keys() {
            // The runbooks are made without a template.
            let elsewhere = ["meaning", "runbook"].contains(&key.as_str());
            let mut without = context.clone();
            for alarm in without
                .pointer_mut("/alerts/alarms")
                .and_then(Value::as_array_mut)
                .expect("alarms")
            {
                alarm.as_object_mut().expect("a table").remove(key);
            }
            let without = engine.context(&without).expect("plain data");
            let rendered = engine.render("terraform/alarms.tf", &without);
            assert_eq!(rendered.is_ok(), elsewhere, "alarms without {key}");
        }
    }
}
