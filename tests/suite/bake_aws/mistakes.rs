//! Mistakes that somebody makes: each is refused with its place and its remedy, in these words, and nothing is made.

use std::fs;

use serde_json::json;
use test_support::cli::Run;

use super::world::{World, payload};

const NO_PREFLIGHT: [&str; 2] = ["--skip-preflight", "tried"];

fn bake(world: &World, more: &[&str]) -> Run {
    let plain = world.bake(&[&NO_PREFLIGHT[..], more].concat());
    let said = "preflight     skipped: tried\n";
    let stderr = plain.stderr.strip_prefix(said).map(str::to_owned);
    Run {
        stderr: stderr.unwrap_or(plain.stderr),
        ..plain
    }
}

fn edit(world: &World, from: &str, to: &str) {
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    assert!(text.contains(from), "{from}");
    fs::write(&fleet, text.replacen(from, to, 1)).expect("written");
}

/// The run said this and nothing else.
fn says(run: &Run, code: i32, stderr: &str) {
    assert_eq!(run.parts(), (Some(code), "", stderr));
}

#[test]
fn a_bake_that_cannot_be_meant_is_refused_in_these_words() {
    let Some(world) = World::start() else { return };
    says(
        &bake(&world, &["--environment", "nowhere"]),
        2,
        "error: fleet.toml: there is no environment `nowhere`\n  help: one of: production\n",
    );
    says(
        &world.run(&["bake", "--payload", "nowhere"]),
        3,
        "error: nowhere/SHA256SUMS: No such file or directory (os error 2)\n  help: name a folder that can be read, with --payload\n",
    );
    let agent = world.folder.path().join("payload/valet-worker");
    fs::write(&agent, "x").expect("written");
    says(
        &bake(&world, &[]),
        3,
        "error: payload/valet-worker: its SHA-256 is 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, \
         and SHA256SUMS says a3d61c88eb0a1dc6fc8579783a24f7ca25b53d3bb49302f7401eabd7a17a661d\n  \
         help: fetch the file again, and compare its digest with its publisher's; correct SHA256SUMS only if that is it\n",
    );
    payload(world.folder.path(), "agent");
    says(
        &bake(&world, &["--out", "fleet.toml"]),
        3,
        "error: fleet.toml: File exists (os error 17)\n  help: choose a writable folder with --out\n",
    );
    says(
        &bake(&world, &["--resume", "nonsense"]),
        2,
        "error: nonsense: this is not the id of a bake\n  \
         help: an id ends with 16 hexadecimal digits; `valet-gen bake status` lists the bakes that go on\n",
    );
    says(
        &bake(
            &world,
            &["--resume", "valet-production-x86_64-0123456789abcdef"],
        ),
        2,
        "error: valet-production-x86_64-0123456789abcdef: neither a journal nor a recipe of Image Builder has this id\n  \
         help: run `valet-gen bake` without --resume: nothing of it was made\n",
    );
    says(
        &bake(
            &world,
            &["--resume", "other-production-x86_64-0123456789abcdef"],
        ),
        2,
        "error: other-production-x86_64-0123456789abcdef: it is not a bake of valet-production\n  \
         help: name the fleet file and --environment that it was begun with\n",
    );
    says(
        &world.run(&["bake", "abort", "other-production-x86_64-0123456789abcdef"]),
        2,
        "error: other-production-x86_64-0123456789abcdef: it is not a bake of valet-production\n  \
         help: name its fleet file with --fleet, and its environment with --environment\n",
    );
    // Another fleet may be called as this one and its environment are.
    for command in [
        &["bake", "abort"][..],
        &["bake", "--payload", "payload", "--resume"],
    ] {
        let run = world.run(&[command, &["valet-production-eu-x86_64-0123456789abcdef"]].concat());
        let start = "error: valet-production-eu-x86_64-0123456789abcdef: it is not a bake of valet-production\n";
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.stderr.starts_with(start), "{run:#?}");
    }
    says(
        &world.run(&["bake", "abort", "nonsense"]),
        2,
        "error: nonsense: this is not the id of a bake\n  \
         help: an id ends with 16 hexadecimal digits; `valet-gen bake status` lists them\n",
    );
    assert_eq!(world.changes(), Vec::<String>::new());
}

