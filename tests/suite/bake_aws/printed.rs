//! What each command prints: one JSON document on standard output where that is asked for, and nothing else there. How it goes on
//! is told on standard error.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use test_support::cli::Run;

use super::promoted::source;
use super::shared::REGIONS;
use super::swept::LEFT;
use super::world::{World, interrupt_twice, payload};

/// What a command prints with `--format json`, and what it tells meanwhile: the first word of each line.
fn json_of(world: &World, arguments: &[&str]) -> (Value, Vec<String>) {
    let run = world.run(&[&["bake"], arguments, &["--format", "json"]].concat());
    let Run { stderr, .. } = &run;
    let steps = stderr
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    let text = run.success();
    let value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"));
    (value, steps)
}

/// The names of an object's members.
fn members(value: &Value) -> Vec<&str> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, _)| name.as_str()).collect()
}

fn bake(world: &World, agent: &str) -> Value {
    payload(world.folder.path(), agent);
    world.baked(&[])
}

#[test]
fn each_command_of_a_life_prints_one_document() {
    let Some(world) = World::start() else { return };
    source(&world, "lock");
    super::kept::retain_one(&world);
    let first = bake(&world, "one");
    assert_eq!(
        members(&first),
        ["bake_id", "source_ami", "images", "checks"]
    );
    let second = bake(&world, "two");
    let image = |baked: &Value| {
        let image = &baked["images"][0];
        json!({ "region": "us-east-1", "ami": image["ami"], "name": image["name"], "bake_id": baked["bake_id"] })
    };
    let in_lock = |baked: &Value| json!({ "environment": "production", "source": "lock", "images": [image(baked)], "before": null, "refresh": null });
    let ami = first["images"][0]["ami"].as_str().expect("an image");
    let (promoted, _) = json_of(&world, &["promote", "--image", ami]);
    assert_eq!(promoted, in_lock(&first));
    assert_eq!(json_of(&world, &["promote"]).0, in_lock(&second));
    assert_eq!(json_of(&world, &["rollback"]).0, in_lock(&first));

    let (listed, _) = json_of(&world, &["list"]);
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 2);
    let expected = [
        "region",
        "ami",
        "name",
        "created",
        "status",
        "bake_id",
        "used_by",
        "dollars_a_month",
    ];
    assert_eq!(members(&listed[0]), expected);
    assert_eq!(json_of(&world, &["status"]).0, json!([]));

    // Two that nobody uses, of which the newer one stays.
    bake(&world, "three");
    let fourth = bake(&world, "four");
    let (planned, _) = json_of(&world, &["gc", "--plan", "gc.json"]);
    assert_eq!(
        members(&planned),
        ["version", "fleet", "environment", "images"]
    );
    let going = planned["images"].as_array().expect("a list").iter();
    let going: Vec<&Value> = going.filter(|it| it["verdict"] == "delete").collect();
    let (deleted, steps) = json_of(&world, &["gc", "--apply", "gc.json"]);
    assert_eq!(deleted, json!({ "deleted": going }));
    assert!(!going.is_empty());
    assert_eq!(steps, vec!["us-east-1"; going.len()]);
    assert!(
        world.images().contains(
            &fourth["images"][0]["ami"]
                .as_str()
                .expect("an image")
                .to_owned()
        )
    );
    assert_eq!(
        json_of(&world, &["gc", "--apply", "gc.json"]).0,
        json!({ "deleted": [] })
    );
}

/// What a plan says that a bake asks is what it asks.
#[test]
fn a_plan_names_each_call_that_changes_something() {
    for builder in ["imagebuilder", "packer"] {
        let world = match builder {
            "packer" => World::start_with_packer(),
            _ => World::start(),
        };
        let Some(world) = world else { return };
        super::shared::share(&world, "");
        world.control(
            "seed",
            Some(json!({ "region": "us-east-1", "prefix": "valet-production", "image_keys": REGIONS })),
        );
        let (plan, _) = json_of(&world, &["--plan", "--payload", "payload"]);
        let requests = plan["estimate"]["requests"].as_array().expect("a list");
        let planned: BTreeSet<&str> = requests
            .iter()
            .filter_map(|it| it.as_str()?.split([':', ' ']).nth(1))
            .collect();
        world.baked(&[]);
        let changes = world.changes();
        // S3 takes a large object in several calls.
        let made: BTreeSet<&str> = changes
            .iter()
            .map(|it| match it.as_str() {
                "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => "PutObject",
                other => other,
            })
            .collect();
        assert_eq!(planned, made, "{builder}");
    }
}

#[test]
fn a_rollout_prints_one_document_when_it_has_ended() {
    let Some(world) = World::start() else { return };
    source(&world, "parameter");
    let first = bake(&world, "one");
    let second = bake(&world, "two");
    let ami = |baked: &Value| {
        baked["images"][0]["ami"]
            .as_str()
            .expect("an image")
            .to_owned()
    };
    let group = json!({ "name": "valet-production-workers", "ami": ami(&first) });
    world.control(
        "seed",
        Some(json!({ "region": "us-east-1", "endpoint": world.mock.address(), "group": group })),
    );
    let said = |value: &Value| {
        assert_eq!(value["source"], "parameter");
        (
            value["images"][0]["ami"].clone(),
            value["before"].clone(),
            value["refresh"].clone(),
        )
    };
    let (promoted, _) = json_of(&world, &["promote", "--image", &ami(&first)]);
    assert_eq!(
        said(&promoted),
        (json!(ami(&first)), Value::Null, Value::Null)
    );
    let refresh = ["--refresh", "--poll", "0"];
    let (promoted, _) = json_of(&world, &[&["promote"], &refresh[..]].concat());
    assert_eq!(
        said(&promoted),
        (json!(ami(&second)), json!(ami(&first)), json!("refresh-1"))
    );
    let (back, _) = json_of(&world, &[&["rollback"], &refresh[..]].concat());
    assert_eq!(
        said(&back),
        (json!(ami(&first)), json!(ami(&second)), json!("refresh-2"))
    );
}

#[test]
fn what_is_ended_and_removed_is_one_document_each() {
    let Some(world) = World::start() else { return };
    world.rules(json!([{ "service": "imagebuilder", "operation": "GetImage", "nth": 1, "do": "hold-before" }]));
    assert_eq!(interrupt_twice(&world).code, Some(33));
    world.rules(json!([]));
    let (unfinished, _) = json_of(&world, &["status"]);
    let expected = ["bake_id", "source_ami", "begun", "state", "images"];
    assert_eq!(members(&unfinished[0]), expected);
    let id = unfinished[0]["bake_id"].as_str().expect("an id");
    let (ended, steps) = json_of(&world, &["abort", id]);
    assert_eq!(ended, json!({ "bake_id": id, "state": "ended" }));
    // What is removed is told line by line.
    for step in ["build", "recipe", "removed"] {
        assert!(steps.iter().any(|it| it == step), "{step}: {steps:?}");
    }
    assert_eq!(json_of(&world, &["status"]).0, json!([]));

    world.python(LEFT);
    world.control("age", Some(json!({ "days": 3 })));
    let (planned, _) = json_of(&world, &["sweep", "--plan", "sweep.json"]);
    assert_eq!(
        members(&planned),
        ["version", "fleet", "environment", "leftovers"]
    );
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    let (removed, steps) = json_of(&world, &["sweep", "--apply", "sweep.json"]);
    assert_eq!(members(&removed), ["removed"]);
    assert_eq!(count(&removed["removed"]), 6, "{removed:#}");
    assert_eq!(steps.len(), 6, "{steps:?}");
}
