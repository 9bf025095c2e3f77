//! An image goes from one environment to the next, where it would be the same there, and comes back.

use std::fs;

use serde_json::json;

use super::promoted::source;
use super::shared::{REGIONS, share};
use super::world::{World, payload};

/// A second environment, `staging`, with what Terraform makes for it and what fleet.toml says of it besides.
fn add_staging(world: &World, more: &str) {
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let more = format!("\n[environments.staging]\n\n[environments.production]\n{more}");
    fs::write(&fleet, text + &more).expect("written");
    world.control(
        "seed",
        Some(json!({ "region": "us-east-1", "prefix": "valet-staging" })),
    );
}

/// An image of this agent, made for `staging`.
fn bake_for_staging(world: &World, agent: &str) -> String {
    payload(world.folder.path(), agent);
    let baked = world.baked(&["--environment", "staging", "--skip-preflight", "tried"]);
    let ami = baked["images"][0]["ami"].as_str();
    ami.expect("an image").to_owned()
}

/// What `staging` launches becomes what `production` launches.
const PASS_ON: [&str; 6] = ["bake", "promote", "--from", "staging", "--to", "production"];

/// The same, once `staging` has it.
fn pass_on(world: &World) {
    let to_staging = ["bake", "promote", "--environment", "staging"];
    world.run(&to_staging).success();
    world.run(&PASS_ON).success();
}

fn edit(world: &World, from: &str, to: &str) {
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    assert!(text.contains(from), "{from}");
    fs::write(&fleet, text.replacen(from, to, 1)).expect("written");
}

#[test]
fn one_environment_launches_what_another_one_has_tried() {
    let Some(world) = World::start() else { return };
    source(&world, "lock");
    add_staging(&world, "");
    let fleet = world.folder.path().join("fleet.toml");
    let ami = &bake_for_staging(&world, "one");
    let promote = |arguments: &[&str]| world.run(&[&["bake", "promote"], arguments].concat());
    let run = promote(&["--from", "staging", "--to", "production"]);
    assert_eq!(
        run.parts(),
        (
            Some(2),
            "",
            "error: environment `staging`: images.lock has no image of it\n  help: promote one to it first\n"
        )
    );
    promote(&["--environment", "staging"]).success();
    let changes = world.changes().len();
    promote(&["--from", "staging", "--to", "production"]).success();
    let locked = fs::read_to_string(world.folder.path().join("images.lock")).expect("a lock");
    for environment in ["staging", "production"] {
        assert!(
            locked.contains(&format!(
                "[image.{environment}.x86_64.us-east-1]\nami = \"{ami}\""
            )),
            "{locked}"
        );
    }
    assert_eq!(
        world.changes().len(),
        changes,
        "the same image: nothing is made"
    );
    // What production is made of is something else now, so what was tried is not what it would launch.
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let other = text.replacen(
        "[environments.production]\n",
        "[environments.production.image]\npackages = [\"xvfb\", \"novnc\", \"websockify\", \"strace\"]\n",
        1,
    );
    fs::write(&fleet, other).expect("written");
    let run = promote(&["--from", "staging", "--to", "production"]);
    let digests: Vec<&str> = run
        .stderr
        .split([' ', ',', '\n'])
        .filter(|it| it.len() == 64)
        .collect();
    let [has, makes] = digests[..] else {
        panic!("{run:#?}")
    };
    assert_ne!(has, makes);
    assert_eq!(
        run.parts(),
        (
            Some(36),
            "",
            format!("error: {ami} in us-east-1: it was made for `staging`, from other files than those of `production`: its valet:config-digest is {has}, and fleet.toml makes {makes}\n  \
                help: make `staging` and `production` equal in all that is in the image, which docs/fleet-toml.md marks, and bake again; or bake for `production`\n").as_str()
        )
    );
    // Nor is it what the lock says was verified, once somebody has changed a tag.
    fs::write(&fleet, text).expect("written");
    world.python(&format!(
        "client('ec2').create_tags(Resources=['{ami}'], Tags=[{{'Key': 'valet:bundle-sha256', 'Value': 'ab' * 32}}])"
    ));
    let run = promote(&["--from", "staging", "--to", "production"]);
    assert_eq!(run.code, Some(36), "{run:#?}");
    assert!(
        run.stderr.starts_with(&format!(
            "error: {ami} in us-east-1: its valet:bundle-sha256 is {}, and images.lock says ",
            "ab".repeat(32)
        )),
        "{}",
        run.stderr
    );
    let unchanged = fs::read_to_string(world.folder.path().join("images.lock"));
    assert_eq!(unchanged.expect("a lock"), locked);
}

