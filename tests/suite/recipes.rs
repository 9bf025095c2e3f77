//! The recipes of CONTRIBUTING.md are as long as they say: what is registered stands in the places that its recipe
//! lists, and nowhere else in the program.

use std::fs;
use std::path::Path;

use test_support::output_fixture;
use test_support::pipeline::repository;
use valet_gen::catalog::{alarms, controls};
use valet_gen::check::RULES;
use valet_gen::render::FORMATS;

/// Controls that somebody else answers for under a condition: all of them are listed there.
const DELEGATED: &str = "src/controls/delegation.rs";

/// Controls that the program names a second time, because something else than the control's entry depends on them.
const NAMED_TWICE: [(&str, &str); 3] = [
    ("image.payload", "src/check/payload.rs"),
    ("image.payload", "src/derive/payload.rs"),
    ("os.ssh-unit-masked", "src/derive/image.rs"),
];

struct Recipe {
    /// What is added.
    of: String,
    /// The number of places that the heading promises, and the one that follows `up to`.
    promised: Vec<usize>,
    /// The numbered items below it.
    items: usize,
}

/// The recipes of the page: `## To add a rule: 2 places`.
fn recipes() -> Vec<Recipe> {
    let page = fs::read_to_string(repository().join("CONTRIBUTING.md")).expect("the page");
    let sections = page.split("\n## To add ").skip(1);
    let recipes = sections.filter_map(|section| {
        let (heading, body) = section.split_once('\n').expect("a heading");
        let (of, places) = heading.split_once(": ")?;
        let body = body.split("\n## ").next().expect("its text");
        Some(Recipe {
            of: of.to_owned(),
            promised: places
                .split(' ')
                .filter_map(|word| word.parse().ok())
                .collect(),
            items: body
                .lines()
                .filter(|line| {
                    line.split_once(". ")
                        .is_some_and(|(number, _)| number.parse::<u8>().is_ok())
                })
                .count(),
        })
    });
    recipes.collect()
}

/// The texts below these folders, by their paths from the root of the repository.
fn texts(folders: &[&str]) -> Vec<(String, String)> {
    let of = |folder: &&str| {
        let found = output_fixture::texts(&repository().join(folder)).into_iter();
        let root = (*folder).to_owned();
        found.map(move |(path, text)| {
            // What unit tests name is an example.
            let program = text.split("#[cfg(test)]").next().unwrap_or_default();
            (format!("{root}/{path}"), program.to_owned())
        })
    };
    folders.iter().flat_map(of).collect()
}

/// The files in which a name stands as a string, but for that of its registry.
fn named_elsewhere<'t>(texts: &'t [(String, String)], name: &str, registry: &str) -> Vec<&'t str> {
    let quoted = format!("\"{name}\"");
    let others = texts.iter().filter(|(path, _)| !path.starts_with(registry));
    others
        .filter(|(_, text)| text.contains(&quoted))
        .map(|(path, _)| path.as_str())
        .collect()
}

#[test]
fn each_recipe_has_as_many_steps_as_it_promises() {
    let recipes = recipes();
    let kinds: Vec<&str> = recipes.iter().map(|recipe| recipe.of.as_str()).collect();
    assert_eq!(
        kinds,
        ["an alarm", "a control", "a format", "a field", "a rule"]
    );
    for recipe in recipes {
        let most = recipe.promised.last().copied();
        assert_eq!(most, Some(recipe.items), "{}", recipe.of);
    }
}

#[test]
fn an_alarm_is_one_entry() {
    let texts = texts(&["src", "templates"]);
    for alarm in alarms::all() {
        let elsewhere = named_elsewhere(&texts, alarm.name, "src/catalog/alarms/");
        assert_eq!(elsewhere, Vec::<&str>::new(), "{}", alarm.name);
    }
}

#[test]
fn a_control_is_one_entry_and_what_enforces_it() {
    let source = texts(&["src"]);
    let templates = texts(&["templates"]);
    let mutations = fs::read_to_string(repository().join("tests/image_mutation/equivalents.tsv"));
    let mutations = mutations.expect("the list");
    for control in controls::all() {
        let allowed = NAMED_TWICE.iter().filter(|(id, _)| *id == control.id);
        let allowed: Vec<&str> = allowed.map(|(_, path)| *path).collect();
        let mut elsewhere = named_elsewhere(&source, control.id, "src/catalog/controls/");
        elsewhere.retain(|path| *path != DELEGATED);
        assert_eq!(elsewhere, allowed, "{}", control.id);
        let is_applied = |text: &str| {
            let ends = |rest: &str| {
                !rest.starts_with(|next: char| next.is_alphanumeric() || "-.".contains(next))
            };
            text.match_indices(control.id)
                .any(|(at, id)| ends(&text[at + id.len()..]))
        };
        let places = templates
            .iter()
            .filter(|(_, text)| is_applied(text))
            .count();
        match control.enforced {
            controls::EnforcedBy::Image | controls::EnforcedBy::Unit => {
                assert!(places > 0, "no template applies {}", control.id);
                let line = format!("\n{}\t", control.id);
                let lines = mutations.matches(&line).count();
                assert!(lines >= 2, "{lines} lines weaken {}", control.id);
            }
            controls::EnforcedBy::Terraform => {
                assert!(places > 0, "no template marks {}", control.id);
            }
            controls::EnforcedBy::Agent | controls::EnforcedBy::Process => {}
        }
    }
}

/// That each has a fleet that breaks it is held by `diagnostics`.
#[test]
fn a_rule_is_one_entry() {
    let source = texts(&["src"]);
    for rule in RULES.iter().copied().flatten() {
        let elsewhere = named_elsewhere(&source, rule.code, "src/check/");
        assert_eq!(elsewhere, Vec::<&str>::new(), "{}", rule.code);
    }
}

#[test]
fn a_format_has_a_file_and_is_described() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("the page");
    let (_, generated) = readme
        .split_once("## What is generated")
        .expect("the section");
    for format in FORMATS {
        let file = format!("src/render/{}.rs", format.name);
        let folder = format!("src/render/{}/mod.rs", format.name);
        let is_there = |path: &str| Path::new(repository()).join(path).is_file();
        assert!(is_there(&file) || is_there(&folder), "{file}");
        assert!(
            generated.to_lowercase().contains(format.name),
            "README: {}",
            format.name
        );
        if !(format.templates)().is_empty() {
            assert!(
                repository().join("templates").join(format.name).is_dir(),
                "{}",
                format.name
            );
        }
    }
}
