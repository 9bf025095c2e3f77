//! `valet-gen plan-review`: what a plan takes away that protects, and what nobody knows before the apply.

use serde_json::{Value, json};

use crate::plan_review::{change, codes_of, update};

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn what_protects_is_missed_in_every_form() {
    for (kind, before, after, code) in [
        (
            "aws_kms_key",
            json!({}),
            json!({ "deletion_window_in_days": 7 }),
            "plan.retention-shortened",
        ),
        (
            "aws_kms_key",
            json!({ "deletion_window_in_days": 30 }),
            json!({ "deletion_window_in_days": 7 }),
            "plan.retention-shortened",
        ),
        (
            "aws_secretsmanager_secret",
            json!({}),
            json!({ "recovery_window_in_days": 0 }),
            "plan.retention-shortened",
        ),
        (
            "aws_db_instance",
            json!({ "backup_retention_period": 7 }),
            json!({ "backup_retention_period": 0 }),
            "plan.retention-shortened",
        ),
        (
            "aws_s3_bucket_lifecycle_configuration",
            json!({ "rule": [{ "expiration": [{ "days": 365 }] }, { "expiration": [{ "days": 90 }] }] }),
            json!({ "rule": [{ "expiration": [{ "days": 365 }] }, { "expiration": [{ "days": 9 }] }] }),
            "plan.retention-shortened",
        ),
        (
            "aws_s3_bucket",
            json!({ "versioning": [{ "enabled": true }] }),
            json!({ "versioning": [{ "enabled": false }] }),
            "plan.protection-removed",
        ),
        (
            "aws_s3_bucket_versioning",
            json!({ "versioning_configuration": [{ "status": "Enabled" }] }),
            json!({ "versioning_configuration": [{ "status": "Suspended" }] }),
            "plan.protection-removed",
        ),
        (
            "aws_cloudtrail",
            json!({ "enable_logging": true }),
            json!({ "enable_logging": false }),
            "plan.protection-removed",
        ),
        (
            "aws_cloudtrail",
            json!({ "include_global_service_events": true }),
            json!({}),
            "plan.protection-removed",
        ),
        (
            "aws_launch_template",
            json!({ "metadata_options": [{ "http_put_response_hop_limit": 1 }] }),
            json!({ "metadata_options": [{ "http_put_response_hop_limit": 2 }] }),
            "plan.protection-removed",
        ),
        (
            "aws_emr_cluster",
            json!({ "termination_protection": true }),
            json!({ "termination_protection": false }),
            "plan.protection-removed",
        ),
        (
            "aws_neptune_cluster",
            json!({ "storage_encrypted": true }),
            json!({ "storage_encrypted": false }),
            "plan.encryption-off",
        ),
        (
            "aws_ssm_parameter",
            json!({ "type": "SecureString" }),
            json!({ "type": "String" }),
            "plan.encryption-off",
        ),
        (
            "aws_backup_vault",
            json!({ "kms_key_arn": "arn:k" }),
            json!({}),
            "plan.encryption-off",
        ),
    ] {
        let found = codes_of(&[update(kind, before.clone(), after.clone())]);
        assert!(found.contains(&code.to_owned()), "{kind}: {found:?}");
        let back = codes_of(&[update(kind, after, before)]);
        assert!(
            !back.contains(&code.to_owned()),
            "{kind}, the other way: {back:?}"
        );
    }
    for guard in [
        "aws_s3_bucket_public_access_block",
        "aws_cloudtrail",
        "aws_config_configuration_recorder",
        "aws_securityhub_account",
    ] {
        let found = codes_of(&[change(guard, &["delete"], json!({}), Value::Null)]);
        assert!(
            found.contains(&"plan.protection-removed".to_owned()),
            "{guard}: {found:?}"
        );
    }
}

#[test]
fn what_a_rule_needs_and_nobody_knows_is_said() {
    let unknown = |kind: &str, before: Value, markers: Value| {
        let mut one = change(kind, &["update"], before, json!({}));
        one["change"]["after_unknown"] = markers;
        codes_of(&[one])
    };
    for (kind, before, markers) in [
        (
            "aws_lb",
            json!({ "internal": true }),
            json!({ "internal": true }),
        ),
        (
            "aws_kms_key",
            json!({ "enable_key_rotation": true }),
            json!({ "enable_key_rotation": true }),
        ),
        (
            "aws_quantum_vault",
            json!({}),
            json!({ "resource_policy": true }),
        ),
        (
            "aws_launch_template",
            json!({}),
            json!({ "network_interfaces": [{ "associate_public_ip_address": true }] }),
        ),
        (
            "aws_s3_bucket_public_access_block",
            json!({}),
            json!({ "block_public_acls": true }),
        ),
        (
            "aws_vpc_security_group_ingress_rule",
            json!({}),
            json!({ "prefix_list_id": true }),
        ),
    ] {
        let found = unknown(kind, before, markers);
        assert!(
            found.contains(&"plan.unknown-value".to_owned()),
            "{kind}: {found:?}"
        );
    }
    let found = unknown("aws_subnet", json!({}), json!({ "id": true, "arn": true }));
    assert_eq!(found, Vec::<String>::new());
}
