//! How commands that ask AWS end: codes that no other test comes to, and the table of docs/bake.md.

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::json;
use test_support::folders::{read, repository};

use super::world::{World, interrupt_held};

/// The codes in the first column of a page's tables.
fn listed(page: &str) -> BTreeSet<u32> {
    let text = read(&repository().join(page)).expect("readable");
    let codes = text.lines().filter_map(|line| {
        let (code, _) = line.strip_prefix("| ")?.split_once(" |")?;
        code.parse().ok()
    });
    codes.collect()
}

#[test]
fn each_code_that_a_bake_on_aws_ends_with_has_its_remedy() {
    let of_bakes = listed("docs/bake.md");
    assert_eq!(
        of_bakes,
        BTreeSet::from([1, 2, 3, 30, 33, 34, 35, 36, 37, 130])
    );
    assert!(of_bakes.is_subset(&listed("README.md")));
}

#[test]
fn who_interrupts_a_bake_before_anything_is_made_has_nothing_to_resume() {
    let Some(world) = World::start() else { return };
    world.rules(
        json!([{ "service": "ssm", "operation": "GetParameter", "nth": 1, "do": "hold-before" }]),
    );
    let arguments = ["bake", "--payload", "payload", "--skip-preflight", "tried"];
    let mut bake = world.command(&arguments);
    let bake = bake.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let run = interrupt_held(&world, bake.expect("valet-gen runs"));
    assert_eq!((run.code, run.stdout.as_str()), (Some(130), ""), "{run:#?}");
    let end = "error: interrupted before anything was made\n  help: run `valet-gen bake` again\n";
    assert!(run.stderr.ends_with(end), "{}", run.stderr);
    assert_eq!(world.changes(), Vec::<String>::new());
    assert_eq!(world.journal_id(), None);
}

#[test]
fn what_a_failed_bake_with_packer_cannot_remove_is_told() {
    let Some(world) = World::start_with_packer() else {
        return;
    };
    world.control("host", Some(json!({ "failed": ["image.logs-empty"] })));
    world.rules(json!([{ "operation": "DeregisterImage", "do": "error", "code": "OperationNotPermitted", "status": 400, "message": "protected" }]));
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(37), "{run:#?}");
    let id = world.journal_id().expect("a journal");
    let start = "error: ec2:DeregisterImage: OperationNotPermitted: protected; and before that, the first instance of ami-";
    let end =
        format!("image.logs-empty\n  help: run `valet-gen bake abort {id}` when that is mended\n");
    let told: Vec<&str> = run
        .stderr
        .lines()
        .filter(|it| it.starts_with("error: "))
        .collect();
    assert!(
        told.len() == 1 && told[0].starts_with(start) && run.stderr.ends_with(&end),
        "{}",
        run.stderr
    );
    // The same of one that is ended: what stays is named, and the same command goes on once it may.
    let run = world.run(&["bake", "abort", &id]);
    assert_eq!(run.code, Some(37), "{run:#?}");
    world.rules(json!([]));
    world.run(&["bake", "abort", &id]).success();
    assert_eq!(world.images(), Vec::<String>::new());
}
