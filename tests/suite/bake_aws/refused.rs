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

#[test]
fn without_credentials_it_says_how_to_sign_in() {
    let Some(world) = World::start() else { return };
    let run = world
        .command(&["bake", "--payload", "payload"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("HOME", world.folder.path())
        .output()
        .expect("valet-gen runs");
    let text = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(35), "{text}");
    assert!(
        text.contains(
            "help: sign in, such as with `aws sso login`, and name the profile with AWS_PROFILE"
        ),
        "{text}"
    );
}

#[test]
fn an_unknown_environment_is_named() {
    let Some(world) = World::start() else { return };
    let run = world.bake(&["--environment", "nowhere"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("there is no environment `nowhere`"),
        "{}",
        run.stderr
    );
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
    // What the first build left has the bake's tags and is no verified image; the next one makes its own.
    world.baked(&[]);
    assert_eq!(
        world.inventory()["builds"].as_array().map(Vec::len),
        Some(2)
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
fn a_journal_of_another_fleet_is_refused() {
    let Some(world) = World::start() else { return };
    world.baked(&[]);
    let id = world.journal_id().expect("a journal");
    let path = world.folder.path().join(format!("baked/{id}.jsonl"));
    let text = std::fs::read_to_string(&path).expect("a journal");
    std::fs::write(
        &path,
        text.replace("\"fleet\":\"valet\"", "\"fleet\":\"other\""),
    )
    .expect("written");
    let run = world.bake(&["--resume", &id]);
    assert_eq!(run.code, Some(36));
    assert!(
        run.stderr.contains(&format!(
            "error: {id}: its journal is that of fleet `other`, environment `production`"
        )),
        "{}",
        run.stderr
    );
}

#[test]
fn an_id_that_nobody_knows_is_refused() {
    let Some(world) = World::start() else { return };
    let run = world.bake(&["--resume", "valet-production-x86_64-0123456789abcdef"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr
            .contains("neither a journal nor a recipe of Image Builder has this id"),
        "{}",
        run.stderr
    );
    assert_eq!(world.bake(&["--resume", "nonsense"]).code, Some(2));
    assert_eq!(world.changes(), Vec::<String>::new());
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
