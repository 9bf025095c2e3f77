//! What is listed, and what may be deleted.

use std::fs;

use serde_json::{Value, json};

use super::world::{World, payload};

/// As many verified images as this, the oldest first.
fn images(world: &World, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| {
            payload(world.folder.path(), &format!("agent {number}"));
            let baked = world.baked(&[]);
            baked["images"][0]["ami"]
                .as_str()
                .expect("an image")
                .to_owned()
        })
        .collect()
}

/// Keeps one image besides those in use.
pub fn retain_one(world: &World) {
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let with = "[image]\nretain = { count = 1, deprecate_after_days = 30 }\n";
    fs::write(&fleet, text.replacen("[image]\n", with, 1)).expect("written");
}

fn plan(world: &World) -> Value {
    serde_json::from_str(
        &world
            .run(&["bake", "gc", "--plan", "gc.json", "--format", "json"])
            .success(),
    )
    .expect("JSON")
}

fn verdicts(plan: &Value) -> Vec<(&str, &str)> {
    let images = plan["images"].as_array().expect("images").iter();
    images
        .map(|it| {
            (
                it["ami"].as_str().expect("an id"),
                it["verdict"].as_str().expect("a verdict"),
            )
        })
        .collect()
}

#[test]
fn what_nothing_uses_goes_and_what_is_used_stays() {
    let Some(world) = World::start() else { return };
    retain_one(&world);
    let made = images(&world, 4);
    world
        .run(&["bake", "promote", "--image", &made[0]])
        .success();
    let planned = plan(&world);
    let of = |ami: &str| {
        verdicts(&planned)
            .into_iter()
            .find(|(it, _)| *it == ami)
            .map(|(_, verdict)| verdict.to_owned())
    };
    assert_eq!(of(&made[0]).as_deref(), Some("keep"), "it is in the lock");
    let gone = made[1..]
        .iter()
        .filter(|ami| of(ami).as_deref() == Some("delete"))
        .count();
    assert_eq!(gone, 2, "one of the others is the newest: {planned}");
    assert_eq!(world.images().len(), 4, "a plan deletes nothing");
    let listed = world.run(&["bake", "list"]).success();
    assert!(
        listed
            .lines()
            .any(|line| line.contains(&made[0])
                && line.contains("images.lock, environment production")),
        "{listed}"
    );
    let printed = world.run(&["bake", "gc", "--apply", "gc.json"]).success();
    assert_eq!(printed, "2 images are deleted\n");
    assert_eq!(world.images().len(), 2);
    assert!(world.images().contains(&made[0]));
    // What is gone is no fault of the plan.
    assert_eq!(
        world.run(&["bake", "gc", "--apply", "gc.json"]).success(),
        "0 images are deleted\n"
    );
}

#[test]
fn a_plan_that_holds_no_more_deletes_nothing() {
    let Some(world) = World::start() else { return };
    retain_one(&world);
    let made = images(&world, 3);
    let planned = plan(&world);
    let going = verdicts(&planned)
        .into_iter()
        .find(|(_, verdict)| *verdict == "delete")
        .expect("one goes")
        .0
        .to_owned();
    world.run(&["bake", "promote", "--image", &going]).success();
    let run = world.run(&["bake", "gc", "--apply", "gc.json"]);
    assert_eq!(run.code, Some(36));
    assert!(
        run.stderr.contains(
            "Nothing was deleted\n  help: make a new plan with `valet-gen bake gc --plan FILE`"
        ),
        "{}",
        run.stderr
    );
    assert_eq!(world.images().len(), made.len());
}

