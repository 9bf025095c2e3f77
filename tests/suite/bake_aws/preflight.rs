//! How preflight asks: everything once, in time, with no change, and what it does without an answer.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::preflight_world::{codes, edit, existing_network, found, ready};

#[test]
fn an_account_that_is_ready_has_no_finding_and_is_not_changed() {
    let Some(world) = ready() else { return };
    let before = world.changes().len();
    let run = world.run(&["preflight"]);
    assert_eq!(
        run.parts(),
        (
            Some(0),
            "account 123456789012: 28 checks, nothing found\n",
            ""
        )
    );
    assert_eq!(world.changes().len(), before, "{:?}", world.changes());
}

/// Everything that is asked stands in the policy that is printed, but for dry runs.
#[test]
fn the_policy_allows_all_that_is_asked() {
    let Some(world) = ready() else { return };
    existing_network(&world);
    edit(
        &world,
        "[secrets]",
        "[encryption]\nkms_key = \"arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555\"\n\n[secrets]",
    );
    let run = world.run(&["preflight", "--record", "trace.json"]);
    assert!(world.folder.path().join("trace.json").exists(), "{run:#?}");
    let trace: Value = serde_json::from_str(
        &fs::read_to_string(world.folder.path().join("trace.json")).expect("a trace"),
    )
    .expect("JSON");
    let policy: Value =
        serde_json::from_str(&world.run(&["preflight", "--policy"]).success()).expect("JSON");
    let allowed: BTreeSet<&str> = policy["Statement"][0]["Action"]
        .as_array()
        .expect("actions")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let calls = trace["calls"].as_array().expect("calls");
    assert!(calls.len() > 40, "{}", calls.len());
    for call in calls
        .iter()
        .filter(|call| call["input"].get("DryRun").is_none())
    {
        let (service, operation) = (
            call["service"].as_str().expect("a service"),
            call["operation"].as_str().expect("one"),
        );
        let action = match operation {
            "HeadBucket" => "s3:ListBucket".to_owned(),
            _ => format!("{service}:{operation}"),
        };
        assert!(allowed.contains(action.as_str()), "{action}");
    }
}

/// Each question, denied once: what is not known for it is named, and nothing passes in silence.
#[test]
fn a_question_that_is_denied_is_told() {
    let Some(world) = ready() else { return };
    existing_network(&world);
    let calls = world.control("calls", None).as_array().map_or(0, Vec::len);
    assert_eq!(codes(&found(&world)), BTreeSet::new());
    let asked: BTreeSet<(String, String)> = world
        .control("calls", None)
        .as_array()
        .into_iter()
        .flatten()
        .skip(calls)
        .filter_map(|call| {
            Some((
                call["service"].as_str()?.to_owned(),
                call["operation"].as_str()?.to_owned(),
            ))
        })
        .filter(|(service, _)| service != "sts")
        .collect();
    assert!(asked.len() >= 25, "{asked:?}");
    for (service, operation) in asked {
        let rule = json!([{ "service": service, "operation": operation, "do": "error",
            "code": "AccessDeniedException", "status": 403, "message": "User: arn:aws:iam::123456789012:user/anna is not authorized" }]);
        world.control("rules", Some(rule));
        let findings = found(&world);
        let told = codes(&findings);
        let wanted = match (service.as_str(), operation.as_str()) {
            // A dry run that is denied is itself the finding.
            ("ec2", "RunInstances" | "CreateLaunchTemplate") => told.contains("denied"),
            ("s3", "HeadBucket") => told.contains("name-taken") || told.contains("not-checked"),
            _ => told.contains("not-checked"),
        };
        assert!(wanted, "{service}:{operation}: {findings:#?}");
    }
    // The whole text, once.
    world.control(
        "rules",
        Some(json!([{ "service": "ssm", "operation": "ListAssociations", "do": "error", "code": "AccessDeniedException", "status": 400, "message": "no" }])),
    );
    let run = world.run(&["preflight"]);
    assert_eq!(
        run.parts(),
        (
            Some(1),
            "",
            "warning[preflight.not-checked]: not checked: inventory associations\n  --> fleet.toml:11:10\n   |\n11 | region = \"us-east-1\"\n   |          ^^^^^^^^^^^ ssm:ListAssociations: AccessDeniedException: no\n   |\n   = help: allow ssm:ListAssociations to whoever runs this; `valet-gen preflight --policy` prints all that is asked\n\n1 warning\n"
        )
    );
}

