//! Bakes that are killed at a call: before it is sent, while it is not answered, and when its answer is not noted.
//! Going on makes exactly one image; aborting leaves what was there before.

use std::fs;
use std::time::Instant;

use serde_json::json;
use test_support::skip::is_deep;

use super::world::{World, interrupt_twice};

/// A call, and its number among its like.
pub type Call = (String, String, usize);

/// One call in every run; in the deep one each by which an undisturbed bake changes something, and the first look at its
/// build.
fn calls() -> Vec<Call> {
    let call =
        |service: &str, operation: &str, nth| (service.to_owned(), operation.to_owned(), nth);
    if !is_deep() {
        return vec![call("imagebuilder", "CreateImage", 1)];
    }
    let Some(world) = World::start() else {
        return Vec::new();
    };
    world.baked(&[]);
    let mut calls: Vec<Call> = vec![call("imagebuilder", "GetImage", 1)];
    let all = world.control("calls", None);
    for made in all.as_array().into_iter().flatten() {
        if made["changes"] != true {
            continue;
        }
        let text = |key: &str| made[key].as_str().expect("a text");
        let (service, operation) = (text("service"), text("operation"));
        let like = calls
            .iter()
            .filter(|it| it.0 == service && it.1 == operation);
        let nth = like.count() + 1;
        calls.push(call(service, operation, nth));
    }
    assert!(calls.len() > 10, "{calls:?}");
    calls
}

/// Kills a bake while this call waits, on this side of AWS or on that.
pub fn kill_at(world: &World, (service, operation, nth): &Call, how: &str) {
    world.rules(json!([{ "service": service, "operation": operation, "nth": nth, "do": how }]));
    let mut bake = world.spawn_bake();
    assert!(world.wait_for_held(), "{operation} is never sent");
    bake.kill().expect("killed");
    bake.wait().expect("ended");
    world.control("release", Some(json!({})));
    world.rules(json!([]));
}

/// Takes away what was noted after the last intent, as when the process ends between an answer and its line.
fn forget_last_outcome(world: &World) {
    let id = world.journal_id().expect("a journal");
    let path = world.folder.path().join(format!("baked/{id}.jsonl"));
    let text = fs::read_to_string(&path).expect("a journal");
    let mut lines: Vec<&str> = text.lines().collect();
    if let Some(place) = lines
        .iter()
        .rposition(|line| line.contains("\"event\":\"outcome\""))
    {
        lines.remove(place);
    }
    fs::write(&path, lines.join("\n") + "\n").expect("written");
}

#[test]
fn a_bake_that_is_killed_goes_on_to_exactly_one_image() {
    for call in calls() {
        for how in ["hold-before", "hold-after"] {
            for journal in ["whole", "without the last outcome", "none"] {
                let Some(world) = World::start() else { return };
                kill_at(&world, &call, how);
                let id = world.journal_id().expect("a journal");
                match journal {
                    "none" => world.forget_journals(),
                    "whole" => {}
                    _ => forget_last_outcome(&world),
                }
                // Without a journal and before its recipe nothing has the id; the same content has it again.
                let is_known = journal != "none"
                    || world.inventory()["image_builder"]
                        .to_string()
                        .contains(":image-recipe/");
                let baked = if is_known {
                    world.baked(&["--resume", &id])
                } else {
                    world.baked(&[])
                };
                let case = format!("{call:?}, {how}, journal {journal}");
                assert_eq!(baked["bake_id"], id.as_str(), "{case}");
                assert_eq!(world.images().len(), 1, "{case}");
                assert_eq!(
                    world.inventory()["builds"].as_array().map(Vec::len),
                    Some(1),
                    "{case}"
                );
            }
        }
    }
}

#[test]
fn a_bake_that_is_killed_and_aborted_leaves_what_was_there_before() {
    for call in calls() {
        for how in ["hold-before", "hold-after"] {
            let Some(world) = World::start() else { return };
            let before = world.inventory();
            kill_at(&world, &call, how);
            let id = world.journal_id().expect("a journal");
            let run = world.run(&["bake", "abort", &id]);
            // The last of its calls was under way and has made it a finished one, which is not aborted.
            if call.1 == "CreateTags" && run.stderr.contains("is verified\n") {
                assert_eq!(run.code, Some(36), "{call:?}, {how}");
                assert_eq!(world.images().len(), 1, "{call:?}, {how}");
                continue;
            }
            run.success();
            assert_eq!(world.inventory(), before, "{call:?}, {how}");
        }
    }
}

#[test]
fn an_interrupt_is_asked_once_and_leaves_the_second_time() {
    let Some(world) = World::start() else { return };
    world.rules(json!([{ "service": "imagebuilder", "operation": "GetImage", "nth": 1, "do": "hold-before" }]));
    let began = Instant::now();
    let output = interrupt_twice(&world);
    let text = &output.stderr;
    assert_eq!(output.code, Some(33), "{text}");
    assert!(began.elapsed().as_secs() < 30);
    let id = world.journal_id().expect("a journal");
    assert!(
        text.contains(&format!("help: go on with `valet-gen bake --resume {id}`")),
        "{text}"
    );
    let listed = world.run(&["bake", "status"]).success();
    assert!(listed.starts_with(&id), "{listed}");
    world.baked(&["--resume", &id]);
    assert_eq!(
        world.run(&["bake", "status"]).success(),
        "every bake that was begun is finished\n"
    );
}

#[test]
fn a_finished_bake_is_not_aborted() {
    let Some(world) = World::start() else { return };
    let baked = world.baked(&[]);
    let id = baked["bake_id"].as_str().expect("an id");
    let run = world.run(&["bake", "abort", id]);
    assert_eq!(run.code, Some(36));
    assert!(
        run.stderr
            .contains("is verified\n  help: `valet-gen bake gc` removes images that nothing uses"),
        "{}",
        run.stderr
    );
    assert_eq!(world.images().len(), 1);
}