/// Only EC2 knows whom an image is shared with, and is asked about single ones.
#[test]
fn an_image_that_is_shared_takes_no_place_of_those_that_stay_for_their_age() {
    let Some(world) = World::start() else { return };
    retain_one(&world);
    images(&world, 4);
    let planned = plan(&world);
    let stays = |planned: &Value| {
        let kept: Vec<String> = verdicts(planned)
            .into_iter()
            .filter(|(_, verdict)| *verdict == "keep")
            .map(|(ami, _)| ami.to_owned())
            .collect();
        kept
    };
    let newest = stays(&planned);
    assert_eq!(newest.len(), 1, "{planned}");
    world.python(&format!(
        "client('ec2').modify_image_attribute(ImageId='{}', Attribute='launchPermission', LaunchPermission={{'Add': [{{'UserId': '111122223333'}}]}})",
        newest[0]
    ));
    let planned = plan(&world);
    assert_eq!(stays(&planned).len(), 2, "{planned}");
    let shared = planned["images"].as_array().expect("images").iter();
    let reason = shared
        .filter(|it| it["ami"] == newest[0].as_str())
        .map(|it| &it["reason"])
        .next();
    assert_eq!(
        reason,
        Some(&"used by account 111122223333, with which it is shared".into()),
        "{planned}"
    );
}

/// Each question that gc asks, failing once: nothing is deleted.
#[test]
fn a_question_without_an_answer_deletes_nothing() {
    let Some(world) = World::start() else { return };
    retain_one(&world);
    images(&world, 3);
    let before = world.control("calls", None).as_array().map_or(0, Vec::len);
    plan(&world);
    let calls = world.control("calls", None);
    let mut asked: Vec<(String, String)> = calls
        .as_array()
        .into_iter()
        .flatten()
        .skip(before)
        .map(|call| {
            let text = |key: &str| call[key].as_str().expect("a text").to_owned();
            (text("service"), text("operation"))
        })
        .collect();
    asked.sort();
    asked.dedup();
    assert!(asked.len() >= 8, "{asked:?}");
    let inventory = world.inventory();
    for (service, operation) in asked {
        world.rules(
            json!([{ "service": service, "operation": operation, "do": "error",
            "code": "UnauthorizedOperation", "status": 403, "message": "not allowed" }]),
        );
        let run = world.run(&["bake", "gc", "--apply", "gc.json"]);
        assert_eq!(run.code, Some(36), "{operation}: {}", run.stderr);
        assert!(
            run.stderr.contains("so nothing is deleted"),
            "{operation}: {}",
            run.stderr
        );
        assert_eq!(world.inventory(), inventory, "{operation}");
    }
}

/// A launch template names a parameter of its own region, and one version of it.
#[test]
fn a_copy_that_a_template_of_its_region_launches_stays() {
    let Some(world) = World::start() else { return };
    retain_one(&world);
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    let regions = "[image]\nregions = [\"us-east-1\", \"us-west-2\"]\n";
    fs::write(&fleet, text.replacen("[image]\n", regions, 1)).expect("written");
    let copies: Vec<String> = (0..3)
        .map(|number| {
            payload(world.folder.path(), &format!("agent {number}"));
            let baked = world.baked(&[]);
            let copy = &baked["images"][1];
            assert_eq!(copy["region"], "us-west-2");
            copy["ami"].as_str().expect("an image").to_owned()
        })
        .collect();
    let verdict = |ami: &str| {
        let planned = plan(&world);
        let lines = planned["images"].as_array().expect("images");
        let line = lines.iter().find(|it| it["ami"] == ami).expect("a line");
        (line["verdict"].clone(), line["reason"].clone())
    };
    assert_eq!(verdict(&copies[0]).0, "delete");
    world.python(&format!(
        "
def away(service):
    return boto3.client(service, region_name='us-west-2', endpoint_url=os.environ['ENDPOINT'], aws_access_key_id='a', aws_secret_access_key='b')
for image in ['{}', '{}']:
    away('ssm').put_parameter(Name='/theirs/ami', Value=image, Type='String', Overwrite=True)
away('ec2').create_launch_template(LaunchTemplateName='theirs', LaunchTemplateData={{'ImageId': 'resolve:ssm:/theirs/ami:1'}})
",
        copies[0], copies[2]
    ));
    let (verdict, reason) = verdict(&copies[0]);
    assert_eq!(verdict, "keep");
    let reason = reason.as_str().expect("a text");
    assert!(
        reason.starts_with("used by launch template lt-"),
        "{reason}"
    );
}
