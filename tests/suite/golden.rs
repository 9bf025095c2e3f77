//! What a fleet.toml renders to, one snapshot per file.
//!
//! `golden-minimal` shows every default, `golden-full` every key and every optional part. A
//! snapshot that no file has any more fails like one that differs, so the folder is the rendering.
//!
//! To accept a change: `INSTA_UPDATE=always cargo test --test suite golden::`, and review the diff.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use test_support::pipeline::{fixture_text, rendered};
use test_support::snapshot;

fn snapshots_of(fixture: &str) -> PathBuf {
    snapshot::folder("golden").join(fixture)
}

/// One flat folder per fixture: a folder's name and a file's are kept apart by two underscores.
fn snapshot_name(path: &str) -> String {
    path.replace('/', "__")
}

fn assert_golden(fixture: &str) {
    let files = rendered(&fixture_text(fixture));
    let folder = snapshots_of(fixture);
    snapshot::settings(&format!("golden/{fixture}")).bind(|| {
        for (path, text) in &files {
            assert_snapshot!(snapshot_name(path), text);
        }
    });
    let expected: BTreeSet<String> = files
        .keys()
        .map(|path| format!("{}.snap", snapshot_name(path)))
        .collect();
    let found = names_in(&folder);
    let orphans: Vec<&String> = found.difference(&expected).collect();
    assert!(
        orphans.is_empty(),
        "nothing renders to these snapshots of {fixture} any more, remove them: {orphans:#?}"
    );
    assert_eq!(found, expected, "every file of {fixture} has its snapshot");
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder)
        .expect("the snapshots are there")
        .map(|entry| {
            let entry = entry.expect("an entry");
            entry.file_name().into_string().expect("a UTF-8 name")
        })
        .collect()
}

#[test]
fn the_minimal_fleet_renders_as_before() {
    assert_golden("golden-minimal");
}

#[test]
fn the_full_fleet_renders_as_before() {
    assert_golden("golden-full");
}

#[test]
fn the_minimal_fleet_is_six_lines() {
    assert_eq!(fixture_text("golden-minimal").lines().count(), 6);
}

/// A key that the full fleet does not type is a key whose rendering no snapshot shows.
#[test]
fn the_full_fleet_types_every_key() {
    let text = fixture_text("golden-full");
    let tree: toml::Table = text.parse().expect("TOML");
    let schema = valet_gen::fleet::schema::tables_schema();
    let mut missing = Vec::new();
    untyped(
        &schema,
        &schema,
        &toml::Value::Table(tree),
        "",
        &mut missing,
    );
    // One fleet either makes its network or runs in one; tests/suite/hostile.rs renders the other.
    missing.retain(|path| path != "network.existing");
    // Refused while the queue moves the group.
    missing.retain(|path| path != "schedule.desired_capacity");
    // What exists already excludes what the other environment makes; tests/fleets/teams.toml has an environment for each.
    let of_others = [
        "access.session_manager.bucket",
        "alerts.nobody_because",
        "alerts.topic_arn",
        "iam.instance_profile",
        "image.shared_by",
    ];
    missing.retain(|path| !of_others.contains(&path.as_str()));
    assert_eq!(missing, Vec::<String>::new());
}

/// The keys of a table's schema that no entry of the value types.
fn untyped(
    schema: &serde_json::Value,
    at: &serde_json::Value,
    value: &toml::Value,
    path: &str,
    missing: &mut Vec<String>,
) {
    use valet_gen::fleet::schema::follow;

    let at = follow(schema, at);
    let at = at.get("then").map_or(at, |then| follow(schema, then));
    let entries: Vec<&toml::Value> = match value {
        toml::Value::Array(items) => items.iter().collect(),
        other => vec![other],
    };
    let of_items = at.get("items").map_or(at, |items| follow(schema, items));
    for (key, field) in of_items["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let path = path.trim_start_matches('.');
        let typed: Vec<&toml::Value> = entries.iter().filter_map(|entry| entry.get(key)).collect();
        if typed.is_empty() {
            missing.push(path.to_owned());
        }
        if let Some(first) = typed.first() {
            let all = if let toml::Value::Array(_) = first {
                (*first).clone()
            } else {
                toml::Value::Array(typed.iter().map(|value| (*value).clone()).collect())
            };
            untyped(schema, field, &all, path, missing);
        }
    }
}

