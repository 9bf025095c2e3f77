//! A bake from the base image to a verified one.

use std::fs;

use serde_json::json;

use super::world::{BASE, World, payload};

#[test]
fn a_bake_makes_one_image_and_a_second_one_finds_it() {
    let Some(world) = World::start() else { return };
    let run = world.bake(&[]);
    let stderr = run.stderr.clone();
    let baked: serde_json::Value = serde_json::from_str(&run.success()).expect("JSON");
    assert_eq!(baked["source_ami"], BASE);
    assert_eq!(
        baked["checks"],
        json!({ "passed": 100, "failed": 0, "skipped": 8 })
    );
    let ami = baked["images"][0]["ami"]
        .as_str()
        .expect("an image")
        .to_owned();
    assert_eq!(world.images(), [ami.as_str()]);
    // One line for each step, where there is no terminal.
    for step in [
        "account",
        "upload",
        "build/ApplyBuildComponents",
        "test/ApplyTestComponents",
        "us-east-1",
    ] {
        assert!(
            stderr.lines().any(|line| line.starts_with(step)),
            "{step}: {stderr}"
        );
    }
    assert_eq!(
        world.changes(),
        [
            "CreateMultipartUpload",
            "UploadPart",
            "CompleteMultipartUpload",
            "CreateComponent",
            "CreateImageRecipe",
            "CreateInfrastructureConfiguration",
            "CreateDistributionConfiguration",
            "CreateImage",
            "ModifyImageAttribute",
            "EnableImageDeprecation",
            "CreateTags",
            "CreateTags",
        ]
    );
    // What the hosts said is kept beside the journal.
    let id = world.journal_id().expect("a journal");
    let log = world.folder.path().join(format!("baked/{id}.log"));
    let log = fs::read_to_string(log).expect("a log");
    assert!(log.starts_with("BUILD LaunchBuildInstance\n"), "{log}");
    assert!(log.ends_with("DISTRIBUTION DistributeToRegions\n"), "{log}");
    // The same content is there: nothing is made, whatever became of the journal.
    world.forget_journals();
    let before = world.inventory();
    let changes = world.changes().len();
    let found = world.baked(&[]);
    assert_eq!(found["images"][0]["ami"], ami.as_str());
    assert_eq!(found["images"][0]["found"], true);
    assert_eq!(world.inventory(), before);
    assert_eq!(world.changes().len(), changes);
    assert_eq!(world.journal_id(), None);
}

#[test]
fn another_payload_is_another_image() {
    let Some(world) = World::start() else { return };
    let first = world.baked(&[]);
    payload(world.folder.path(), "another agent");
    let second = world.baked(&[]);
    assert_ne!(first["bake_id"], second["bake_id"]);
    assert_eq!(world.images().len(), 2);
}

#[test]
fn the_journal_has_every_change_before_and_after_it() {
    let Some(world) = World::start() else { return };
    world.baked(&[]);
    let id = world.journal_id().expect("a journal");
    let journal = world.folder.path().join(format!("baked/{id}.jsonl"));
    let text = fs::read_to_string(journal).expect("a journal");
    let entries: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(entries[0]["event"], "start");
    assert_eq!(entries.last().expect("entries")["event"], "end");
    let calls = |event: &str| -> Vec<String> {
        let of = entries.iter().filter(|entry| entry["event"] == event);
        of.map(|entry| entry["call"].as_str().expect("a call").to_owned())
            .collect()
    };
    assert_eq!(calls("intent"), calls("outcome"));
    assert!(calls("intent").contains(&"CreateImage".to_owned()));
    assert!(!text.contains("testing"), "the journal has a credential");
}

/// EC2 finds a new image with one of its servers and not with the next; Image Builder allows few calls a second.
#[test]
fn trouble_that_passes_is_waited_out() {
    let Some(world) = World::start() else { return };
    let throttled = |operation: &str| {
        json!({
            "service": "imagebuilder", "operation": operation, "times": 2, "do": "error",
            "code": "CallRateLimitExceededException", "status": 429, "message": "slow down",
        })
    };
    world.rules(json!([
        throttled("CreateImageRecipe"),
        throttled("GetImage"),
        { "service": "imagebuilder", "operation": "CreateImage", "nth": 1, "do": "lost-after" },
        { "service": "imagebuilder", "operation": "CreateComponent", "nth": 1, "do": "lost-before" },
        { "service": "ec2", "operation": "CreateTags", "nth": 1, "do": "error", "code": "InternalError", "status": 500 },
        { "service": "ec2", "operation": "DescribeImages", "nth": 6, "do": "error",
          "code": "InvalidAMIID.NotFound", "status": 400, "message": "The image id does not exist" },
    ]));
    world.baked(&[]);
    assert_eq!(world.images().len(), 1);
    assert_eq!(
        world.inventory()["builds"].as_array().map(Vec::len),
        Some(1)
    );
}

/// A copy has all that the image has.
#[test]
fn copies_are_made_as_they_have_to_be() {
    let Some(world) = World::start() else { return };
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let regions = "[image]\nregions = [\"us-east-1\", \"us-west-2\"]\n";
    fs::write(&fleet, text.replacen("[image]\n", regions, 1)).expect("written");
    let baked = world.baked(&[]);
    let regions: Vec<&str> = baked["images"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["region"].as_str())
        .collect();
    assert_eq!(regions, ["us-east-1", "us-west-2"]);
    world.run(&["bake", "promote"]).success();
    let lock = fs::read_to_string(world.folder.path().join("images.lock")).expect("a lock");
    assert!(
        lock.contains("[image.production.x86_64.us-west-2]"),
        "{lock}"
    );
}

/// A minute is between two looks, and AWS allows few calls: each look is four of them at the most, however many steps have ended.
#[test]
fn a_look_at_a_build_is_four_calls_and_what_is_there_is_found_with_few() {
    let Some(world) = World::start() else { return };
    world.baked(&["--skip-preflight", "counted"]);
    let calls = |before: usize| -> Vec<String> {
        let all = world.control("calls", None);
        let all = all.as_array().into_iter().flatten().skip(before);
        all.map(|call| call["operation"].as_str().expect("a text").to_owned())
            .collect()
    };
    let made = calls(0);
    let looks: Vec<usize> = (0..made.len())
        .filter(|at| made[*at] == "GetImage")
        .collect();
    assert!(looks.len() > 3, "{made:?}");
    for pair in looks.windows(2) {
        assert!(pair[1] - pair[0] <= 4, "{:?}", &made[pair[0]..pair[1]]);
    }
    world.baked(&["--skip-preflight", "counted"]);
    let found = calls(made.len());
    assert_eq!(
        found,
        [
            "GetCallerIdentity",
            "GetParameter",
            "DescribeImages",
            "DescribeImages"
        ]
    );
}
