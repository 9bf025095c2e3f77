//! Encryption, logging and other protections that go.

use serde_json::Value;

use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::terraform_plan::Action;
use crate::review::values::{at, is_absent, is_marked, is_off, is_on, strings_at};

pub const RULES: &[Rule] = &[
    Rule {
        code: "plan.encryption-off",
        severity: Severity::Error,
        title: "What is encrypted stays encrypted, with its own key",
        reason: "Without encryption a copied snapshot or a stolen disk is readable. AWS's own key in \
              place of the fleet's takes away who may use it and the record of its use",
        run: encryption,
    },
    Rule {
        code: "plan.protection-removed",
        severity: Severity::Error,
        title: "No protection is removed",
        reason: "Deletion protection, versions, key rotation, required session tokens, records of \
              access and the drain hook are there for the day on which something else fails",
        run: protection,
    },
    Rule {
        code: "plan.retention-shortened",
        severity: Severity::Warning,
        title: "Records are kept for as long as before",
        reason: "CloudWatch Logs deletes the older events within days after a group's retention is \
              shortened, and a longer one does not bring them back",
        run: retention,
    },
];

/// Switches that encrypt: they have to be on.
const ENCRYPTS: &[(&str, &str)] = &[
    ("aws_db_instance", "storage_encrypted"),
    ("aws_docdb_cluster", "storage_encrypted"),
    ("aws_ebs_encryption_by_default", "enabled"),
    ("aws_ebs_volume", "encrypted"),
    ("aws_efs_file_system", "encrypted"),
    (
        "aws_elasticache_replication_group",
        "at_rest_encryption_enabled",
    ),
    (
        "aws_elasticache_replication_group",
        "transit_encryption_enabled",
    ),
    ("aws_instance", "root_block_device.encrypted"),
    ("aws_kms_key", "is_enabled"),
    ("aws_launch_template", "block_device_mappings.ebs.encrypted"),
    ("aws_rds_cluster", "storage_encrypted"),
    ("aws_redshift_cluster", "encrypted"),
    ("aws_sqs_queue", "sqs_managed_sse_enabled"),
];

/// Where a key of one's own is named.
const KEYS: &[(&str, &str)] = &[
    ("aws_cloudtrail", "kms_key_id"),
    ("aws_cloudwatch_log_group", "kms_key_id"),
    (
        "aws_launch_template",
        "block_device_mappings.ebs.kms_key_id",
    ),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        SSE_KEY,
    ),
    ("aws_secretsmanager_secret", "kms_key_id"),
    ("aws_sns_topic", "kms_master_key_id"),
    ("aws_sqs_queue", "kms_master_key_id"),
    ("aws_ssm_parameter", "key_id"),
];

const SSE_KEY: &str = "rule.apply_server_side_encryption_by_default.kms_master_key_id";
const SSE: &str = "rule.apply_server_side_encryption_by_default.sse_algorithm";

