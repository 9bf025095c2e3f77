//! What `valet-gen diff` says is lost, opened or no longer guarded by changes of this repository's own fleet.

use std::fs;

use serde_json::{Value, json};
use tempfile::tempdir;
use test_support::cli::valet_gen;
use test_support::folders::{read, repository};

/// The repository's fleet with changes, against it; the document, and the words for people.
fn changed(changes: &[(&str, &str)]) -> (Value, String) {
    let fleet = read(&repository().join("fleet.toml")).expect("readable");
    let mut new = fleet.clone();
    for (before, after) in changes {
        assert!(new.contains(before), "{before}");
        new = new.replacen(before, after, 1);
    }
    let whole = tempdir().expect("a folder");
    fs::write(whole.path().join("old.toml"), fleet).expect("written");
    fs::write(whole.path().join("new.toml"), new).expect("written");
    let run = |format: &str| {
        valet_gen(
            whole.path(),
            ["diff", "old.toml", "new.toml", "--format", format],
        )
        .success()
    };
    (
        serde_json::from_str(&run("json")).expect("JSON"),
        run("markdown"),
    )
}

fn environment<'d>(document: &'d Value, name: &str) -> &'d Value {
    let all = document["environments"].as_array().expect("a list");
    all.iter()
        .find(|one| one["environment"] == name)
        .expect(name)
}

#[test]
fn records_that_are_kept_for_a_shorter_time_are_lost() {
    let (document, _) = changed(&[(
        "retention_in_days = 365 }\negress",
        "retention_in_days = 90 }\negress",
    )]);
    let staging = environment(&document, "staging");
    assert_eq!(staging["class"], "destructive");
    assert_eq!(
        staging["data_lost"],
        json!(["aws_cloudwatch_log_group.flow_logs: the log events that are older than 90 days"])
    );
    let (document, _) = changed(&[(
        "idle_minutes = 20, retention_in_days = 365",
        "idle_minutes = 20, retention_in_days = 90",
    )]);
    let lost = environment(&document, "staging")["data_lost"].to_string();
    assert!(
        lost.contains(
            "aws_s3_bucket_lifecycle_configuration.session: the objects that are older than 90 days"
        ),
        "{lost}"
    );
    // For longer is no loss.
    let (document, _) = changed(&[(
        "retention_in_days = 365 }\negress",
        "retention_in_days = 400 }\negress",
    )]);
    assert_eq!(document["class"], "in-place");
}

#[test]
fn a_denial_that_goes_with_its_bucket_opens_nothing() {
    let (document, text) = changed(&[("cloudtrail = true", "cloudtrail = false")]);
    let account = environment(&document, "account");
    assert_eq!(
        (&account["class"], &account["widens_access"]),
        (&"destructive".into(), &false.into()),
        "{text}"
    );
    assert_eq!(account["posture"]["permissions_added"], json!([]));
    assert!(
        text.contains("Interrupted: the record of API calls."),
        "{text}"
    );
}

#[test]
fn metadata_that_more_can_read_widens_access() {
    let (document, text) = changed(&[("hop_limit = 1", "hop_limit = 2")]);
    let staging = environment(&document, "staging");
    assert_eq!(
        (&staging["class"], &staging["widens_access"]),
        (&"rolling".into(), &true.into())
    );
    assert!(
        text.contains("Exposed: aws&#95;launch&#95;template.worker"),
        "{text}"
    );
    assert!(
        text.contains("instance metadata is answered 2 hops away instead of 1"),
        "{text}"
    );
    let (document, _) = changed(&[("hop_limit = 1", "hop_limit = 1 ")]);
    assert_eq!(document["class"], "none");
}

#[test]
fn protections_that_go_stand_in_the_table() {
    let (document, text) = changed(&[("[terraform]\n", "[terraform]\nprotect = false\n")]);
    assert_eq!(document["class"], "none");
    assert!(
        text.contains("| environment | class | no longer protected |"),
        "{text}"
    );
    assert!(
        text.contains("| account | **none** | 3 settings |"),
        "{text}"
    );
}

/// What runs when the change is applied runs with the slots and the drain of before.
#[test]
fn tasks_at_risk_are_those_of_before() {
    let without = [
        ("  { instance_type = \"t3.xlarge\", slots = 10 },\n", ""),
        (
            "drain     = { task_seconds = 60",
            "drain     = { group_seconds = 600, task_seconds = 60",
        ),
    ];
    let (document, _) = changed(&without);
    let refresh = &environment(&document, "staging")["refresh"];
    assert_eq!(
        refresh["tasks"]["expected"], 20.0,
        "two instances of ten slots each"
    );
    assert_eq!(refresh["drain_seconds"], 1800);
}

#[test]
fn a_zone_that_goes_takes_its_instances_along() {
    let (document, text) = changed(&[(", \"us-east-1c\"]", "]")]);
    let production = environment(&document, "production");
    assert_eq!(production["refresh"], Value::Null);
    assert!(
        text.contains("Interrupted: instances in the subnets that the group leaves, which it ends at once and starts in others."),
        "{text}"
    );
    let added = [(
        "[\"us-east-1a\", \"us-east-1b\", \"us-east-1c\"]",
        "[\"us-east-1a\", \"us-east-1b\", \"us-east-1c\", \"us-east-1d\"]",
    )];
    assert!(!changed(&added).1.contains("the group leaves"));
}
