//! `valet-gen plan-review`: plans that Terraform made of this repository's fleet, and for each rule the
//! smallest plan that breaks it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jiff::civil::date;
use serde_json::{Value, json};
use valet_gen::catalog::plan_rules::PLAN_RULES;
use valet_gen::review::{explanations, review, terraform_plan, waivers};

pub fn plan_file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/plans")
        .join(name);
    path.display().to_string()
}

pub fn reviewed_file(name: &str) -> Vec<(String, String)> {
    found_in(&fs::read_to_string(plan_file(name)).expect("a plan"), "")
}

/// The findings of a plan: code and message.
pub fn found_in(text: &str, waived: &str) -> Vec<(String, String)> {
    let plan = terraform_plan::read(text).unwrap_or_else(|error| panic!("{error}"));
    let waivers = waivers::read(waived).expect("waivers");
    let review = review(&plan, None, &waivers, date(2026, 9, 1));
    review
        .report
        .diagnostics
        .iter()
        .map(|found| (found.code.to_owned(), found.message.clone()))
        .collect()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers write the values in place"
)]
pub fn change(kind: &str, actions: &[&str], before: Value, after: Value) -> Value {
    json!({
        "address": format!("{kind}.it"), "mode": "managed", "type": kind, "name": "it",
        "change": {
            "actions": actions, "before": before, "after": after,
            "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {},
        },
    })
}

pub fn update(kind: &str, before: Value, after: Value) -> Value {
    change(kind, &["update"], before, after)
}

pub fn plan_of(changes: &[Value]) -> String {
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {},
        "resource_changes": changes, "errored": false, "complete": true,
    })
    .to_string()
}

pub fn codes_of(changes: &[Value]) -> Vec<String> {
    found_in(&plan_of(changes), "")
        .into_iter()
        .map(|(code, _)| code)
        .collect()
}

pub fn policy(statement: &Value) -> Value {
    json!({ "policy": json!({ "Statement": [statement] }).to_string() })
}

