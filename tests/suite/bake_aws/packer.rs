//! A bake with Packer: made, refused, failed, interrupted and killed. Packer's part is played by `fake_packer.py`, with
//! the lines and in the order of calls of the real one.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_support::skip::is_deep;

use super::world::{BASE, World, interrupt_twice};

/// Whether nothing is there but what was there before the first bake, and bundles.
fn hosts_are_gone(world: &World) {
    let inventory = world.inventory();
    let region = &inventory["regions"]["us-east-1"];
    for kind in ["instances", "key_pairs", "volumes"] {
        let left = region[kind].as_array().map_or(0, Vec::len);
        assert_eq!(left, 0, "{kind}: {inventory}");
    }
}

#[test]
fn a_bake_makes_one_image_proves_it_and_a_second_one_finds_it() {
    let Some(world) = World::start_with_packer() else {
        return;
    };
    let run = world.bake(&[]);
    let stderr = run.stderr.clone();
    let baked: Value = serde_json::from_str(&run.success()).expect("JSON");
    assert_eq!(baked["source_ami"], BASE);
    assert_eq!(
        baked["checks"],
        json!({ "passed": 100, "failed": 0, "skipped": 8 })
    );
    let steps: Vec<&str> = stderr
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        steps,
        [
            "account",
            "upload",
            "packer/validate",
            "packer/key-pair",
            "packer/launch",
            "packer/connect",
            "packer/provision",
            "packer/upload",
            "packer/provision",
            "packer/download",
            "packer/provision",
            "packer/stop",
            "packer/image",
            "packer/deprecate",
            "packer/attributes",
            "packer/tag",
            "packer/terminate",
            "packer/clean-up",
            "packer/manifest",
            "build",
            "first",
            "removed",
            "us-east-1",
        ],
        "{stderr}"
    );
    assert_eq!(
        world.changes(),
        [
            "CreateMultipartUpload",
            "UploadPart",
            "CompleteMultipartUpload",
            "CreateKeyPair",
            "RunInstances",
            "StartSession",
            "StopInstances",
            "CreateImage",
            "EnableImageDeprecation",
            "ModifyImageAttribute",
            "CreateTags",
            "CreateTags",
            "TerminateInstances",
            "DeleteKeyPair",
            // The reports, the proof, and only then the tags that call it verified.
            "PutObject",
            "PutObject",
            "RunInstances",
            "SendCommand",
            "TerminateInstances",
            "CreateTags",
            "CreateTags",
        ]
    );
    hosts_are_gone(&world);
    assert_eq!(world.images().len(), 1);
    world.forget_journals();
    let before = world.changes().len();
    let found = world.baked(&[]);
    assert_eq!(found["images"][0]["found"], true);
    assert_eq!(world.changes().len(), before);
    // What is promoted has to be verified, with every digest that the lock asks for.
    world.run(&["bake", "promote"]).success();
}

#[test]
fn programs_that_are_missing_are_named_before_aws_is_asked() {
    let Some(mut world) = World::start_with_packer() else {
        return;
    };
    std::fs::remove_file(world.folder.path().join("bin/session-manager-plugin")).expect("removed");
    let programs = world.folder.path().join("bin").display().to_string();
    world.variables.insert("PATH", programs);
    let run = world.bake(&[]);
    assert_eq!(
        run.parts(),
        (
            Some(30),
            "",
            "error: session-manager-plugin: it is not on PATH, and Packer reaches its build host by Session Manager\n  \
             help: install the Session Manager plugin of the AWS CLI, \
             https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html\n"
        )
    );
    std::fs::remove_file(world.folder.path().join("bin/packer")).expect("removed");
    let run = world.bake(&[]);
    assert_eq!(
        run.parts(),
        (
            Some(30),
            "",
            "error: packer: it is not on PATH, and the fleet's image is built by Packer\n  \
             help: install Packer 1.10 or newer, https://developer.hashicorp.com/packer/install, \
             or say `builder = \"imagebuilder\"` in [image]\n"
        )
    );
    assert_eq!(world.control("calls", None), json!([]));
}

