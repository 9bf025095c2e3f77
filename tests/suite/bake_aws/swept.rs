//! What bakes left behind: planned, reviewed, removed.

use std::fs;

use serde_json::{Value, json};

use super::world::World;

/// Things in two regions, as a bake that was killed leaves them, and things that only look like it.
pub const LEFT: &str = "
import datetime
ID = 'valet-production-x86_64-0123456789abcdef'
def tags(kind, **more):
    pairs = dict({'valet:bake-id': ID, 'valet:status': 'building'}, **more)
    return [{'ResourceType': kind, 'Tags': [{'Key': key, 'Value': value} for key, value in pairs.items()]}]
def other(service):
    return boto3.client(service, region_name='eu-west-1', endpoint_url=os.environ['ENDPOINT'], aws_access_key_id='a', aws_secret_access_key='b')
def image(ec2, name, **more):
    made = ec2.copy_image(SourceImageId='ami-0ba5e0ba5e0ba5e01', SourceRegion='us-east-1', Name=name)['ImageId']
    if more.pop('tagged', False):
        devices = ec2.describe_images(ImageIds=[made])['Images'][0]['BlockDeviceMappings']
        snapshots = [device['Ebs']['SnapshotId'] for device in devices]
        ec2.create_tags(Resources=[made, *snapshots], Tags=tags('image', **more)[0]['Tags'])
    return made
ec2 = client('ec2')
print('tagged', image(ec2, 'any', tagged=True))
print('named', image(ec2, 'valet-production-amd64-20260101t0000-abc'))
print('whole', image(ec2, 'whole', tagged=True, **{'valet:status': 'verified'}))
print('others', image(ec2, 'valet-productions-amd64-1'))
print('host', ec2.run_instances(ImageId='ami-0ba5e0ba5e0ba5e01', InstanceType='m5.large', MinCount=1, MaxCount=1, TagSpecifications=tags('instance'))['Instances'][0]['InstanceId'])
print('volume', ec2.create_volume(AvailabilityZone='us-east-1a', Size=1, TagSpecifications=tags('volume'))['VolumeId'])
away = other('ec2')
volume = away.create_volume(AvailabilityZone='eu-west-1a', Size=1)['VolumeId']
print('snapshot', away.create_snapshot(VolumeId=volume, TagSpecifications=tags('snapshot'))['SnapshotId'])
print('pair', away.create_key_pair(KeyName='valet-' + ID)['KeyPairId'])
away.create_key_pair(KeyName='valet-somebodys')
";

fn plan(world: &World) -> Value {
    let run = world.run(&["bake", "sweep", "--plan", "sweep.json", "--format", "json"]);
    serde_json::from_str(&run.success()).expect("JSON")
}

fn verdicts(plan: &Value) -> Vec<(String, String, String)> {
    let all = plan["leftovers"].as_array().expect("a list").iter();
    let mut all: Vec<_> = all
        .map(|it| {
            let text = |name: &str| it[name].as_str().expect("a text").to_owned();
            (text("kind"), text("verdict"), text("reason"))
        })
        .collect();
    all.sort();
    all
}

/// Moves everything into the past: what is young may still be needed.
fn age(world: &World) {
    world.control("age", Some(json!({ "days": 3 })));
}

#[test]
fn what_was_left_in_any_region_goes_once_it_is_old() {
    let Some(world) = World::start() else { return };
    world.python(LEFT);
    let young = verdicts(&plan(&world));
    assert!(
        young.iter().all(|(_, verdict, _)| verdict == "keep"),
        "{young:#?}"
    );
    age(&world);
    let planned = plan(&world);
    let text = |kind: &str, verdict: &str, reason: &str| {
        (kind.to_owned(), verdict.to_owned(), reason.to_owned())
    };
    let of_bake = "it has a bake's id, is used by nothing and more than a day old";
    assert_eq!(
        verdicts(&planned),
        [
            text("image", "delete", of_bake),
            text(
                "image",
                "delete",
                "it is called as a bake calls such things, and has no tags, is used by nothing and more than a day old"
            ),
            text(
                "image",
                "keep",
                "it is verified: `valet-gen bake gc` decides about it"
            ),
            text("instance", "delete", of_bake),
            text(
                "keypair",
                "delete",
                "it is called as a bake calls such things, and has no tags, is used by nothing and more than a day old"
            ),
            text("snapshot", "delete", of_bake),
            text("volume", "delete", of_bake),
        ]
    );
    let images = world.images().len();
    let printed = world
        .run(&["bake", "sweep", "--apply", "sweep.json"])
        .success();
    assert_eq!(printed, "6 things are removed\n");
    assert_eq!(world.images().len(), images - 2);
    let left = plan(&world);
    assert_eq!(verdicts(&left).len(), 1, "{left:#}");
    assert_eq!(
        world
            .run(&["bake", "sweep", "--apply", "sweep.json"])
            .success(),
        "0 things are removed\n"
    );
}

