//! The rendered roles of workflows, held against what their commands ask: all of it is allowed, and nothing beyond it.
//!
//! Actions are compared with the calls of whole lives; resources and conditions are evaluated for each of these calls, as it
//! is and on what is somebody else's (authorized.rs).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::authorized::{self, Ask, Policies};
use super::promoted::source;
use super::shared::share;
use super::swept::LEFT;
use super::terraform::Module;
use super::world::{World, payload};

/// What AWS asks of a caller besides the call itself, and no call of a fake shows.
const BY_ANOTHER_CALL: &[(&str, &str)] = &[
    (
        "imagebuilder:DeleteComponent",
        "a component that no other bake uses; here one does",
    ),
    (
        "iam:PassRole",
        "CreateInfrastructureConfiguration, RunInstances and StartInstanceRefresh lend a role",
    ),
    ("imagebuilder:TagResource", "each Create call has tags"),
    ("kms:Decrypt", "the bucket is encrypted"),
    ("kms:GenerateDataKey", "the bucket is encrypted"),
    (
        "ec2:CreateTags",
        "RunInstances has tags; an instance refresh checks that its caller may",
    ),
    (
        "ec2:RunInstances",
        "an instance refresh checks that its caller may",
    ),
    ("ec2:DeleteVolume", "a volume that a killed build left"),
    (
        "ssm:GetParameter",
        "a launch template that takes its image from a parameter",
    ),
    (
        "ec2:DescribeRegions",
        "Packer looks whether a region is there",
    ),
    ("ec2:DescribeVpcs", "Packer looks at the build subnet"),
    ("ec2:DescribeSubnets", "Packer looks at the build subnet"),
    (
        "ec2:DescribeInstanceTypes",
        "Packer looks at the build host's type",
    ),
    (
        "ec2:DescribeInstanceStatus",
        "Packer waits for the build host",
    ),
    (
        "iam:GetInstanceProfile",
        "Packer looks at the build host's profile",
    ),
    ("ssm:TerminateSession", "Packer ends its session"),
];

/// The permission that a call needs, or none.
fn action(service: &str, operation: &str) -> Option<String> {
    let name = match (service, operation) {
        ("sts", _) => return None,
        ("s3", "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload") => "PutObject",
        ("s3", "HeadObject") => "GetObject",
        ("s3", "HeadBucket") => "ListBucket",
        (_, operation) => operation,
    };
    Some(format!("{service}:{name}"))
}

/// What a role's commands have asked since a number of calls.
fn asked_since(world: &World, before: usize) -> BTreeSet<String> {
    let calls = world.control("calls", None);
    let calls = calls.as_array().into_iter().flatten().skip(before);
    calls
        .filter_map(|call| action(call["service"].as_str()?, call["operation"].as_str()?))
        .collect()
}

fn count(world: &World) -> usize {
    world.control("calls", None).as_array().map_or(0, Vec::len)
}

/// The policies of a role, by moto.
fn policies(world: &World, role: &str) -> Vec<Value> {
    world.python(&format!(
        "
import json
iam = client('iam')
policies = [iam.get_role_policy(RoleName='{role}', PolicyName=name)['PolicyDocument'] for name in iam.list_role_policies(RoleName='{role}')['PolicyNames']]
json.dump(policies, open('policies.json', 'w'))
"
    ));
    let text = std::fs::read_to_string(world.folder.path().join("policies.json"));
    serde_json::from_str(&text.expect("written")).expect("JSON")
}

/// Every action that they allow.
fn allowed(policies: &[Value]) -> BTreeSet<String> {
    let statements = policies
        .iter()
        .flat_map(|policy| policy["Statement"].as_array().into_iter().flatten());
    let mut actions = BTreeSet::new();
    for statement in statements {
        assert_eq!(statement["Effect"], "Allow");
        let named = match &statement["Action"] {
            Value::Array(several) => several.clone(),
            one => vec![one.clone()],
        };
        actions.extend(named.iter().filter_map(|it| it.as_str().map(str::to_owned)));
    }
    assert!(!actions.iter().any(|it| it.contains('*')), "{actions:?}");
    actions
}

