//! What is refused, with place and remedy, and nothing is made.

use serde_json::json;

use super::world::World;

#[test]
fn without_a_payload_nothing_is_asked() {
    let Some(world) = World::start() else { return };
    let run = world.run(&["bake"]);
    assert_eq!(
        run.parts(),
        (
            Some(2),
            "",
            "error: bake: there is no payload: the image would have no agent, no runtime and no browser\n  \
             help: say where its programs are in [image.payload], or name a folder with --payload; docs/bake.md says what belongs in it\n"
        )
    );
    assert_eq!(world.control("calls", None), json!([]));
}

/// Provisioning would say so as well, once there is a host.
#[test]
fn a_payload_without_one_of_its_programs_is_refused() {
    let Some(world) = World::start() else { return };
    let payload = world.folder.path().join("payload");
    let sums = std::fs::read_to_string(payload.join("SHA256SUMS")).expect("sums");
    let kept = sums.lines().filter(|line| !line.ends_with(".tar"));
    let kept: Vec<&str> = kept.collect();
    std::fs::write(payload.join("SHA256SUMS"), kept.join("\n") + "\n").expect("written");
    for name in ["node.tar", "runtime.tar"] {
        std::fs::remove_file(payload.join(name)).expect("removed");
    }
    assert_eq!(
        world.bake(&[]).parts(),
        (
            Some(2),
            "",
            "error: the payload: it lacks runtime.tar, node.tar\n  \
             help: say where its programs are in [image.payload], or put them into the folder of --payload, each with its line in SHA256SUMS; docs/bake.md says what belongs in it\n"
        )
    );
    assert_eq!(world.control("calls", None), json!([]));
}

#[test]
fn a_permission_that_is_missing_is_named() {
    let Some(world) = World::start() else { return };
    world.rules(json!([{
        "service": "imagebuilder", "operation": "CreateImage", "do": "error",
        "code": "AccessDeniedException", "status": 403, "message": "User is not authorized",
    }]));
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(35));
    let id = world.journal_id().expect("a journal");
    assert!(
        run.stderr.ends_with(&format!(
            "error: imagebuilder:CreateImage: AccessDeniedException: User is not authorized\n  \
             help: allow imagebuilder:CreateImage to whoever runs this; docs/bake.md has the policy\n  \
             resume: valet-gen bake --resume {id}\n"
        )),
        "{}",
        run.stderr
    );
    assert_eq!(world.images().len(), 0);
    world.rules(json!([]));
    let resumed = world.baked(&["--resume", &id]);
    assert_eq!(resumed["bake_id"], id.as_str());
    assert_eq!(world.images().len(), 1);
}

/// An answer to HEAD has no body, so no code says why.
#[test]
fn a_bucket_that_is_denied_is_named() {
    let Some(world) = World::start() else { return };
    for operation in ["HeadBucket", "HeadObject"] {
        world.rules(json!([{ "service": "s3", "operation": operation, "do": "error", "code": "AccessDenied", "status": 403 }]));
        let run = world.bake(&["--skip-preflight", "tried"]);
        assert_eq!(run.code, Some(35), "{operation}: {}", run.stderr);
        let call = if operation == "HeadBucket" {
            "s3:ListBucket"
        } else {
            "s3:GetObject"
        };
        assert!(
            run.stderr.contains(&format!(
                "error: {call}: 403 Forbidden\n  help: allow {call} and s3:ListBucket to whoever runs this, and the use of the bucket's key; docs/bake.md has the policy\n"
            )),
            "{operation}: {}",
            run.stderr
        );
    }
    assert_eq!(world.changes(), Vec::<String>::new());
}

#[test]
fn a_build_that_fails_names_its_step_and_the_next_bake_tries_again() {
    let Some(world) = World::start() else { return };
    world.control(
        "build",
        Some(json!({ "fail_at": "TESTING", "message": "SSM Agent verification failed" })),
    );
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(34));
    assert!(
        run.stderr
            .contains(", step test/ApplyTestComponents: SSM Agent verification failed\n"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr
            .contains("help: see that the build subnet reaches Systems Manager"),
        "{}",
        run.stderr
    );
    // The end of its log is shown, and all of it is kept.
    assert!(
        run.stderr.contains("\nlog           Step 18\nlog           Step 19\nlog           Error: SSM Agent verification failed\nerror: "),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("Step 10\n"), "{}", run.stderr);
    let id = world.journal_id().expect("a journal");
    let log = world.folder.path().join(format!("baked/{id}.log"));
    assert!(
        std::fs::read_to_string(log)
            .expect("a log")
            .contains("Step 10\n")
    );
    // What the first build left has the bake's tags and is no verified image; the next one makes its own.
    world.baked(&[]);
    assert_eq!(
        world.inventory()["builds"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn a_log_that_may_not_be_read_ends_no_bake() {
    let Some(world) = World::start() else { return };
    world.rules(
        json!([{ "service": "logs", "operation": "GetLogEvents", "do": "error",
        "code": "AccessDeniedException", "status": 400, "message": "no" }]),
    );
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let told: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("log "))
        .collect();
    assert_eq!(
        told,
        ["log           not read: logs:GetLogEvents: AccessDeniedException: no"]
    );
}

#[test]
fn an_image_whose_checks_failed_is_not_verified() {
    let Some(world) = World::start() else { return };
    world.control(
        "build",
        Some(json!({ "checks": [{ "result": "passed" }, { "result": "failed" }] })),
    );
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(34));
    assert!(
        run.stderr.contains("of its checks 1 passed and 1 failed"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_base_that_is_not_its_publisher_s_is_refused() {
    let Some(world) = World::start() else { return };
    let parameter =
        "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id";
    world.control(
        "seed",
        Some(json!({ "region": "us-east-1", "base": { parameter: ["ami-0ba5e0ba5e0ba5e02", "arm64"] } })),
    );
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(36));
    assert!(
        run.stderr.contains("error: image ami-0ba5e0ba5e0ba5e02: it is of 099720109477 and for arm64, and the base has to be of 099720109477 and for x86_64"),
        "{}",
        run.stderr
    );
    assert_eq!(world.changes(), Vec::<String>::new());
}

#[test]
fn what_terraform_has_not_made_is_named() {
    let Some(world) = World::start() else { return };
    let fleet = world.folder.path().join("fleet.toml");
    let text = std::fs::read_to_string(&fleet).expect("a fleet");
    std::fs::write(
        &fleet,
        text.replace("name   = \"valet\"", "name   = \"other\""),
    )
    .expect("written");
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(35));
    assert!(
        run.stderr.ends_with(
            "error: bucket other-production-bake-123456789012: it is not in the account\n  \
             help: run `terraform apply` in generated/production/terraform first: it makes what bakes need\n"
        ),
        "{}",
        run.stderr
    );
    assert_eq!(world.changes(), Vec::<String>::new());
}
