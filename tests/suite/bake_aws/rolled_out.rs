//! Images that are promoted, beside Terraform: no plan undoes a rollout, starts one or ends one.

use std::fs;

use serde_json::{Value, json};

use super::promoted::source;
use super::terraform::Module;
use super::world::{World, payload};

const NOTHING: [&str; 0] = [];

/// What a plan says that rolls an image out.
const ROLLS_OUT: [&str; 3] = [
    "update aws_autoscaling_group.workers[0]",
    "update aws_launch_template.worker[burstable]",
    "update aws_launch_template.worker[fixed]",
];

/// An account as it is before the first image: all that is rendered, but no group.
fn before_first_image<'w>(world: &'w World, from: &str) -> Option<Module<'w>> {
    source(world, from);
    let module = Module::prepare(world, &[])?;
    module.apply(&["-var=without_image=true"]);
    Some(module)
}

fn bake(world: &World, agent: &str) -> String {
    payload(world.folder.path(), agent);
    let baked = world.baked(&["--skip-preflight", "the fake is small"]);
    baked["images"][0]["ami"]
        .as_str()
        .expect("an image")
        .to_owned()
}

#[test]
fn where_the_parameter_says_it_terraform_keeps_out_of_a_refresh() {
    let Some(world) = World::start_bare() else {
        return;
    };
    let Some(module) = before_first_image(&world, "parameter") else {
        return;
    };
    let first = bake(&world, "one");
    world.run(&["bake", "promote"]).success();
    module.apply(&[]);
    assert_eq!(module.changes(&[]), NOTHING, "nothing is left to do");

    // Without --refresh it is Terraform that rolls it out: in place.
    let second = bake(&world, "two");
    world.run(&["bake", "promote"]).success();
    assert_eq!(module.changes(&[]), ROLLS_OUT);

    // With it, Terraform finds nothing to do: not while it goes on, and not afterwards.
    let refresh = ["--refresh", "--poll", "0"];
    let promote = [&["bake", "promote"], &refresh[..]].concat();
    world.control("refresh", Some(json!({ "hold": true })));
    let arguments = ["bake", "promote", "--refresh", "--poll", "1"];
    let mut command = world.command(&arguments);
    let mut promoting = command.spawn().expect("valet-gen runs");
    while world.control("refreshes", None)[0]["Status"] != "InProgress" {
        assert!(promoting.try_wait().expect("known").is_none(), "it ended");
    }
    assert_eq!(module.changes(&[]), NOTHING, "while the refresh goes on");
    world.control("refresh", Some(json!({ "hold": false })));
    assert!(promoting.wait().expect("ended").success());
    assert_eq!(module.changes(&[]), NOTHING, "after the refresh");
    assert_eq!(launches(&world), [second.as_str()]);

    world
        .run(&[&["bake", "rollback"], &refresh[..]].concat())
        .success();
    assert_eq!(launches(&world), [first.as_str()]);
    assert_eq!(module.changes(&[]), NOTHING, "after the rollback");

    // A refresh that AWS takes back.
    world.control("refresh", Some(json!({ "end": "RollbackSuccessful" })));
    let run = world.run(&[&promote[..], &["--image", &second]].concat());
    assert_eq!(run.code, Some(34), "{run:#?}");
    assert_eq!(launches(&world), [first.as_str()]);
    assert_eq!(
        module.changes(&[]),
        NOTHING,
        "after a refresh that went back"
    );

    // A change of Terraform's own still begins a refresh.
    world.control("refresh", Some(json!({ "end": "Successful" })));
    let before = refreshes(&world);
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let larger = text.replacen(
        "[scaling]",
        "[instances.root_volume]\nvolume_size = 60\n\n[scaling]",
        1,
    );
    fs::write(&fleet, larger).expect("written");
    module.render(&[]);
    assert_eq!(module.changes(&[]), ROLLS_OUT);
    module.apply(&[]);
    assert_eq!(refreshes(&world), before + 1);
    assert_eq!(
        module.changes(&[]),
        NOTHING,
        "while Terraform's refresh goes on"
    );
    assert_eq!(launches(&world), [first.as_str()]);
}

#[test]
fn where_the_lock_says_it_terraform_rolls_it_out() {
    let Some(world) = World::start_bare() else {
        return;
    };
    let Some(module) = before_first_image(&world, "lock") else {
        return;
    };
    let first = bake(&world, "one");
    world.run(&["bake", "promote"]).success();
    module.render(&[]);
    module.apply(&[]);
    assert_eq!(module.changes(&[]), NOTHING, "nothing is left to do");
    let second = bake(&world, "two");
    world.run(&["bake", "promote"]).success();
    assert_eq!(module.changes(&[]), NOTHING, "before it is rendered");
    module.render(&[]);
    assert_eq!(module.changes(&[]), ROLLS_OUT);
    module.apply(&[]);
    assert_eq!(refreshes(&world), 1);
    assert_eq!(module.changes(&[]), NOTHING, "while the refresh goes on");
    assert_eq!(launches(&world), [second.as_str()]);
    world.run(&["bake", "rollback"]).success();
    module.render(&[]);
    assert_eq!(module.changes(&[]), ROLLS_OUT);
    world.python("client('autoscaling').cancel_instance_refresh(AutoScalingGroupName='valet-production-workers')");
    module.apply(&[]);
    assert_eq!(module.changes(&[]), NOTHING, "after the rollback");
    assert_eq!(launches(&world), [first.as_str()]);
}

fn refreshes(world: &World) -> usize {
    let all = world.control("refreshes", None);
    all.as_array().map_or(0, Vec::len)
}

/// The images of the versions that the group launches, each once.
fn launches(world: &World) -> Vec<String> {
    world.python(
        "
import json
policy = client('autoscaling').describe_auto_scaling_groups()['AutoScalingGroups'][0]['MixedInstancesPolicy']['LaunchTemplate']
used = [policy['LaunchTemplateSpecification'], *[it['LaunchTemplateSpecification'] for it in policy['Overrides'] if 'LaunchTemplateSpecification' in it]]
image = lambda it: client('ec2').describe_launch_template_versions(LaunchTemplateId=it['LaunchTemplateId'], Versions=[str(it['Version'])])['LaunchTemplateVersions'][0]['LaunchTemplateData']['ImageId']
json.dump(sorted({image(it) for it in used}), open('launches.json', 'w'))
",
    );
    let text = fs::read_to_string(world.folder.path().join("launches.json")).expect("written");
    let images: Value = serde_json::from_str(&text).expect("JSON");
    serde_json::from_value(images).expect("texts")
}
