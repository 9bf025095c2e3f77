//! `valet-gen plan-review`: what a plan does beside changing resources, and what of it is not printed.

use jiff::civil::date;
use serde_json::{Value, json};
use valet_gen::review::{plan_markdown, review, terraform_plan};

use crate::plan_review::{change, found_in, plan_of, policy, update};

#[test]
fn the_value_of_a_sensitive_attribute_is_not_printed() {
    let listed = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:hush" });
    let mut hidden = change("aws_iam_policy", &["create"], Value::Null, policy(&listed));
    hidden["change"]["after_sensitive"] = json!({ "policy": true });
    let text = plan_of(&[hidden]);
    let plan = terraform_plan::read(&text).expect("a plan");
    let page = plan_markdown::print(&review(&plan, None, &[], date(2026, 9, 1)));
    assert!(!page.contains("hush"), "{page}");
}

/// A rule that prints what it finds does not print what must not be.
#[test]
fn no_finding_prints_a_sensitive_value() {
    let rule = json!({ "cidr_ipv4": "203.0.112.0/5", "ip_protocol": "hushed", "description": "hushed as well" });
    let mut hidden = change(
        "aws_vpc_security_group_ingress_rule",
        &["create"],
        Value::Null,
        rule,
    );
    hidden["change"]["after_sensitive"] = json!({ "cidr_ipv4": true, "ip_protocol": true });
    let attached = json!({ "policy_arn": "arn:aws:iam::111122223333:policy/hushed" });
    let mut attachment = change(
        "aws_iam_role_policy_attachment",
        &["create"],
        Value::Null,
        attached,
    );
    attachment["change"]["after_sensitive"] = json!({ "policy_arn": true });
    let text = plan_of(&[hidden, attachment]);
    let plan = terraform_plan::read(&text).expect("a plan");
    let reviewed = review(&plan, None, &[], date(2026, 9, 1));
    for text in [plan_markdown::print(&reviewed), reviewed.to_json()] {
        assert!(!text.contains("203.0.112.0"), "{text}");
        assert!(!text.contains("policy/hushed"), "{text}");
        assert!(text.contains("plan.public-exposure"), "{text}");
    }
}

#[test]
fn what_is_moved_or_taken_over_is_listed() {
    let mut moved = update("aws_vpc", json!({}), json!({}));
    moved["change"]["actions"] = json!(["no-op"]);
    moved["previous_address"] = json!("aws_vpc.old");
    let mut imported = update("aws_s3_bucket", json!({}), json!({ "force_destroy": true }));
    imported["change"]["importing"] = json!({ "id": "b" });
    let text = plan_of(&[moved, imported]);
    let plan = terraform_plan::read(&text).expect("a plan");
    let reviewed = review(&plan, None, &[], date(2026, 9, 1));
    assert_eq!(
        plan_markdown::summary(&reviewed),
        "1 to update, 1 to import, 1 moved"
    );
    let page = plan_markdown::print(&reviewed);
    assert!(
        page.contains("| move | `aws_vpc.it` | moved from `aws_vpc.old` |"),
        "{page}"
    );
    assert!(
        page.contains(
            "| update | `aws_s3_bucket.it` | it is there already, and Terraform takes it over |"
        ),
        "{page}"
    );
    let document: Value = serde_json::from_str(&reviewed.to_json()).expect("JSON");
    assert_eq!(document["resources"][0]["moved_from"], "aws_vpc.old");
    assert_eq!(document["resources"][1]["imported"], true);
    assert_eq!(document["actions"], json!({ "update": 1 }));
    // What was there already is judged like any change.
    assert_eq!(document["findings"][0]["code"], "plan.protection-removed");
}

fn with(key: &str, value: Value) -> String {
    let mut plan: Value = serde_json::from_str(&plan_of(&[])).expect("JSON");
    plan[key] = value;
    plan.to_string()
}

#[test]
fn what_runs_beside_the_changes_is_named() {
    let plan = with(
        "action_invocations",
        json!([
            {
                "address": "action.aws_ec2_stop_instance.it", "type": "aws_ec2_stop_instance", "name": "it",
                "lifecycle_action_trigger": { "triggering_resource_address": "aws_vpc.it", "action_trigger_event": "AfterUpdate" },
            },
            { "address": "action.aws_lambda_invoke.it", "type": "aws_lambda_invoke", "name": "it" },
        ]),
    );
    assert_eq!(
        found_in(&plan, ""),
        [
            (
                "plan.action-invoked".to_owned(),
                "action.aws_ec2_stop_instance.it runs".to_owned()
            ),
            (
                "plan.action-invoked".to_owned(),
                "action.aws_lambda_invoke.it runs".to_owned()
            ),
        ]
    );
}

#[test]
fn a_plan_that_puts_something_off_is_incomplete() {
    let deferred = json!([{ "reason": "instance_count_unknown", "resource_change": {} }]);
    for key in ["deferred_changes", "deferred_action_invocations"] {
        let text = with(key, deferred.clone());
        let refused = terraform_plan::read(&text).expect_err("it is incomplete");
        assert!(
            refused.problem.starts_with("the plan is incomplete"),
            "{}",
            refused.problem
        );
        assert!(terraform_plan::read(&with(key, json!([]))).is_ok());
    }
}