fn encryption(context: &Context<'_>, findings: &mut Findings) {
    let (change, values) = (context.change, context.values);
    let kind = change.resource_type.as_ref();
    let help = "keep the encryption, or waive this finding with the reason";
    if change.action == Action::Destroy {
        if matches!(
            kind,
            "aws_s3_bucket_server_side_encryption_configuration" | "aws_ebs_encryption_by_default"
        ) {
            findings.push(
                format!("{} is destroyed", change.address),
                "it encrypts what is new",
                help,
            );
        }
        return;
    }
    if values.after.is_null() {
        return;
    }
    for (_, path) in ENCRYPTS.iter().filter(|(of, _)| *of == kind) {
        // A queue with a key of its own needs no other.
        let has_key = *path == "sqs_managed_sse_enabled"
            && (!is_absent(&values.after, "kms_master_key_id")
                || is_marked(&values.unknown, "kms_master_key_id"));
        let was_off = !values.before.is_null() && is_off(&values.before, path);
        if is_off(&values.after, path) && !was_off && !has_key {
            let message = format!("{} is not encrypted", change.address);
            findings.push(message, format!("`{path}` is off"), help);
        }
    }
    for (_, path) in KEYS.iter().filter(|(of, _)| *of == kind) {
        let gone = !is_absent(&values.before, path)
            && is_absent(&values.after, path)
            && !is_marked(&values.unknown, path);
        if gone
            && !(*path == "key_id"
                && strings_at(&values.after, "type").all(|of| of != "SecureString"))
        {
            let message = format!("{} loses its own key", change.address);
            findings.push(message, format!("`{path}` is taken out"), help);
        }
    }
    let was = |word: &str, path: &str| strings_at(&values.before, path).any(|found| found == word);
    let is = |word: &str, path: &str| strings_at(&values.after, path).any(|found| found == word);
    if kind == "aws_ssm_parameter" && was("SecureString", "type") && !is("SecureString", "type") {
        let message = format!("{} is not encrypted any more", change.address);
        findings.push(message, "`type` was \"SecureString\"", help);
    }
    if kind.ends_with("_server_side_encryption_configuration")
        && was("aws:kms", SSE)
        && is("AES256", SSE)
    {
        let message = format!("{} uses AWS's own key", change.address);
        findings.push(message, "`sse_algorithm` was \"aws:kms\"", help);
    }
}

/// Whether it is known what protects a type.
pub fn knows(kind: &str) -> bool {
    ENCRYPTS
        .iter()
        .chain(KEYS)
        .chain(GUARDS)
        .any(|(of, _)| *of == kind)
}

/// Switches that protect: turning one off is a finding.
const PROTECTS: &[(&str, &str)] = &[
    ("*", "deletion_protection"),
    ("*", "deletion_protection_enabled"),
    ("*", "disable_api_stop"),
    ("*", "disable_api_termination"),
    ("*", "enable_deletion_protection"),
    ("*", "point_in_time_recovery.enabled"),
    ("*", "protect_from_scale_in"),
    ("aws_cloudtrail", "enable_log_file_validation"),
    ("aws_cloudtrail", "enable_logging"),
    ("aws_cloudtrail", "is_multi_region_trail"),
    ("aws_guardduty_detector", "enable"),
    ("aws_kms_key", "enable_key_rotation"),
    ("aws_launch_template", "monitoring.enabled"),
];

/// Switches that take a protection away: turning one on is a finding.
const EXPOSES: &[(&str, &str)] = &[
    ("*", "force_delete"),
    ("*", "force_destroy"),
    ("*", "skip_final_snapshot"),
    ("aws_kms_key", "bypass_policy_lockout_safety_check"),
];

/// Words that protect: type, path, the word that is lost.
const WORDS: &[(&str, &str, &str)] = &[
    (
        "aws_ec2_instance_metadata_defaults",
        "http_tokens",
        "required",
    ),
    ("aws_guardduty_detector_feature", "status", "ENABLED"),
    ("aws_instance", "metadata_options.http_tokens", "required"),
    (
        "aws_launch_template",
        "metadata_options.http_tokens",
        "required",
    ),
    (
        "aws_s3_bucket_ownership_controls",
        "rule.object_ownership",
        "BucketOwnerEnforced",
    ),
    (
        "aws_s3_bucket_versioning",
        "versioning_configuration.mfa_delete",
        "Enabled",
    ),
    (
        "aws_s3_bucket_versioning",
        "versioning_configuration.status",
        "Enabled",
    ),
];