/// What IAM was asked since a number of calls.
pub fn asks_since(world: &World, before: usize) -> BTreeSet<Ask> {
    let asks = world.control("asks", None);
    Ask::all_of(&asks.as_array().expect("a list")[before..])
}

fn hold(world: &World, role: &str, before: usize) {
    let asked = &asked_since(world, before);
    let asks = asks_since(world, before);
    let policies = policies(world, &format!("valet-production-ci-{role}"));
    authorized::hold(role, &Policies::read(&policies), &asks);
    let allowed = allowed(&policies);
    let denied: Vec<_> = asked.difference(&allowed).collect();
    assert!(denied.is_empty(), "{role}: not allowed: {denied:?}");
    let beyond: Vec<_> = allowed
        .difference(asked)
        .filter(|it| !BY_ANOTHER_CALL.iter().any(|(action, _)| action == it))
        .collect();
    assert!(
        beyond.is_empty(),
        "{role}: allowed and never asked: {beyond:?}"
    );
}

/// The roles, and what they need to be there.
pub fn applied(world: &World) -> Option<()> {
    let module = Module::prepare(world, &[])?;
    let mut arguments = vec![
        "-var=without_image=true",
        "-var=github_repository=example/fleet",
        "-target=aws_iam_role_policy.ci",
        "-target=aws_s3_bucket_policy.bake",
        "-target=aws_security_group.bake",
        "-target=aws_iam_instance_profile.bake",
        "-target=aws_cloudwatch_log_group.bake",
        "-target=aws_kms_alias.image_us_east_1",
        "-target=aws_kms_alias.image_us_west_2",
    ];
    if module.folder.join("bake_packer.tf").exists() {
        arguments.push("-target=aws_iam_role_policy.ci_packer");
    }
    module.apply(&arguments);
    Some(())
}

/// A bake that is killed while a call of it waits.
fn killed_at(world: &World, service: &str, operation: &str, nth: u32) {
    world.rules(
        json!([{ "service": service, "operation": operation, "nth": nth, "do": "hold-before" }]),
    );
    kill_held(world, operation);
}

/// A bake that is killed while the call waits that a rule holds.
fn kill_held(world: &World, operation: &str) {
    let arguments = ["bake", "--payload", "payload", "--poll", "0"];
    let arguments = [&arguments[..], &NO_PREFLIGHT[..]].concat();
    let mut bake = world.command(&arguments).spawn().expect("valet-gen runs");
    assert!(world.wait_for_held(), "{operation} is never sent");
    bake.kill().expect("killed");
    bake.wait().expect("ended");
    world.control("release", Some(json!({})));
    world.rules(json!([]));
}

/// Preflight asks more than the roles may.
pub const NO_PREFLIGHT: [&str; 2] = ["--skip-preflight", "a role is tried"];