#[test]
fn a_region_and_an_account_that_are_not_the_fleet_s_are_refused_in_these_words() {
    let Some(world) = World::start() else { return };
    edit(&world, "region = \"us-east-1\"", "region = \"eu-west-1\"");
    says(
        &bake(&world, &[]),
        35,
        "error: parameter /aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id: it is not in eu-west-1\n  \
         help: choose a region in which the publisher has images, or another base in [image]\n",
    );
    edit(&world, "region = \"eu-west-1\"", "region = \"us-east-1\"");
    let output = world
        .command(&["bake", "--payload", "payload", "--skip-preflight", "tried"])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("HOME", world.folder.path())
        .output();
    let without_credentials: Run = output.expect("valet-gen runs").into();
    says(
        &without_credentials,
        35,
        "preflight     skipped: tried\nerror: sts:GetCallerIdentity: no providers in chain provided credentials\n  \
         help: sign in, such as with `aws sso login`, and name the profile with AWS_PROFILE\n",
    );
    for (code, message) in [
        (
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
        (
            "InvalidClientTokenId",
            "The security token included in the request is invalid",
        ),
    ] {
        world.rules(json!([{ "service": "sts", "do": "error", "code": code, "status": 403, "message": message }]));
        says(
            &bake(&world, &[]),
            35,
            &format!(
                "error: sts:GetCallerIdentity: {code}: {message}\n  \
                 help: sign in again, such as with `aws sso login`, and check AWS_PROFILE\n"
            ),
        );
    }
    for (service, code, message, help) in [
        (
            "sts",
            "SignatureDoesNotMatch",
            "Signature expired: 20261130T110000Z is now earlier than 20261130T112900Z (20261130T113400Z - 5 min.)",
            "set this machine's clock: AWS takes no request that is minutes off",
        ),
        (
            "ec2",
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
            "see that the region is enabled for the account, with `aws account list-regions`, that this machine's clock is right, and that AWS_PROFILE is the account's",
        ),
    ] {
        world.rules(json!([{ "service": service, "do": "error", "code": code, "status": 403, "message": message }]));
        let run = bake(&world, &[]);
        let call = if service == "sts" {
            "sts:GetCallerIdentity"
        } else {
            "ec2:DescribeImages"
        };
        let told = format!("error: {call}: {code}: {message}\n  help: {help}\n");
        says(&run, 35, &told);
    }
    world.rules(json!([]));
    let output = world
        .command(&["bake", "list"])
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .output();
    let nobody: Run = output.expect("valet-gen runs").into();
    says(
        &nobody,
        33,
        "error: sts:GetCallerIdentity: AWS cannot be reached: Connection refused (os error 111)\n  \
         help: check the network, and run the same command again\n",
    );
    edit(
        &world,
        "[terraform]",
        "[terraform]\nallowed_account_ids = [\"222222222222\"]",
    );
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("error[preflight.other-account]: the credentials are of account 123456789012, which Terraform may not change\n"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.ends_with(
            "error: bake: the account is not ready; nothing was made\n  \
            help: mend what is named above, or give a reason to go on with --skip-preflight\n"
        ),
        "{}",
        run.stderr
    );
    assert_eq!(world.changes(), Vec::<String>::new());
}

#[test]
fn a_lock_of_another_version_is_refused_in_these_words() {
    let Some(world) = World::start() else { return };
    fs::write(world.folder.path().join("images.lock"), "version = 2\n").expect("written");
    let newer = "error[images-lock.newer-format]: the format's version is 2, and this program reads version 1
 --> images.lock:1:11
  |
1 | version = 2
  |           ^ written by a newer version
  |
  = help: use the version of valet-gen that wrote it, or a newer one

1 error
";
    for command in ["promote", "rollback", "list", "gc", "sweep", "status"] {
        says(&world.run(&["bake", command]), 1, newer);
    }
    says(&bake(&world, &[]), 1, newer);
    assert_eq!(world.control("calls", None), json!([]), "AWS is not asked");
    let lock = fs::read_to_string(world.folder.path().join("images.lock"));
    assert_eq!(lock.expect("a lock"), "version = 2\n");
}

#[test]
fn a_journal_that_is_not_this_bake_s_is_refused_in_these_words() {
    let Some(world) = World::start() else { return };
    world.baked(&[]);
    let id = world.journal_id().expect("a journal");
    let path = world.folder.path().join(format!("baked/{id}.jsonl"));
    let text = fs::read_to_string(&path).expect("a journal");
    let changes = world.changes();
    let with = |text: &str| {
        fs::write(&path, text).expect("written");
        bake(&world, &["--resume", &id])
    };
    says(
        &with(&text.replace("\"fleet\":\"valet\"", "\"fleet\":\"other\"")),
        36,
        &format!(
            "error: {id}: its journal is that of fleet `other`, environment `production`\n  \
             help: name the fleet file and --environment that it was begun with\n"
        ),
    );
    says(
        &with(&format!("nonsense\n{text}")),
        3,
        &format!(
            "error: journal: baked/{id}.jsonl, line 1: expected ident at line 1 column 2\n  \
             help: move the file away: what is in AWS is found without it\n"
        ),
    );
    // Who ends a bake is told the same, and nothing is removed.
    let abort = |text: &str| {
        fs::write(&path, text).expect("written");
        world.run(&["bake", "abort", &id])
    };
    says(
        &abort(&text.replace("\"fleet\":\"valet\"", "\"fleet\":\"other\"")),
        36,
        &format!(
            "error: {id}: its journal is that of fleet `other`, environment `production`\n  \
             help: name the fleet file and --environment that it was begun with\n"
        ),
    );
    says(
        &abort(&format!("nonsense\n{text}")),
        3,
        &format!(
            "error: journal: baked/{id}.jsonl, line 1: expected ident at line 1 column 2\n  \
             help: move the file away: what is in AWS is found without it\n"
        ),
    );
    payload(world.folder.path(), "another agent");
    let run = with(&text);
    let other = run
        .stderr
        .split([' ', '\n'])
        .find(|it| it.contains("production-x86_64-") && !it.starts_with(&id));
    let other = other.expect("the id of now").to_owned();
    says(
        &run,
        36,
        &format!(
            "error: {id}: fleet.toml and the payload make another image now: {other}\n  \
             help: check out the commit that it was begun with, or run `valet-gen bake` without --resume and `valet-gen bake abort` for the old one\n"
        ),
    );
    assert_eq!(world.changes(), changes);
}

#[test]
fn what_cannot_be_promoted_or_applied_is_refused_in_these_words() {
    let Some(world) = World::start() else { return };
    let cases: [(&[&str], i32, &str); 10] = [
        (
            &["promote", "--image", "nonsense"],
            2,
            "error: nonsense: this is not the id of an image\n  help: an id is such as ami-0123456789abcdef0; `valet-gen bake list` shows those that there are\n",
        ),
        (
            &["promote", "--bake", "nonsense"],
            2,
            "error: nonsense: this is not the id of a bake\n  help: an id ends with 16 hexadecimal digits; `valet-gen bake list --format json` shows those that there are\n",
        ),
        (
            &["promote", "--image", "ami-00000000000000000"],
            36,
            "error: ami-00000000000000000 in us-east-1: there is no such image\n  help: `valet-gen bake list` shows what there is\n",
        ),
        (
            &["promote", "--image", super::world::BASE],
            36,
            "error: ami-0ba5e0ba5e0ba5e01 in us-east-1: it does not ask for IMDSv2\n  help: choose another image, or bake again\n",
        ),
        (
            &["promote", "--from", "nowhere", "--to", "production"],
            2,
            "error: fleet.toml: there is no environment `nowhere`\n  help: name one of fleet.toml with --from\n",
        ),
        (
            &["rollback"],
            2,
            "error: images.lock: environment `production` has launched no other image before\n  help: promote one with `valet-gen bake promote --image AMI`\n",
        ),
        (
            &["gc", "--apply", "none.json"],
            3,
            "error: none.json: No such file or directory (os error 2)\n  help: name a plan that `bake gc --plan FILE` wrote\n",
        ),
        (
            &["sweep", "--apply", "empty.json"],
            3,
            "error: empty.json: missing field `version` at line 1 column 2\n  help: name a plan that `bake sweep --plan FILE` wrote\n",
        ),
        (
            &["gc", "--apply", "newer.json"],
            2,
            "error: newer.json: it is a plan of version 2 for fleet `valet`, environment `production`, and not of version 1 for fleet `valet`, environment `production`\n  help: name that fleet file and environment, or make a new plan with this version\n",
        ),
        (
            &["gc", "--plan", "nowhere/gc.json"],
            3,
            "error: nowhere/gc.json: No such file or directory (os error 2)\n  help: choose a file in a folder that can be written, with --plan\n",
        ),
    ];
    fs::write(world.folder.path().join("empty.json"), "{}").expect("written");
    let newer =
        json!({ "version": 2, "fleet": "valet", "environment": "production", "images": [] });
    fs::write(world.folder.path().join("newer.json"), newer.to_string()).expect("written");
    says(
        &world.run(&["bake", "gc", "--apply", "/dev/zero"]),
        3,
        "error: /dev/zero: it is larger than 67108864 bytes\n  help: name a plan that `bake gc --plan FILE` wrote\n",
    );
    for (arguments, code, stderr) in cases {
        says(&world.run(&[&["bake"], arguments].concat()), code, stderr);
    }
    assert_eq!(world.changes(), Vec::<String>::new());
    assert!(!world.folder.path().join("images.lock").exists());
}
