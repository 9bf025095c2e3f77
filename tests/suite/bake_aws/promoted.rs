//! An image becomes the one that an environment launches, in the lock or in the parameter, and goes back.

use std::fs;

use serde_json::json;
use test_support::skip::is_deep;

use super::world::{World, payload};

/// Says where the image is read from.
pub fn source(world: &World, source: &str) {
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let text = text.replacen("source = \"lock\"", &format!("source = \"{source}\""), 1);
    assert!(text.contains(&format!("source = \"{source}\"")));
    fs::write(&fleet, text).expect("written");
}

fn two_bakes(world: &World) -> [String; 2] {
    ["one", "two"].map(|agent| {
        payload(world.folder.path(), agent);
        let baked = world.baked(&[]);
        baked["images"][0]["ami"]
            .as_str()
            .expect("an image")
            .to_owned()
    })
}

#[test]
fn the_lock_says_what_is_launched_and_goes_back() {
    let Some(world) = World::start() else { return };
    source(&world, "lock");
    let [first, second] = two_bakes(&world);
    let lock = world.folder.path().join("images.lock");
    let locked = || fs::read_to_string(&lock).expect("a lock");
    world.run(&["bake", "promote", "--image", &first]).success();
    assert!(
        locked().contains(&format!("ami = \"{first}\"")),
        "{}",
        locked()
    );
    assert!(!locked().contains("previous"));
    let changes = world.changes().len();
    world
        .run(&["bake", "promote", "--image", &second])
        .success();
    let promoted = locked();
    assert!(
        promoted.contains(&format!(
            "[image.production.x86_64.us-east-1]\nami = \"{second}\""
        )),
        "{promoted}"
    );
    assert!(promoted.contains(&format!(
        "[image.production.x86_64.us-east-1.previous]\nami = \"{first}\""
    )));
    world.run(&["bake", "rollback"]).success();
    assert!(locked().contains(&format!(
        "[image.production.x86_64.us-east-1]\nami = \"{first}\""
    )));
    world.run(&["bake", "rollback"]).success();
    assert_eq!(locked(), promoted);
    // The lock is a file: nothing in AWS was changed, and Terraform gets the image from it.
    assert_eq!(world.changes().len(), changes);
    world.run(&["render"]).success();
    let variables = world
        .folder
        .path()
        .join("generated/production/terraform/images.auto.tfvars.json");
    assert!(
        fs::read_to_string(variables)
            .expect("variables")
            .contains(&second)
    );
    let run = world.run(&["bake", "promote", "--refresh"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains(
        "images.lock says what `production` launches, so `terraform apply` rolls it out"
    ));
}

#[test]
fn an_image_that_is_not_what_it_has_to_be_is_not_promoted() {
    let Some(world) = World::start() else { return };
    source(&world, "lock");
    let run = world.run(&["bake", "promote"]);
    assert_eq!(
        run.parts(),
        (
            Some(36),
            "",
            "error: a verified image of environment `production`: there is no such image\n  \
             help: run `valet-gen bake` first, or name one with --image or --from\n"
        )
    );
    let run = world.run(&["bake", "promote", "--image", super::world::BASE]);
    assert_eq!(run.code, Some(36));
    assert!(
        run.stderr
            .contains("help: choose another image, or bake again"),
        "{}",
        run.stderr
    );
    world.rules(
        json!([{ "service": "ec2", "operation": "EnableImageDeprecation", "do": "error",
        "code": "UnauthorizedOperation", "status": 403 }]),
    );
    assert_eq!(world.bake(&[]).code, Some(35));
    world.rules(json!([]));
    let half_made = world.images().remove(0);
    let run = world.run(&["bake", "promote", "--image", &half_made]);
    assert_eq!(run.code, Some(36));
    assert!(
        run.stderr.contains(&format!(
            "error: {half_made} in us-east-1: its valet:status is `building`, and not `verified`"
        )),
        "{}",
        run.stderr
    );
    assert!(!world.folder.path().join("images.lock").exists());
}

/// Between the parameter and the tag a promotion may end.
#[test]
fn an_image_whose_promotion_ended_early_is_tagged_by_the_next_one() {
    let Some(world) = World::start() else { return };
    source(&world, "parameter");
    let baked = world.baked(&[]);
    let ami = baked["images"][0]["ami"].as_str().expect("an image");
    let status = || world.control("shared", None)[format!("us-east-1 {ami}")]["status"].clone();
    world.rules(json!([{ "service": "ec2", "operation": "CreateTags", "do": "lost-before" }]));
    let run = world.run(&["bake", "promote"]);
    assert_ne!(run.code, Some(0), "{run:#?}");
    assert_eq!(status(), "verified");
    world.rules(json!([]));
    world.run(&["bake", "promote"]).success();
    assert_eq!(status(), "promoted");
    let calls = world.changes().len();
    world.run(&["bake", "promote"]).success();
    assert_eq!(world.changes().len(), calls, "it is tagged once");
}

#[test]
fn the_parameter_says_what_is_launched_and_a_refresh_rolls_it_out() {
    let Some(world) = World::start() else { return };
    source(&world, "parameter");
    let [first, second] = two_bakes(&world);
    world.control(
        "seed",
        Some(
            json!({ "region": "us-east-1", "endpoint": world.mock.address(),
            "group": { "name": "valet-production-workers", "ami": first } }),
        ),
    );
    world.run(&["bake", "promote", "--image", &first]).success();
    let printed = world
        .run(&[
            "bake",
            "promote",
            "--image",
            &second,
            "--refresh",
            "--poll",
            "0",
        ])
        .success();
    assert!(
        printed.contains(&format!(
            "/valet/production/ami: {second} (before: {first})"
        )),
        "{printed}"
    );
    assert!(
        printed.contains(&format!(
            "valet-production-workers: every instance is of {second}"
        )),
        "{printed}"
    );
    let templates = world
        .changes()
        .into_iter()
        .filter(|it| it == "CreateLaunchTemplateVersion")
        .count();
    assert_eq!(templates, 1);
    // Every instance's end waits for its tasks, as with a refresh of Terraform's.
    let preferences = world.control("refreshes", None)[0]["Preferences"].clone();
    assert_eq!(preferences["ScaleInProtectedInstances"], "Refresh");
    assert_eq!(preferences["CheckpointPercentages"], json!([20, 50, 100]));
    assert_eq!(
        preferences["AlarmSpecification"]["Alarms"],
        json!(["valet-production-workers-silent"])
    );
    // Back, by a version of its own: Terraform holds the newest one against the parameter.
    let refresh = ["--refresh", "--poll", "0"];
    let printed = world
        .run(&[&["bake", "rollback"], &refresh[..]].concat())
        .success();
    assert!(
        printed.contains(&format!(
            "/valet/production/ami: {first} (before: {second})"
        )),
        "{printed}"
    );
    assert_eq!(
        launched(&world),
        (first.clone(), first.clone(), first.clone())
    );
    // A refresh that fails has gone back, and so has all that Terraform reads.
    world.control("refresh", Some(json!({ "end": "RollbackSuccessful" })));
    let promote = [&["bake", "promote", "--image", &second], &refresh[..]].concat();
    let run = world.run(&promote);
    assert_eq!(
        run.parts(),
        (
            Some(34),
            format!("/valet/production/ami: {second} (before: {first})\n").as_str(),
            format!("error: instance refresh of valet-production-workers: RollbackSuccessful: a test ordered it\n  \
                help: look at the group's activity history; the instances of before are in service, unless it says RollbackFailed; \
                /valet/production/ami names {first} again\n").as_str(),
        )
    );
    assert_eq!(launched(&world), (first.clone(), first.clone(), first));
    // What somebody else has begun is not taken for one's own.
    world.control("refresh", Some(json!({ "end": "Successful" })));
    world.python("client('autoscaling').start_instance_refresh(AutoScalingGroupName='valet-production-workers')");
    let run = world.run(&promote);
    assert_eq!(run.code, Some(36), "{run:#?}");
    assert!(
        run.stderr.starts_with("error: Auto Scaling group valet-production-workers: another instance refresh of it goes on: refresh-4\n  help: wait until it has ended, or end it with `aws autoscaling cancel-instance-refresh"),
        "{}",
        run.stderr
    );
}

/// What the parameter names, and the images of the template's default version and of its newest one.
fn launched(world: &World) -> (String, String, String) {
    world.python(
        "
import json
ec2 = client('ec2')
image = lambda version: ec2.describe_launch_template_versions(LaunchTemplateName='valet-production-workers-template', Versions=[version])['LaunchTemplateVersions'][0]['LaunchTemplateData']['ImageId']
parameter = client('ssm').get_parameter(Name='/valet/production/ami')['Parameter']['Value']
json.dump([parameter, image('$Default'), image('$Latest')], open('launched.json', 'w'))
",
    );
    let text = fs::read_to_string(world.folder.path().join("launched.json")).expect("written");
    serde_json::from_str(&text).expect("three texts")
}

/// A promotion that is killed at any call: the same command again makes no second version and no second refresh.
#[test]
fn a_promotion_that_is_killed_goes_on() {
    let calls: &[(&str, &str)] = &[
        ("ssm", "PutParameter"),
        ("ec2", "CreateTags"),
        ("ec2", "CreateLaunchTemplateVersion"),
        ("autoscaling", "StartInstanceRefresh"),
        ("ec2", "ModifyLaunchTemplate"),
    ];
    let calls = if is_deep() { calls } else { &calls[3..4] };
    for (service, operation) in calls {
        for how in ["hold-before", "hold-after"] {
            let Some(world) = World::start() else { return };
            source(&world, "parameter");
            let [first, second] = two_bakes(&world);
            world.control(
                "seed",
                Some(
                    json!({ "region": "us-east-1", "endpoint": world.mock.address(),
                    "group": { "name": "valet-production-workers", "ami": first } }),
                ),
            );
            world.run(&["bake", "promote", "--image", &first]).success();
            world.rules(
                json!([{ "service": service, "operation": operation, "nth": 1, "do": how }]),
            );
            let arguments = [
                "bake",
                "promote",
                "--image",
                &second,
                "--refresh",
                "--poll",
                "0",
            ];
            let mut promote = world.command(&arguments).spawn().expect("valet-gen runs");
            assert!(world.wait_for_held(), "{operation} is never sent");
            promote.kill().expect("killed");
            promote.wait().expect("ended");
            world.control("release", Some(json!({})));
            world.rules(json!([]));
            world.run(&arguments).success();
            let all = (second.clone(), second.clone(), second.clone());
            assert_eq!(launched(&world), all, "{operation}, {how}");
            let made = world.changes();
            let count = |name: &str| made.iter().filter(|it| *it == name).count();
            // A second refresh, after one that was begun or done, finds nothing to replace.
            assert!(
                count("StartInstanceRefresh") <= 3,
                "{operation}, {how}: {made:?}"
            );
            world.python("versions = client('ec2').describe_launch_template_versions(LaunchTemplateName='valet-production-workers-template')['LaunchTemplateVersions']; assert len(versions) == 2, versions");
        }
    }
}