/// An account that answers nothing for a while: it is over in time, and says what is not known.
#[test]
fn an_account_that_is_slow_is_told_in_time() {
    let Some(world) = ready() else { return };
    world.control("rules", Some(json!([{ "service": "ec2", "do": "error", "code": "RequestLimitExceeded", "status": 503 }])));
    let began = std::time::Instant::now();
    let findings = found(&world);
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    assert_eq!(codes(&findings), BTreeSet::from(["not-checked"]));
    // Pauses between two attempts, and the second is answered.
    world.control("rules", Some(json!([{ "service": "ec2", "do": "error", "code": "RequestLimitExceeded", "status": 503, "times": 3 }])));
    assert_eq!(codes(&found(&world)), BTreeSet::new());
}

#[test]
fn a_trace_answers_for_the_account_without_telling_whose_it_is() {
    let Some(world) = ready() else { return };
    edit(
        &world,
        "[terraform]",
        "[terraform]\nallowed_account_ids = [\"222222222222\"]",
    );
    world.control(
        "account",
        Some(json!({ "denied": { "CreateVpc": "User: arn:aws:sts::123456789012:assumed-role/Admin/anna@example.org is not authorized" } })),
    );
    let live = world.run(&["preflight", "--format", "json", "--record", "trace.json"]);
    assert_eq!(live.code, Some(1));
    let trace = fs::read_to_string(world.folder.path().join("trace.json")).expect("a trace");
    for private in ["123456789012", "222222222222", "anna", "testing"] {
        assert!(!trace.contains(private), "{private}");
    }
    let replayed = world.run(&["preflight", "--format", "json", "--replay", "trace.json"]);
    assert_eq!(replayed.code, Some(1));
    let codes_of = |run: &str| {
        let document: Value = serde_json::from_str(run).expect("JSON");
        let list = document["diagnostics"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        list.iter()
            .map(|it| (it["code"].clone(), it["start"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(codes_of(&live.stdout), codes_of(&replayed.stdout));
    // An account is not asked.
    let calls = world.control("calls", None).as_array().map_or(0, Vec::len);
    world.run(&["preflight", "--replay", "trace.json"]);
    assert_eq!(
        world.control("calls", None).as_array().map_or(0, Vec::len),
        calls
    );
    // Written for the tests that have no SDK, where somebody asks for it.
    if let Some(path) = std::env::var_os("VALET_KEEP_TRACE") {
        fs::write(path, trace).expect("written");
    }
}

/// Before anything is made, `bake` asks what would make it fail.
#[test]
fn a_bake_asks_first() {
    let Some(world) = ready() else { return };
    let before = world.changes().len();
    world.control(
        "account",
        Some(json!({ "quotas": { "L-1216C47A": 1, "L-34B43A08": 256 } })),
    );
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stderr.lines().next(),
        Some(
            "error[preflight.vcpu-quota]: the account may run 1 vCPUs of Standard (A, C, D, H, I, M, R, T, Z) on demand in us-east-1, uses 0, and a build host needs 2"
        )
    );
    assert!(
        run.stderr.ends_with("error: bake: the account is not ready; nothing was made\n  help: mend what is named above, or give a reason to go on with --skip-preflight\n"),
        "{}",
        run.stderr
    );
    assert_eq!(world.changes().len(), before);
    let run = world.bake(&["--skip-preflight", "the quota is being raised"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("preflight     skipped: the quota is being raised\n")
    );
}