#[test]
fn an_image_of_no_commit_is_refused() {
    let Some(world) = World::start_with_packer() else {
        return;
    };
    std::fs::remove_dir_all(world.folder.path().join(".git")).expect("removed");
    let run = world.bake(&[]);
    assert_eq!(
        run.parts(),
        (
            Some(2),
            "",
            "error: the folder of the fleet file: Git has no commit of it, and Packer's template tags the image with one\n  \
             help: commit fleet.toml, or say `builder = \"imagebuilder\"` in [image], which takes none\n"
        )
    );
    assert_eq!(world.changes(), Vec::<String>::new());
}

#[test]
fn a_session_that_is_refused_is_told_at_once() {
    let Some(mut world) = World::start_with_packer() else {
        return;
    };
    world
        .variables
        .insert("PACKER_TROUBLE", "refused-session".to_owned());
    let began = Instant::now();
    let run = world.bake(&[]);
    assert!(
        began.elapsed() < Duration::from_mins(1),
        "Packer waits for ten minutes"
    );
    let id = world.journal_id().expect("a journal");
    assert_eq!(run.code, Some(35), "{}", run.stderr);
    assert!(
        run.stderr.ends_with(&format!(
            "error: ssm:StartSession: AccessDeniedException: User is not authorized to perform: ssm:StartSession\n  \
             help: allow ssm:StartSession on the build host and on the document AWS-StartPortForwardingSession to whoever runs this; docs/bake.md has the policy\n  \
             resume: valet-gen bake --resume {id}\n"
        )),
        "{}",
        run.stderr
    );
    hosts_are_gone(&world);
    world.variables.remove("PACKER_TROUBLE");
    assert_eq!(world.baked(&["--resume", &id])["bake_id"], id.as_str());
}

#[test]
fn a_control_that_does_not_hold_is_named() {
    let Some(mut world) = World::start_with_packer() else {
        return;
    };
    world
        .variables
        .insert("PACKER_TROUBLE", "failed-control".to_owned());
    let run = world.bake(&[]);
    let id = world.journal_id().expect("a journal");
    let report = world.folder.path().join(format!("baked/{id}/verify.json"));
    assert_eq!(run.code, Some(34), "{}", run.stderr);
    assert!(
        run.stderr.ends_with(&format!(
            "error: {}: of its checks 100 passed and 1 failed: image.logs-empty\n  \
             help: mend what they name, and bake again; the report has the output of each check\n",
            report.display()
        )),
        "{}",
        run.stderr
    );
    hosts_are_gone(&world);
    assert_eq!(world.images().len(), 0);
}

#[test]
fn an_image_whose_first_host_fails_is_removed() {
    let Some(world) = World::start_with_packer() else {
        return;
    };
    world.control(
        "host",
        Some(json!({ "failed": ["os.ssh-no-root", "worker.runs"] })),
    );
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(34), "{}", run.stderr);
    assert!(
        run.stderr.contains(
            ": of its checks 108 passed and 2 failed: os.ssh-no-root, worker.runs\n  \
             help: mend what they name, and bake again; the image is removed\n"
        ),
        "{}",
        run.stderr
    );
    hosts_are_gone(&world);
    assert_eq!(world.images().len(), 0);
    world.control("host", Some(json!({})));
    world.baked(&[]);
    assert_eq!(world.images().len(), 1);
}

#[test]
fn an_interrupt_ends_packer_and_removes_what_it_made() {
    let Some(mut world) = World::start_with_packer() else {
        return;
    };
    world
        .variables
        .insert("PACKER_TROUBLE", "silent".to_owned());
    let before = world.inventory();
    world.rules(
        json!([{ "service": "ssm", "operation": "StartSession", "nth": 1, "do": "hold-before" }]),
    );
    let output = interrupt_twice(&world);
    let id = world.journal_id().expect("a journal");
    let stderr = &output.stderr;
    assert_eq!(output.code, Some(33), "{stderr}");
    assert!(
        stderr.ends_with(&format!(
            "error: interrupted; what Packer had not finished is removed\n  help: begin again with `valet-gen bake --resume {id}`\n"
        )),
        "{stderr}"
    );
    hosts_are_gone(&world);
    world.run(&["bake", "abort", &id]).success();
    assert_eq!(world.inventory(), before);
}

