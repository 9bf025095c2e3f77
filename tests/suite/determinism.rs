//! The same fleet gives the same bytes: on every machine, on every day, from every folder.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tempfile::tempdir;
use test_support::cli::command;
use test_support::output_fixture::texts;
use test_support::pipeline::{fixture, fixture_text, rendered};
use toml::Value;

#[test]
fn rendering_twice_gives_the_same_bytes() {
    for name in ["golden-minimal", "golden-full"] {
        let text = fixture_text(name);
        assert_eq!(rendered(&text), rendered(&text));
    }
}

/// Variables of the environment with their values.
type Variables = &'static [(&'static str, &'static str)];

/// Nothing of the machine is in what is rendered.
#[test]
fn the_surroundings_make_no_difference() {
    let whole = tempdir().expect("a folder");
    let elsewhere = tempdir().expect("another folder");
    let fleet = fixture("golden-full");
    let expected = rendered(&fixture_text("golden-full"));
    let surroundings: [(&str, &Path, Variables); 6] = [
        ("as it is", whole.path(), &[]),
        ("another folder", elsewhere.path(), &[]),
        (
            "another time zone",
            whole.path(),
            &[("TZ", "Pacific/Kiritimati")],
        ),
        (
            "another language",
            whole.path(),
            &[("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")],
        ),
        (
            "another home",
            whole.path(),
            &[("HOME", "/nonexistent"), ("USER", "somebody")],
        ),
        (
            "another day",
            whole.path(),
            &[("SOURCE_DATE_EPOCH", "1000000000")],
        ),
    ];
    let mut manifest = None;
    for (number, (what, folder, variables)) in surroundings.into_iter().enumerate() {
        let out = whole.path().join(number.to_string());
        let run = command(folder)
            .envs(variables.iter().copied())
            .arg("render")
            .arg(&fleet)
            .arg("--out")
            .arg(&out)
            .output()
            .expect("valet-gen runs");
        assert!(
            run.status.success(),
            "{what}: {}",
            String::from_utf8_lossy(&run.stderr)
        );
        let mut found = texts(&out);
        let its_manifest = found.remove("MANIFEST.json");
        assert_eq!(found, expected, "{what}");
        assert_eq!(
            *manifest.get_or_insert(its_manifest.clone()),
            its_manifest,
            "{what}"
        );
    }
}

/// Line ends are the file's own business: a checkout on Windows has others.
#[test]
fn line_ends_make_no_difference() {
    let text = fixture_text("golden-full");
    assert_eq!(rendered(&text.replace('\n', "\r\n")), rendered(&text));
    fs::metadata(fixture("golden-full")).expect("there");
}

/// The file again, with the keys of every table in the order that `shuffle` gives.
fn shuffled(table: &toml::Table, shuffle: &mut impl FnMut(usize) -> usize) -> String {
    let mut keys: Vec<&String> = table.keys().collect();
    let mut lines = String::new();
    while !keys.is_empty() {
        let key = keys.swap_remove(shuffle(keys.len()));
        lines.push_str(&format!(
            "{} = {}\n",
            quoted(key),
            inline(&table[key], shuffle)
        ));
    }
    lines
}

fn quoted(key: &str) -> String {
    Value::String(key.to_owned()).to_string()
}

/// A value on one line.
fn inline(value: &Value, shuffle: &mut impl FnMut(usize) -> usize) -> String {
    match value {
        Value::Table(table) => {
            let lines = shuffled(table, shuffle);
            format!("{{ {} }}", lines.lines().collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(item, shuffle)).collect();
            format!("[{}]", items.join(", "))
        }
        // Its own form of a text may take several lines.
        Value::String(text) => serde_json::to_string(text).expect("a text"),
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Neither the order of the tables nor that of the keys in them says anything.
    #[test]
    fn the_order_of_keys_makes_no_difference(seed in any::<u64>()) {
        let text = fixture_text("golden-full");
        let table: toml::Table = text.parse().expect("TOML");
        let mut state = seed | 1;
        let mut shuffle = |below: usize| {
            // A step of a linear congruence is random enough to mix keys.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap_or_default() % below
        };
        let other = shuffled(&table, &mut shuffle);
        prop_assert_ne!(&other, &text);
        prop_assert_eq!(rendered(&other), rendered(&text));
    }
}