#[test]
fn each_role_may_do_what_its_commands_ask_and_nothing_else() {
    let Some(world) = World::start_bare() else {
        return;
    };
    source(&world, "parameter");
    share(&world, "");
    if applied(&world).is_none() {
        return;
    }
    // bake: made, found, failed, interrupted, listed, aborted.
    let before = count(&world);
    let first = world.baked(&NO_PREFLIGHT);
    world.baked(&NO_PREFLIGHT);
    payload(world.folder.path(), "two");
    world.rules(json!([{ "service": "s3", "operation": "UploadPart", "do": "error", "code": "AccessDenied", "status": 403 }]));
    assert_eq!(world.bake(&NO_PREFLIGHT).code, Some(35));
    // When the image is there, and not yet finished.
    killed_at(&world, "imagebuilder", "GetImage", 4);
    let status = world.run(&["bake", "status"]).success();
    let id = status.split_whitespace().next().expect("an id");
    world.run(&["bake", "abort", id]).success();
    hold(&world, "bake", before);

    // promote: in the parameter, rolled out, gone back, and taken back by AWS.
    payload(world.folder.path(), "three");
    let second = world.baked(&NO_PREFLIGHT);
    let group = json!({ "name": "valet-production-workers", "ami": first["images"][0]["ami"] });
    world.control(
        "seed",
        Some(json!({ "region": "us-east-1", "endpoint": world.mock.address(), "group": group })),
    );
    let before = count(&world);
    let refresh = ["--refresh", "--poll", "0"];
    let ami = first["images"][0]["ami"].as_str().expect("an image");
    world.run(&["bake", "promote", "--image", ami]).success();
    world
        .run(&[&["bake", "promote"], &refresh[..]].concat())
        .success();
    world
        .run(&[&["bake", "rollback"], &refresh[..]].concat())
        .success();
    world.control("refresh", Some(json!({ "end": "RollbackSuccessful" })));
    let run = world.run(&[&["bake", "promote"], &refresh[..]].concat());
    assert_eq!(run.code, Some(34), "{run:#?}");
    hold(&world, "promote", before);

    // gc: listed, planned, applied, in an account where something goes.
    world.control(
        "seed-images",
        Some(json!({ "region": "us-east-1", "images": (0..8).map(|it| json!({ "status": "verified", "hours": 900 + it })).collect::<Vec<_>>() })),
    );
    let before = count(&world);
    world.run(&["bake", "list"]).success();
    world.run(&["bake", "gc", "--plan", "gc.json"]).success();
    let deleted = world.run(&["bake", "gc", "--apply", "gc.json"]).success();
    assert!(!deleted.starts_with('0'), "{deleted}");
    hold(&world, "gc", before);
    assert!(second["bake_id"].is_string());

    // sweep: planned and applied, where bakes that were killed have left something in two regions.
    world.python(LEFT);
    world.control("age", Some(json!({ "days": 3 })));
    let before = count(&world);
    world
        .run(&["bake", "sweep", "--plan", "sweep.json"])
        .success();
    // What has no tags is not the role's to remove, but for key pairs: their names have the id.
    let plan = world.folder.path().join("sweep.json");
    let text = std::fs::read_to_string(&plan).expect("a plan");
    let mut planned: Value = serde_json::from_str(&text).expect("JSON");
    let leftovers = planned["leftovers"].as_array_mut().expect("a list");
    leftovers.retain(|it| it["found_by"] == "tag" || it["kind"] == "keypair");
    assert!(leftovers.len() > 4, "{leftovers:#?}");
    std::fs::write(&plan, planned.to_string()).expect("written");
    world
        .run(&["bake", "sweep", "--apply", "sweep.json"])
        .success();
    hold(&world, "sweep", before);
}

#[test]
fn the_role_of_a_bake_with_packer_may_do_what_packer_asks_as_well() {
    let Some(world) = World::start_bare_with_packer() else {
        return;
    };
    share(&world, "");
    if applied(&world).is_none() {
        return;
    }
    let before = count(&world);
    let first = world.baked(&NO_PREFLIGHT);
    payload(world.folder.path(), "two");
    killed_at(&world, "ec2", "StopInstances", 1);
    world.run(&["bake", "status"]).success();
    // When the copy is made, and Packer has not tagged it yet.
    payload(world.folder.path(), "three");
    world.rules(
        json!([{ "service": "ec2", "operation": "CopyImage", "nth": 1, "do": "hold-after" }]),
    );
    kill_held(&world, "CopyImage");
    let status = world.run(&["bake", "status"]).success();
    for line in status.lines() {
        let id = line.split_whitespace().next().expect("an id");
        world.run(&["bake", "abort", id]).success();
    }
    let left = world.images();
    assert_eq!(
        left,
        [first["images"][0]["ami"].as_str().expect("an image")]
    );
    let asked = asked_since(&world, before);
    let asks = asks_since(&world, before);
    let policies = policies(&world, "valet-production-ci-bake");
    authorized::hold(authorized::PACKER, &Policies::read(&policies), &asks);
    let allowed = allowed(&policies);
    let denied: Vec<_> = asked.difference(&allowed).collect();
    assert!(denied.is_empty(), "not allowed: {denied:?}");
}