/// What the header promises, and what reviewers see first.
#[test]
fn every_file_says_where_it_comes_from() {
    for fixture in ["golden-minimal", "golden-full"] {
        for (path, text) in rendered(&fixture_text(fixture)) {
            // JSON has no comments, and what fleet.toml puts into the image is there as it is typed.
            let is_verbatim = path.contains("/image/fleet/")
                && ![".sources", ".pref"].iter().any(|end| path.ends_with(end));
            if path.ends_with(".json") || is_verbatim {
                continue;
            }
            // A script names its interpreter before that.
            let interpreter = usize::from(text.starts_with("#!"));
            let head: String = text.lines().skip(interpreter).take(2).collect();
            assert!(
                head.contains("Rendered by valet-gen from fleet.toml")
                    && head.contains("run `valet-gen render`"),
                "{path} begins with {head:?}"
            );
            assert!(text.ends_with('\n'), "{path} ends with a line's end");
            assert!(!text.ends_with("\n\n"), "{path} ends with one line's end");
            assert!(
                !text.contains("\n\n\n"),
                "{path} has two empty lines in a row"
            );
            for (number, line) in text.lines().enumerate() {
                assert_eq!(
                    line,
                    line.trim_end(),
                    "{path}:{} ends in spaces",
                    number + 1
                );
            }
        }
    }
}

/// Every optional part of the templates is there in one of the fixtures and away in another.
#[test]
fn every_optional_file_is_shown() {
    let all: BTreeSet<String> = ["golden-minimal", "golden-full"]
        .iter()
        .flat_map(|fixture| rendered(&fixture_text(fixture)).into_keys())
        .filter_map(|path| path.split_once('/').map(|(_, file)| file.to_owned()))
        .collect();
    for template in valet_gen::render::FORMATS
        .iter()
        .flat_map(|format| (format.templates)())
    {
        let name = template.name.replace("account_", "");
        // The network of an existing VPC has the name of a new one's.
        let name = name.replace("existing_network", "network");
        let name = name.replace("existing_session_bucket", "session_bucket");
        assert!(all.contains(&name), "no fixture renders {}", template.name);
    }
}

/// With as little as possible switched on, no part leaves a gap behind.
#[test]
fn parts_that_are_off_leave_no_gaps() {
    let parts = [
        "[scaling.queue]\nenabled = false\n",
        "[scaling.cpu]\nenabled = false\n",
        "[scaling.slots]\nenabled = false\n",
        "[access.session_manager]\nlog_to = [\"s3\"]\n",
        "[network]\nvpc_endpoints = [\"dynamodb\"]\n",
        "[network]\nnat_gateways = \"none\"\nvpc_endpoints = []\n",
        "[network.existing]\nvpc_id = \"vpc-0123abcd\"\nprivate_subnet_ids = [\"subnet-0123abcd\"]\n",
        "[audit]\ncloudtrail = false\nguardduty = false\ninspector = false\n",
    ];
    let minimal = fixture_text("golden-minimal");
    for chosen in 0..1_usize << parts.len() {
        let on = |index: usize| chosen >> index & 1 == 1;
        // These three are about the same table.
        if usize::from(on(4)) + usize::from(on(5)) + usize::from(on(6)) > 1 {
            continue;
        }
        let extra: String = (0..parts.len())
            .filter(|index| on(*index))
            .map(|index| parts[index])
            .collect();
        let Ok(plan) = test_support::pipeline::try_plan_of(&format!("{minimal}{extra}")) else {
            continue;
        };
        for (path, text) in test_support::pipeline::files_of(&plan) {
            if path.ends_with(".json") {
                continue;
            }
            let body = text.split_once("\n\n").expect("a header").1;
            let is_even = !text.contains("\n\n\n") && !text.ends_with("\n\n");
            assert!(is_even && !body.starts_with('\n'), "{path} with:\n{extra}");
            assert!(!text.contains("{\n\n"), "{path} with:\n{extra}");
            assert!(!text.contains("\n\n}"), "{path} with:\n{extra}\n{text}");
        }
    }
}
