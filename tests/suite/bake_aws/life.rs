//! The whole life of an image against the fake of AWS, told as it goes:
//!
//! `cargo test --features aws --test suite bake_aws::life -- --nocapture`

use std::time::Instant;

use serde_json::{Value, json};

use super::promoted::source;
use super::world::{World, interrupt_twice, payload};

/// What happened, with its time since the beginning.
struct Timeline {
    began: Instant,
}

impl Timeline {
    fn tell(&self, what: &str, command: &str, detail: &str) {
        // Something that libtest hides unless it is asked not to.
        println!(
            "{:6.1} s  {what:<12} {command:<44} {detail}",
            self.began.elapsed().as_secs_f32()
        );
    }
}

fn ami(baked: &Value) -> String {
    let ami = baked["images"][0]["ami"].as_str();
    ami.expect("an image").to_owned()
}

/// The first line that a command printed.
fn first_line(printed: &str) -> &str {
    printed.lines().next().unwrap_or_default()
}

#[test]
fn an_image_is_made_launched_taken_back_and_forgotten() {
    let Some(world) = World::start() else { return };
    source(&world, "parameter");
    let timeline = Timeline {
        began: Instant::now(),
    };

    let first = world.baked(&[]);
    let first_ami = ami(&first);
    timeline.tell(
        "baked",
        "bake --payload payload",
        &format!("{first_ami}, {} checks passed", first["checks"]["passed"]),
    );
    world.control(
        "seed",
        Some(
            json!({ "region": "us-east-1", "endpoint": world.mock.address(),
            "group": { "name": "valet-production-workers", "ami": first_ami } }),
        ),
    );
    let printed = world.run(&["bake", "promote"]).success();
    timeline.tell("promoted", "bake promote", first_line(&printed));

    payload(world.folder.path(), "the next version");
    world.rules(json!([{ "service": "imagebuilder", "operation": "GetImage", "nth": 1, "do": "hold-before" }]));
    let output = interrupt_twice(&world);
    assert_eq!(output.code, Some(33), "{}", output.stderr);
    world.rules(json!([]));
    let status = world.run(&["bake", "status"]).success();
    let id = status.split_whitespace().next().expect("an id").to_owned();
    timeline.tell(
        "interrupted",
        "bake, and Ctrl-C twice",
        &format!("exit 33, {id}"),
    );

    let second = world.baked(&["--resume", &id]);
    let second_ami = ami(&second);
    assert_eq!(second["bake_id"], id.as_str());
    assert_eq!(
        world.images().len(),
        2,
        "the interrupted build was not made twice"
    );
    timeline.tell(
        "resumed",
        &format!("bake --resume …{}", &id[id.len() - 16..]),
        &second_ami,
    );
    let listed = world.run(&["bake", "list"]).success();
    assert!(
        listed
            .lines()
            .any(|line| line.contains(&second_ami) && line.contains("verified")),
        "{listed}"
    );
    timeline.tell(
        "verified",
        "bake list",
        &format!("{second_ami} is verified"),
    );

    let printed = world.run(&["bake", "promote", "--refresh"]).success();
    timeline.tell("promoted", "bake promote --refresh", first_line(&printed));
    let refreshed = printed.lines().last().unwrap_or_default();
    assert!(
        refreshed.contains(&format!("every instance is of {second_ami}")),
        "{printed}"
    );
    timeline.tell("refreshed", "", refreshed);

    let printed = world.run(&["bake", "rollback", "--refresh"]).success();
    assert!(
        printed.contains(&format!("every instance is of {first_ami}")),
        "{printed}"
    );
    timeline.tell(
        "rolled back",
        "bake rollback --refresh",
        first_line(&printed),
    );

    let planned: Value = serde_json::from_str(
        &world
            .run(&["bake", "gc", "--plan", "gc.json", "--format", "json"])
            .success(),
    )
    .expect("JSON");
    let images = planned["images"].as_array().expect("images");
    assert_eq!(images.len(), 2);
    for image in images {
        let text = |key: &str| image[key].as_str().unwrap_or_default().to_owned();
        timeline.tell(
            "gc plan",
            "bake gc --plan gc.json",
            &format!("{} {}: {}", text("verdict"), text("ami"), text("reason")),
        );
        assert_eq!(
            image["verdict"], "keep",
            "both are in the parameter's history"
        );
    }
    assert_eq!(world.images().len(), 2, "a plan deletes nothing");
}
