//! `valet-gen plan-review`: what a plan allows, wherever a policy stands and however a permission comes.

use serde_json::{Value, json};

use crate::plan_review::{change, codes_of, found_in, plan_of, policy, update};

#[test]
fn a_bucket_for_everybody_is_broad_unless_a_condition_says_who() {
    let public =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*" });
    let mut own = public.clone();
    own["Condition"] = json!({ "StringEquals": { "aws:PrincipalAccount": "1" } });
    let bucket = |statement: &Value| {
        codes_of(&[change(
            "aws_s3_bucket_policy",
            &["create"],
            Value::Null,
            policy(statement),
        )])
    };
    assert_eq!(bucket(&public), ["plan.iam-broad"]);
    assert_eq!(bucket(&own), ["plan.iam-granted"]);
}

fn messages(changes: &[Value]) -> Vec<String> {
    let found = found_in(&plan_of(changes), "");
    found
        .into_iter()
        .map(|(code, message)| format!("{code}: {message}"))
        .collect()
}

fn statement(kind: &str, before: &Value, after: &Value) -> Vec<String> {
    messages(&[update(kind, policy(before), policy(after))])
}

#[test]
fn a_policy_is_read_wherever_it_stands() {
    let none = json!({ "Effect": "Deny", "Action": "x:y", "Resource": "*" });
    let open = json!({ "Effect": "Allow", "Principal": "*", "Action": "x:y", "Resource": "*" });
    for kind in [
        "aws_ecr_registry_policy",
        "aws_glacier_vault_lock",
        "aws_backup_vault_policy",
        "aws_kinesis_resource_policy",
        "aws_quantum_vault_policy",
        "aws_api_gateway_rest_api",
        "aws_iam_user_policy",
    ] {
        let found = statement(kind, &none, &open);
        assert!(
            found.contains(&format!(
                "plan.iam-broad: {kind}.it allows everybody, and no condition says who"
            )),
            "{kind}: {found:?}"
        );
    }
    let document = |statement: &Value| json!({ "Statement": [statement] }).to_string();
    let nested = |statement: &Value| json!({ "inline_policy": [{ "name": "x", "policy": document(statement) }] });
    let found = messages(&[update("aws_iam_role", nested(&none), nested(&open))]);
    assert!(
        found.iter().any(|one| one.starts_with("plan.iam-broad")),
        "{found:?}"
    );
    let access = |statement: &Value| json!({ "access_policies": document(statement), "vpc_options": [{ "subnet_ids": ["a"] }] });
    let found = messages(&[update(
        "aws_opensearch_domain",
        access(&none),
        access(&open),
    )]);
    assert!(
        found.iter().any(|one| one.starts_with("plan.iam-broad")),
        "{found:?}"
    );
    // An endpoint grants nothing by itself.
    let found = statement("aws_vpc_endpoint", &none, &open);
    assert_eq!(
        found,
        [
            "plan.iam-granted: aws_vpc_endpoint.it allows more",
            "plan.iam-granted: aws_vpc_endpoint.it denies less"
        ]
    );
}

#[test]
fn a_denial_that_goes_with_its_policy_counts_where_the_resource_stays() {
    let denial = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*" });
    let mut before = policy(&denial);
    before["bucket"] = json!("b");
    let gone = change("aws_s3_bucket_policy", &["delete"], before, Value::Null);
    let found = messages(std::slice::from_ref(&gone));
    assert!(
        found.contains(&"plan.iam-granted: aws_s3_bucket_policy.it denies less".to_owned()),
        "{found:?}"
    );
    let bucket = change(
        "aws_s3_bucket",
        &["delete"],
        json!({ "bucket": "b", "id": "b" }),
        Value::Null,
    );
    let found = messages(&[gone, bucket]);
    assert!(
        !found.iter().any(|one| one.contains("iam-granted")),
        "{found:?}"
    );
}

#[test]
fn a_policy_that_must_not_be_shown_is_said_to_be_unjudged() {
    let listed = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:hush" });
    let mut hidden = change("aws_iam_policy", &["create"], Value::Null, policy(&listed));
    hidden["change"]["after_sensitive"] = json!({ "policy": true });
    assert_eq!(
        messages(&[hidden]),
        ["plan.unknown-value: aws_iam_policy.it cannot be judged whole"]
    );
}

#[test]
fn permissions_come_by_attachment_by_grant_and_without_a_boundary() {
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    for (kind, path, value) in [
        ("aws_iam_role", "managed_policy_arns", json!([arn])),
        (
            "aws_iam_role_policy_attachments_exclusive",
            "policy_arns",
            json!([arn]),
        ),
        (
            "aws_ssoadmin_managed_policy_attachment",
            "managed_policy_arn",
            json!(arn),
        ),
    ] {
        let found = codes_of(&[update(kind, json!({}), json!({ path: value }))]);
        assert!(
            found.contains(&"plan.iam-broad".to_owned()),
            "{kind}: {found:?}"
        );
    }
    let grant = json!({ "operations": ["Decrypt"], "grantee_principal": "arn:aws:iam::111122223333:role/x" });
    let found = codes_of(&[change("aws_kms_grant", &["create"], Value::Null, grant)]);
    assert_eq!(found, ["plan.iam-granted"]);
    let with = json!({ "permissions_boundary": "arn:aws:iam::111122223333:policy/boundary" });
    let found = codes_of(&[update("aws_iam_role", with, json!({}))]);
    assert_eq!(found, ["plan.protection-removed"]);
}