/// Whoever goes back needs the image of before, and fleet.toml makes another one by then.
#[test]
fn an_environment_goes_back_to_an_image_of_another_one_whatever_fleet_toml_makes_now() {
    let Some(world) = World::start() else { return };
    source(&world, "lock");
    add_staging(&world, "");
    let first = bake_for_staging(&world, "one");
    pass_on(&world);
    edit(
        &world,
        "[image]\n",
        "[image]\npackages = [\"xvfb\", \"novnc\", \"websockify\", \"strace\"]\n",
    );
    let second = bake_for_staging(&world, "two");
    pass_on(&world);
    let lock = || fs::read_to_string(world.folder.path().join("images.lock")).expect("a lock");
    let launches = |ami: &str| {
        lock().contains(&format!(
            "[image.production.x86_64.us-east-1]\nami = \"{ami}\""
        ))
    };
    assert!(launches(&second), "{}", lock());
    let back = ["bake", "rollback", "--environment", "production"];
    assert_eq!(
        world.run(&back).success(),
        format!("production launches {first} again, once images.lock is merged and applied\n")
    );
    assert!(launches(&first), "{}", lock());
}

/// Its snapshots are under the key of the environment that it was made for, which lets the Auto Scaling role of that one alone
/// launch.
#[test]
fn an_image_under_the_keys_of_another_environment_is_not_promoted() {
    let Some(world) = World::start() else { return };
    source(&world, "lock");
    share(&world, "");
    add_staging(&world, "");
    for prefix in ["valet-staging", "valet-production"] {
        world.control(
            "seed",
            Some(json!({ "region": "us-east-1", "prefix": prefix, "image_keys": REGIONS })),
        );
    }
    let ami = bake_for_staging(&world, "one");
    let to_staging = ["bake", "promote", "--environment", "staging"];
    world.run(&to_staging).success();
    let lock = world.folder.path().join("images.lock");
    let before = fs::read_to_string(&lock).expect("a lock");
    let run = world.run(&PASS_ON);
    assert_eq!((run.code, run.stdout.as_str()), (Some(36), ""), "{run:#?}");
    let start = format!("error: {ami} in us-east-1: its snapshot snap-");
    let end = "and valet-production launches images with arn:aws:kms:us-east-1:123456789012:alias/valet-production-image: no instance of it would start\n  \
        help: name one key of each region in image.kms_keys of both environments where an image goes from one to the other, apply, and bake again\n";
    assert!(
        run.stderr.starts_with(&start) && run.stderr.ends_with(end),
        "{}",
        run.stderr
    );
    assert_eq!(fs::read_to_string(&lock).expect("a lock"), before);

    // The remedy: one key for both. What was made before is still under the old one.
    let key = |region| {
        format!(
            "{region} = \"arn:aws:kms:{region}:123456789012:key/11111111-2222-4333-8444-555555555555\""
        )
    };
    let keys = format!(
        "[image]\nkms_keys = {{ {}, {} }}\n",
        key(REGIONS[0]),
        key(REGIONS[1])
    );
    edit(&world, "[image]\n", &keys);
    assert_eq!(world.run(&PASS_ON).code, Some(36));
    bake_for_staging(&world, "one");
    pass_on(&world);
}

/// Where only one of them shares its images, no key is that of both.
#[test]
fn an_image_that_is_shared_is_not_promoted_to_an_environment_without_its_key() {
    let Some(world) = World::start() else { return };
    source(&world, "lock");
    add_staging(
        &world,
        "\n[environments.staging.image]\nshare_with = [\"111122223333\"]\n",
    );
    world.control(
        "seed",
        Some(
            json!({ "region": "us-east-1", "prefix": "valet-staging", "image_keys": ["us-east-1"] }),
        ),
    );
    let ami = bake_for_staging(&world, "one");
    let to_staging = ["bake", "promote", "--environment", "staging"];
    world.run(&to_staging).success();
    assert_eq!(
        world.run(&PASS_ON).parts(),
        (
            Some(36),
            "",
            format!(
                "error: {ami} in us-east-1: the images of `staging` are shared, and so encrypted with keys that no instance of `production` may use\n  \
                 help: name one key of each region in image.kms_keys of both, with `share_with`, apply, and bake again; or bake for `production`\n"
            )
            .as_str()
        )
    );
}
