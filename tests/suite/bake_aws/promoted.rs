//! An image becomes the one that an environment launches, in the lock or in the parameter, and goes back.

use std::fs;

use serde_json::json;

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

#[test]
fn one_environment_launches_what_another_one_has_tried() {
    let Some(world) = World::start() else { return };
    source(&world, "lock");
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    fs::write(
        &fleet,
        format!("{text}\n[environments.staging]\n\n[environments.production]\n"),
    )
    .expect("written");
    world.control(
        "seed",
        Some(json!({ "region": "us-east-1", "prefix": "valet-staging" })),
    );
    let baked = world.baked(&["--environment", "staging"]);
    let ami = baked["images"][0]["ami"].as_str().expect("an image");
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
    let run = promote(&["--from", "nowhere", "--to", "production"]);
    assert_eq!(
        run.parts(),
        (
            Some(2),
            "",
            "error: fleet.toml: there is no environment `nowhere`\n  help: name one of fleet.toml with --from\n"
        )
    );
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
        .run(&["bake", "promote", "--image", &second, "--refresh"])
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
    // Back: the version with the first image is there, so none is made.
    let printed = world.run(&["bake", "rollback", "--refresh"]).success();
    assert!(
        printed.contains(&format!(
            "/valet/production/ami: {first} (before: {second})"
        )),
        "{printed}"
    );
    let templates = world
        .changes()
        .into_iter()
        .filter(|it| it == "CreateLaunchTemplateVersion")
        .count();
    assert_eq!(templates, 1);
    // A refresh that fails has gone back.
    world.control("refresh", Some(json!({ "end": "RollbackSuccessful" })));
    let run = world.run(&["bake", "promote", "--image", &second, "--refresh"]);
    assert_eq!(run.code, Some(34));
    assert!(
        run.stderr.contains("error: instance refresh of valet-production-workers: RollbackSuccessful: a test ordered it"),
        "{}",
        run.stderr
    );
}
