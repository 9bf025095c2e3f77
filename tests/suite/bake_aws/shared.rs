//! Images that other accounts may launch, in several regions: each under its region's own key, shared when all of them are
//! proven and not before.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use test_support::skip::is_deep;

use super::interrupted::{Call, kill_at};
use super::terraform::Module;
use super::world::World;

pub const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
pub const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// A key that somebody else looks after.
const NAMED: &str = "arn:aws:kms:us-west-2:777788889999:key/11111111-2222-4333-8444-555555555555";

/// Says that the image goes to two regions and is shared with two accounts.
pub fn share(world: &World, more: &str) {
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let lines = format!("[image]\nregions = {REGIONS:?}\nshare_with = {ACCOUNTS:?}\n{more}");
    fs::write(&fleet, text.replacen("[image]\n", &lines, 1)).expect("written");
}

/// Such a fleet. Terraform has made these keys.
fn shared(builder: &str, more: &str, made: &[&str]) -> Option<World> {
    let world = match builder {
        "packer" => World::start_with_packer()?,
        _ => World::start()?,
    };
    share(&world, more);
    world.control(
        "seed",
        Some(json!({ "region": "us-east-1", "prefix": "valet-production", "image_keys": made })),
    );
    Some(world)
}

/// Each image that is there, by its region.
fn images(world: &World) -> BTreeMap<String, Value> {
    let all = world.control("shared", None);
    let all = all.as_object().expect("a table");
    let by_region = all.iter().map(|(name, image)| {
        let region = name.split(' ').next().expect("a region").to_owned();
        (region, image.clone())
    });
    let found: BTreeMap<String, Value> = by_region.collect();
    assert_eq!(found.len(), all.len(), "one image in each region: {all:?}");
    found
}

/// Whether each region has its image, proven and shared with its snapshot.
fn holds_in_each_region(world: &World, case: &str) {
    let images = images(world);
    assert_eq!(images.len(), REGIONS.len(), "{case}: {images:?}");
    for (region, image) in &images {
        assert_eq!(image["status"], "verified", "{case}, {region}");
        assert_eq!(image["image"], json!(ACCOUNTS), "{case}, {region}");
        assert_eq!(image["snapshot"], json!(ACCOUNTS), "{case}, {region}");
    }
}

/// The calls that share, and the last one of all: that the image is verified.
fn calls(builder: &str) -> Vec<Call> {
    let call = |operation: &str, nth| ("ec2".to_owned(), operation.to_owned(), nth);
    // imdsSupport is one call in each region, made by Packer or by the bake; the launch permission is the next one.
    let mut calls = vec![
        call("ModifySnapshotAttribute", 1),
        call("ModifyImageAttribute", 3),
        call("ModifySnapshotAttribute", 2),
        call("ModifyImageAttribute", 4),
    ];
    if builder == "packer" {
        calls.push(call("CopyImage", 1));
    }
    if !is_deep() {
        // What is between the two halves of the first region, and what is copied.
        calls.retain(|it| it.1 == "CopyImage" || (it.1 == "ModifyImageAttribute" && it.2 == 3));
    }
    calls
}

#[test]
fn each_region_has_its_own_key_and_what_is_proven_is_shared() {
    for builder in ["imagebuilder", "packer"] {
        let named = format!("kms_keys = {{ us-west-2 = \"{NAMED}\" }}\n");
        let Some(world) = shared(builder, &named, &["us-east-1"]) else {
            return;
        };
        // The key of somebody else is not in this account, which preflight would tell.
        let baked = world.baked(&["--skip-preflight", "a key of another account"]);
        assert_eq!(baked["images"].as_array().map(Vec::len), Some(2));
        holds_in_each_region(&world, builder);
        let images = images(&world);
        assert_eq!(images["us-west-2"]["key"], NAMED, "{builder}");
        let made = images["us-east-1"]["key"].as_str().expect("a key");
        assert!(
            made.starts_with("arn:aws:kms:us-east-1:123456789012:key/"),
            "{made}"
        );
        assert!(!made.ends_with("the-default"), "{made}");
        let changes = world.changes();
        let at = |operation: &str| {
            let found = changes.iter().enumerate();
            found
                .filter(|(_, it)| *it == operation)
                .map(|(place, _)| place)
                .collect::<Vec<_>>()
        };
        let (snapshots, permissions) = (at("ModifySnapshotAttribute"), at("ModifyImageAttribute"));
        let launch = &permissions[permissions.len() - 2..];
        assert_eq!(snapshots.len(), 2, "{changes:?}");
        assert!(snapshots[0] < launch[0] && snapshots[1] < launch[1]);
        // Both regions have been proven, and neither is said to be verified.
        let tags = at("CreateTags");
        let before = tags.iter().filter(|it| **it < snapshots[0]).count();
        assert_eq!(tags.len() - before, 2, "{changes:?}");
        // Nothing is done twice.
        let calls = changes.len();
        world.baked(&["--skip-preflight", "a key of another account"]);
        assert_eq!(world.changes().len(), calls, "{builder}");
    }
}

/// EC2 says which snapshot is behind a copy some time after it has taken the order. Nothing names a snapshot without tags
/// once its image is gone.
#[test]
fn a_copy_that_is_still_pending_leaves_no_snapshot() {
    let Some(world) = shared("packer", "", &REGIONS) else {
        return;
    };
    let before = world.inventory();
    world.control("copies", Some(json!({ "looks": 3 })));
    let copied = ("ec2".to_owned(), "CopyImage".to_owned(), 1);
    kill_at(&world, &copied, "hold-after");
    let id = world.journal_id().expect("a journal");
    let aborted = world.run(&["bake", "abort", &id]);
    assert_eq!(aborted.code, Some(0), "{aborted:#?}");
    assert_eq!(world.inventory(), before, "{aborted:#?}");
}