#[test]
fn an_error_removes_nothing_and_what_cannot_go_is_told() {
    let Some(world) = World::start() else { return };
    world.python(LEFT);
    age(&world);
    plan(&world);
    let inventory = world.inventory();
    for operation in [
        "DescribeRegions",
        "DescribeImages",
        "DescribeSnapshots",
        "DescribeKeyPairs",
        "DescribeVolumes",
        "DescribeInstances",
        "DescribeImageReferences",
        "ListImageRecipes",
    ] {
        world.rules(json!([{ "operation": operation, "do": "error", "code": "UnauthorizedOperation", "status": 403, "message": "no" }]));
        let run = world.run(&["bake", "sweep", "--apply", "sweep.json"]);
        assert_eq!(run.code, Some(36), "{operation}: {}", run.stderr);
        assert!(
            run.stderr
                .contains("what cannot be asked counts as used, so nothing is deleted"),
            "{operation}: {}",
            run.stderr
        );
        assert_eq!(world.inventory(), inventory, "{operation}");
    }
    world.rules(json!([{ "operation": "DeregisterImage", "nth": 1, "do": "error", "code": "OperationNotPermitted", "status": 400, "message": "protected" }]));
    let run = world.run(&["bake", "sweep", "--apply", "sweep.json"]);
    assert_eq!(run.code, Some(37));
    assert!(
        run.stderr.ends_with("error: ec2:DeregisterImage: OperationNotPermitted: protected\n  help: correct what ec2:DeregisterImage refuses; what is gone is gone, and the same command goes on with the rest\n"),
        "{}",
        run.stderr
    );
    world.rules(json!([]));
    assert_eq!(
        world
            .run(&["bake", "sweep", "--apply", "sweep.json"])
            .success(),
        "1 thing is removed\n"
    );
}

/// Once its image is gone, nothing would say whose a snapshot without tags is.
#[test]
fn an_image_whose_snapshot_may_not_go_stays_as_well() {
    let Some(world) = World::start() else { return };
    world.python(LEFT);
    age(&world);
    plan(&world);
    let images = world.images();
    let message = "You are not authorized to perform: ec2:DeleteSnapshot";
    world.control(
        "account",
        Some(json!({ "denied": { "DeleteSnapshot": message } })),
    );
    let run = world.run(&["bake", "sweep", "--apply", "sweep.json"]);
    assert_eq!(run.code, Some(37), "{run:#?}");
    assert!(
        run.stderr.contains(&format!(
            "error: ec2:DeleteSnapshot: UnauthorizedOperation: {message}\n"
        )),
        "{}",
        run.stderr
    );
    assert_eq!(world.images(), images);
}

/// A plan holds for what it named: something that is used by now stays, and with it everything else.
#[test]
fn a_plan_that_holds_no_more_removes_nothing() {
    let Some(world) = World::start() else { return };
    world.python(LEFT);
    age(&world);
    let planned = plan(&world);
    let image = planned["leftovers"]
        .as_array()
        .and_then(|all| {
            all.iter()
                .find(|it| it["kind"] == "image" && it["verdict"] == "delete")
        })
        .expect("an image")["id"]
        .clone();
    world.python(&format!("client('ec2').create_launch_template(LaunchTemplateName='by-hand', LaunchTemplateData={{'ImageId': {image}}})"));
    let inventory = world.inventory();
    let run = world.run(&["bake", "sweep", "--apply", "sweep.json"]);
    assert_eq!(run.code, Some(36));
    assert!(
        run.stderr.contains(
            "Nothing was removed\n  help: make a new plan with `valet-gen bake sweep --plan FILE`"
        ),
        "{}",
        run.stderr
    );
    assert_eq!(world.inventory(), inventory);
    // A plan of another fleet is none of this one.
    let text = fs::read_to_string(world.folder.path().join("sweep.json")).expect("a plan");
    fs::write(
        world.folder.path().join("other.json"),
        text.replace("\"fleet\": \"valet\"", "\"fleet\": \"other\""),
    )
    .expect("written");
    let run = world.run(&["bake", "sweep", "--apply", "other.json"]);
    assert_eq!(
        run.parts(),
        (
            Some(2),
            "",
            "error: other.json: it is a plan of version 1 for fleet `other`, environment `production`, and not of version 1 for fleet `valet`, environment `production`\n  help: name that fleet file and environment, or make a new plan with this version\n"
        )
    );
}