/// For each rule the changes that break it.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn broken() -> Vec<(&'static str, Vec<Value>)> {
    let kms = "aws_kms_key";
    let rule = "aws_vpc_security_group_ingress_rule";
    let listed = json!({ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:x" });
    let wider = json!({ "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:x" });
    let whole = json!({ "Effect": "Allow", "Action": "ssm:*", "Resource": "*" });
    let mut unknown = change(rule, &["create"], Value::Null, json!({}));
    unknown["change"]["after_unknown"] = json!({ "cidr_ipv4": true });
    let group = |version: &str, desired: u32| {
        json!({
            "name": "g", "desired_capacity": desired, "min_size": 1,
            "launch_template": [{ "version": version }],
            "instance_refresh": [{ "preferences": [{ "min_healthy_percentage": 90 }] }],
        })
    };
    let asg = "aws_autoscaling_group";
    vec![
        (
            "plan.data-loss",
            vec![change(kms, &["delete"], json!({}), Value::Null)],
        ),
        (
            "plan.destroy",
            vec![change("aws_route", &["delete"], json!({}), Value::Null)],
        ),
        (
            "plan.replace",
            vec![change(
                "aws_route",
                &["delete", "create"],
                json!({}),
                json!({}),
            )],
        ),
        (
            "plan.forget",
            vec![change("aws_route", &["forget"], json!({}), Value::Null)],
        ),
        (
            "plan.unknown-action",
            vec![change("aws_route", &["open"], json!({}), json!({}))],
        ),
        (
            "plan.group-size",
            vec![update(asg, group("1", 4), group("1", 2))],
        ),
        (
            "plan.instance-refresh",
            vec![update(asg, group("1", 2), group("2", 2))],
        ),
        (
            "plan.public-exposure",
            vec![change(
                rule,
                &["create"],
                Value::Null,
                json!({ "cidr_ipv4": "0.0.0.0/0", "ip_protocol": "-1" }),
            )],
        ),
        (
            "plan.public-route",
            vec![update(
                "aws_route",
                json!({ "destination_cidr_block": "0.0.0.0/0", "nat_gateway_id": "nat-1" }),
                json!({ "destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1" }),
            )],
        ),
        (
            "plan.iam-granted",
            vec![update(
                "aws_iam_role_policy",
                policy(&listed),
                policy(&wider),
            )],
        ),
        (
            "plan.iam-broad",
            vec![update(
                "aws_iam_role_policy",
                policy(&listed),
                policy(&whole),
            )],
        ),
        (
            "plan.encryption-off",
            vec![update(
                "aws_cloudwatch_log_group",
                json!({ "kms_key_id": "arn:k" }),
                json!({ "kms_key_id": null }),
            )],
        ),
        (
            "plan.protection-removed",
            vec![update(
                kms,
                json!({ "enable_key_rotation": true }),
                json!({ "enable_key_rotation": false }),
            )],
        ),
        (
            "plan.retention-shortened",
            vec![update(
                "aws_cloudwatch_log_group",
                json!({ "retention_in_days": 0 }),
                json!({ "retention_in_days": 30 }),
            )],
        ),
        ("plan.unknown-value", vec![unknown]),
        (
            "plan.type-unjudged",
            vec![update("aws_quantum_ledger", json!({}), json!({}))],
        ),
    ]
}

#[test]
fn each_rule_has_a_plan_that_breaks_it() {
    for (code, changes) in broken() {
        let found = codes_of(&changes);
        assert!(found.iter().any(|one| one == code), "{code}: {found:?}");
    }
}

#[test]
fn each_code_is_tested() {
    let elsewhere = [
        "plan.action-invoked",
        "plan.drift",
        "plan.file-edited",
        "plan.lifecycle-removed",
        "plan.other-module",
        "plan.waiver-expired",
        "plan.waiver-unused",
    ];
    let tested: BTreeSet<&str> = broken()
        .iter()
        .map(|(code, _)| *code)
        .chain(elsewhere)
        .collect();
    let codes = explanations().map(|known| known.code);
    let codes: BTreeSet<&str> = codes.filter(|code| code.starts_with("plan.")).collect();
    assert_eq!(tested, codes);
    // A finding about a waiver is waived by nothing.
    let waivable = codes
        .into_iter()
        .filter(|code| !code.starts_with("plan.waiver-"));
    assert_eq!(PLAN_RULES, waivable.collect::<Vec<_>>());
}

#[test]
fn what_does_not_change_is_never_mentioned() {
    for (code, changes) in broken() {
        let mut same = changes;
        for change in &mut same {
            // Whatever stands there already: an open port, a wildcard, a key without rotation.
            change["change"]["actions"] = json!(["no-op"]);
            change["change"]["before"] = change["change"]["after"].clone();
        }
        assert_eq!(codes_of(&same), Vec::<String>::new(), "{code}");
    }
    assert_eq!(reviewed_file("unchanged.json"), []);
}

#[test]
fn what_was_so_before_is_not_new() {
    let open =
        json!({ "cidr_ipv4": "0.0.0.0/0", "ip_protocol": "tcp", "from_port": 443, "to_port": 443 });
    let mut described = open.clone();
    described["description"] = json!("new words");
    let found = codes_of(&[update(
        "aws_vpc_security_group_ingress_rule",
        open,
        described,
    )]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_schedule_owns_the_size_that_it_sets() {
    let schedule = change(
        "aws_autoscaling_schedule",
        &["no-op"],
        json!({}),
        json!({ "autoscaling_group_name": "g", "min_size": 2, "max_size": -1 }),
    );
    let group = |min: u32, max: u32| json!({ "name": "g", "min_size": min, "max_size": max });
    let moved = |after: Value| {
        codes_of(&[
            schedule.clone(),
            update("aws_autoscaling_group", group(1, 9), after),
        ])
    };
    assert_eq!(moved(group(2, 9)), ["plan.group-size"]);
    assert_eq!(
        moved(group(1, 5)),
        Vec::<String>::new(),
        "nothing else sets the largest size"
    );
}

#[test]
fn drift_counts_where_the_plan_undoes_it() {
    let mut plan: Value =
        serde_json::from_str(&plan_of(&[update("aws_subnet", json!({}), json!({}))]))
            .expect("JSON");
    let drifted = update("aws_subnet", json!({ "a": 1 }), json!({ "a": 2 }));
    let elsewhere = update("aws_vpc", json!({ "a": 1 }), json!({ "a": 2 }));
    plan["resource_drift"] = json!([drifted, elsewhere]);
    let found = found_in(&plan.to_string(), "");
    assert_eq!(
        found,
        [(
            "plan.drift".to_owned(),
            "aws_subnet.it was changed outside of Terraform".to_owned()
        )]
    );
}

#[test]
fn a_larger_disk_replaces_every_worker_and_nothing_else() {
    assert_eq!(
        reviewed_file("volume_size.json"),
        [(
            "plan.instance-refresh".to_owned(),
            "aws_autoscaling_group.workers replaces every instance".to_owned()
        )]
    );
}

#[test]
fn another_range_replaces_the_network() {
    let found = reviewed_file("cidr_block.json");
    let replaced = found
        .iter()
        .filter(|(code, _)| code == "plan.replace")
        .count();
    assert_eq!(replaced, 32);
    let others: BTreeSet<&str> = found
        .iter()
        .map(|(code, _)| code.as_str())
        .filter(|code| *code != "plan.replace")
        .collect();
    assert_eq!(others, ["plan.instance-refresh"].into());
}