#[test]
fn a_key_is_part_of_what_a_bake_is_known_by() {
    let Some(world) = shared("imagebuilder", "", &REGIONS) else {
        return;
    };
    let first = world.baked(&[]);
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let named = format!("[image]\nkms_keys = {{ us-west-2 = \"{NAMED}\" }}\n");
    fs::write(&fleet, text.replacen("[image]\n", &named, 1)).expect("written");
    let second = world.baked(&["--skip-preflight", "a key of another account"]);
    assert_ne!(first["bake_id"], second["bake_id"]);
}

/// Bakes that are killed at each call that shares, before it is sent and while it is not answered. What is looked at gets the
/// account, what was there before, the id of the bake, and which case it is.
fn each_killed(look: impl Fn(&World, &Value, &str, &str)) {
    for builder in ["imagebuilder", "packer"] {
        for call in calls(builder) {
            for how in ["hold-before", "hold-after"] {
                let Some(world) = shared(builder, "", &REGIONS) else {
                    return;
                };
                let before = world.inventory();
                kill_at(&world, &call, how);
                let id = world.journal_id().expect("a journal");
                look(&world, &before, &id, &format!("{builder}, {call:?}, {how}"));
            }
        }
    }
}

#[test]
fn a_bake_that_is_killed_while_it_shares_goes_on_to_one_shared_image_in_each_region() {
    each_killed(|world, _, id, case| {
        let baked = world.baked(&["--resume", id]);
        assert_eq!(baked["bake_id"], id, "{case}");
        holds_in_each_region(world, case);
    });
}

#[test]
fn a_bake_that_is_killed_while_it_shares_and_aborted_leaves_what_was_there_before() {
    each_killed(|world, before, id, case| {
        world.run(&["bake", "abort", id]).success();
        assert_eq!(world.inventory(), *before, "{case}");
    });
}

#[test]
fn a_key_that_is_not_there_is_told_before_anything_is_made() {
    let Some(world) = shared("imagebuilder", "", &["us-east-1"]) else {
        return;
    };
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let told = "error[preflight.key-unusable]: the image cannot be shared in us-west-2: the key alias/valet-production-image there: it is not there";
    let help = "help: run `terraform apply` in generated/production/terraform first, or name a key of us-west-2 in image.kms_keys";
    assert!(
        run.stderr.contains(told) && run.stderr.contains(help),
        "{}",
        run.stderr
    );
    assert_eq!(world.changes(), Vec::<String>::new());
}

/// Somebody has changed the distribution, or AWS took another key: what others cannot open is not shared.
#[test]
fn an_image_under_another_key_is_not_shared() {
    let Some(world) = shared("imagebuilder", "", &REGIONS) else {
        return;
    };
    world.control("build", Some(json!({ "default_key_in": "us-west-2" })));
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(36), "{run:#?}");
    let images = images(&world);
    assert_eq!(images["us-west-2"]["image"], json!([]));
    assert_eq!(images["us-west-2"]["snapshot"], json!([]));
    let told = run
        .stderr
        .lines()
        .find(|line| line.starts_with("error: ami-"));
    let told = told.unwrap_or_else(|| panic!("{}", run.stderr));
    let end = "an image that is shared has to be with arn:aws:kms:us-west-2:123456789012:alias/valet-production-image";
    assert!(told.ends_with(end), "{told}");
    let id = world.journal_id().expect("a journal");
    let help = format!("  help: remove it with `valet-gen bake abort {id}`, and bake again");
    assert!(run.stderr.contains(&help), "{}", run.stderr);
}

/// What is rendered makes the keys that the bake asks for, and a second plan changes nothing of them.
#[test]
fn terraform_makes_the_keys_that_a_bake_looks_for() {
    let Some(world) = shared("imagebuilder", "", &[]) else {
        return;
    };
    let Some(module) = Module::prepare(&world, &[]) else {
        return;
    };
    let arguments = [
        "-var=without_image=true",
        "-target=aws_kms_alias.image_us_east_1",
        "-target=aws_kms_alias.image_us_west_2",
    ];
    module.apply(&arguments);
    assert_eq!(module.changes(&arguments), Vec::<String>::new());
    world.python(
        "
import json
for region in ['us-east-1', 'us-west-2']:
    kms = boto3.client('kms', region_name=region, endpoint_url=os.environ['ENDPOINT'], aws_access_key_id='a', aws_secret_access_key='b')
    key = kms.describe_key(KeyId='alias/valet-production-image')['KeyMetadata']
    assert key['Arn'].startswith(f'arn:aws:kms:{region}:'), key
    assert kms.get_key_rotation_status(KeyId=key['KeyId'])['KeyRotationEnabled']
    policy = json.loads(kms.get_key_policy(KeyId=key['KeyId'], PolicyName='default')['Policy'])
    services = {it['Condition']['StringEquals']['kms:ViaService'] for it in policy['Statement'] if 'kms:ViaService' in it.get('Condition', {}).get('StringEquals', {})}
    assert services == {f'ec2.{region}.amazonaws.com'}, services
    names = {it['Key']: it['Value'] for it in [{'Key': tag['TagKey'], 'Value': tag['TagValue']} for tag in kms.list_resource_tags(KeyId=key['KeyId'])['Tags']]}
    assert names['Fleet'] == 'valet', names
",
    );
    world.baked(&[]);
    holds_in_each_region(&world, "keys of Terraform");
}