/// What protects by being there: type, and what it does.
const GUARDS: &[(&str, &str)] = &[
    (
        "aws_autoscaling_lifecycle_hook",
        "it lets an instance end its tasks before it ends",
    ),
    ("aws_cloudtrail", "it records API calls"),
    ("aws_cloudwatch_composite_alarm", "it pages somebody"),
    (
        "aws_cloudwatch_metric_alarm",
        "it pages somebody, or scales the group",
    ),
    (
        "aws_default_security_group",
        "it keeps the default group without rules",
    ),
    (
        "aws_ebs_snapshot_block_public_access",
        "it keeps snapshots from being public",
    ),
    (
        "aws_ec2_image_block_public_access",
        "it keeps images from being public",
    ),
    (
        "aws_ec2_instance_metadata_defaults",
        "it requires session tokens",
    ),
    ("aws_flow_log", "it records connections"),
    ("aws_guardduty_detector", "it looks for attacks"),
    ("aws_guardduty_detector_feature", "it looks for attacks"),
    ("aws_inspector2_enabler", "it looks for vulnerabilities"),
    (
        "aws_s3_account_public_access_block",
        "it keeps buckets from being public",
    ),
    (
        "aws_s3_bucket_public_access_block",
        "it keeps the bucket from being public",
    ),
    ("aws_s3_bucket_versioning", "it keeps what is overwritten"),
    ("aws_sns_topic_subscription", "it tells somebody of alarms"),
];

fn protection(context: &Context<'_>, findings: &mut Findings) {
    let (change, values) = (context.change, context.values);
    let kind = change.resource_type.as_ref();
    let help = "keep the protection, or waive this finding with the reason";
    if change.action == Action::Destroy && !change.is_deposed {
        for (_, does) in GUARDS.iter().filter(|(of, _)| *of == kind) {
            findings.push(format!("{} is destroyed", change.address), *does, help);
        }
        return;
    }
    if values.before.is_null() || values.after.is_null() {
        return;
    }
    let of_kind = |of: &str| of == "*" || of == kind;
    for (_, path) in PROTECTS.iter().filter(|(of, _)| of_kind(of)) {
        if is_on(&values.before, path)
            && !is_on(&values.after, path)
            && !is_marked(&values.unknown, path)
        {
            findings.push(
                format!("{} loses `{path}`", change.address),
                "it was on",
                help,
            );
        }
    }
    for (_, path) in EXPOSES.iter().filter(|(of, _)| of_kind(of)) {
        if !is_on(&values.before, path) && is_on(&values.after, path) {
            findings.push(
                format!("{} gets `{path}`", change.address),
                "it was off",
                help,
            );
        }
    }
    for (_, path, word) in WORDS.iter().filter(|(of, ..)| *of == kind) {
        let has = |value: &Value| strings_at(value, path).any(|found| found == *word);
        if has(&values.before) && !has(&values.after) && !is_marked(&values.unknown, path) {
            let message = format!("{} loses a protection", change.address);
            findings.push(message, format!("`{path}` was {word:?}"), help);
        }
    }
}

/// Numbers of days that must not fall.
const DAYS: &[(&str, &str)] = &[
    ("*", "backup_retention_period"),
    ("*", "deletion_window_in_days"),
    ("*", "recovery_window_in_days"),
    ("*", "retention_in_days"),
    (
        "aws_s3_bucket_lifecycle_configuration",
        "rule.expiration.days",
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        "rule.noncurrent_version_expiration.noncurrent_days",
    ),
];

fn retention(context: &Context<'_>, findings: &mut Findings) {
    let (change, values) = (context.change, context.values);
    if values.before.is_null() || values.after.is_null() {
        return;
    }
    let days = |value: &Value, path: &str| at(value, path).into_iter().find_map(Value::as_i64);
    for (_, path) in DAYS
        .iter()
        .filter(|(of, _)| *of == "*" || *of == change.resource_type)
    {
        let (Some(before), Some(after)) = (days(&values.before, path), days(&values.after, path))
        else {
            continue;
        };
        // 0 is "for ever" in a log group, and "not at all" elsewhere.
        let for_ever = change.resource_type == "aws_cloudwatch_log_group";
        let length = |days: i64| {
            if for_ever && days == 0 {
                i64::MAX
            } else {
                days
            }
        };
        if length(after) < length(before) {
            findings.push(
                format!("{} keeps less", change.address),
                format!("`{path}` falls from {before} to {after} days"),
                "keep the number of days, or export what is still needed first",
            );
        }
    }
}