/// The calls of a build with Packer and of what follows it.
const CALLS: &[(&str, &str, u32)] = &[
    ("s3", "CompleteMultipartUpload", 1),
    ("ec2", "CreateKeyPair", 1),
    ("ec2", "RunInstances", 1),
    ("ssm", "StartSession", 1),
    ("ec2", "StopInstances", 1),
    ("ec2", "CreateImage", 1),
    ("ec2", "EnableImageDeprecation", 1),
    ("ec2", "ModifyImageAttribute", 1),
    ("ec2", "CreateTags", 1),
    ("ec2", "TerminateInstances", 1),
    ("ec2", "DeleteKeyPair", 1),
    ("s3", "PutObject", 1),
    ("ec2", "RunInstances", 2),
    ("ssm", "SendCommand", 1),
    ("ec2", "TerminateInstances", 2),
    ("ec2", "CreateTags", 3),
    ("ec2", "CreateTags", 4),
];

/// The call that says of the image that it is verified: from then on it is nobody's leftover.
const VERIFIES: (&str, &str, u32) = ("ec2", "CreateTags", 4);

/// One of them in every run, all of them in the deep one.
fn calls() -> &'static [(&'static str, &'static str, u32)] {
    if is_deep() { CALLS } else { &CALLS[5..6] }
}

/// Kills a bake while this call waits. Packer is not killed with it, and goes on.
fn kill_at(world: &World, (service, operation, nth): (&str, &str, u32), how: &str) {
    world.rules(json!([{ "service": service, "operation": operation, "nth": nth, "do": how }]));
    let mut bake = world.spawn_bake();
    assert!(world.wait_for_held(), "{operation} is never sent");
    bake.kill().expect("killed");
    bake.wait().expect("ended");
}

#[test]
fn a_bake_that_is_killed_goes_on_to_exactly_one_image() {
    for call in calls() {
        for how in ["hold-before", "hold-after"] {
            let Some(world) = World::start_with_packer() else {
                return;
            };
            kill_at(&world, *call, how);
            let id = world.journal_id().expect("a journal");
            world.rules(json!([]));
            world.control("release", Some(json!({})));
            let baked = world.baked(&["--resume", &id]);
            assert_eq!(baked["bake_id"], id.as_str(), "{call:?}, {how}");
            assert_eq!(world.images().len(), 1, "{call:?}, {how}");
            hosts_are_gone(&world);
        }
    }
}

#[test]
fn a_bake_that_is_killed_and_aborted_leaves_what_was_there_before() {
    for call in calls() {
        for how in ["hold-before", "hold-after"] {
            let Some(world) = World::start_with_packer() else {
                return;
            };
            let before = world.inventory();
            kill_at(&world, *call, how);
            let id = world.journal_id().expect("a journal");
            world.control("release", Some(json!({})));
            world.rules(json!([]));
            let aborted = world.run(&["bake", "abort", &id]);
            // It had left the bake: it arrives when it is released, however it was held.
            if *call == VERIFIES {
                assert_eq!(aborted.code, Some(36), "{call:?}, {how}: {aborted:#?}");
                assert!(aborted.stderr.contains(" is verified\n"), "{aborted:#?}");
                assert_eq!(world.images().len(), 1, "{call:?}, {how}");
            } else {
                assert_eq!(aborted.code, Some(0), "{call:?}, {how}: {aborted:#?}");
                assert_eq!(world.inventory(), before, "{call:?}, {how}");
            }
        }
    }
}
