//! How the provider compares two configurations: what it tags, which lists have no order, what it takes for an argument
//! that is left out, and what it keeps in no state.

/// Types that take no tags, among those that valet-gen renders. `default_tags` do not reach them.
const UNTAGGED: &[&str] = &[
    "aws_autoscaling_group",
    "aws_autoscaling_lifecycle_hook",
    "aws_autoscaling_policy",
    "aws_autoscaling_schedule",
    "aws_cloudwatch_dashboard",
    "aws_cloudwatch_event_target",
    "aws_cloudwatch_log_metric_filter",
    "aws_ebs_encryption_by_default",
    "aws_ebs_snapshot_block_public_access",
    "aws_ec2_image_block_public_access",
    "aws_ec2_instance_metadata_defaults",
    "aws_guardduty_detector_feature",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_inspector2_enabler",
    "aws_kms_alias",
    "aws_kms_grant",
    "aws_route",
    "aws_route_table_association",
    "aws_s3_account_public_access_block",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_secretsmanager_secret_version",
    "aws_sns_topic_policy",
    "aws_sns_topic_subscription",
    "aws_sqs_queue_policy",
];

/// Whether the provider's `default_tags` reach resources of a type.
#[must_use]
pub fn is_tagged(kind: &str) -> bool {
    !UNTAGGED.contains(&kind)
}

/// Lists of which the provider compares the members and not the order.
const SETS: &[(&str, &str)] = &[
    ("aws_autoscaling_group", "enabled_metrics"),
    ("aws_autoscaling_group", "suspended_processes"),
    ("aws_autoscaling_group", "tag"),
    ("aws_autoscaling_group", "vpc_zone_identifier"),
    ("aws_cloudwatch_metric_alarm", "alarm_actions"),
    ("aws_cloudwatch_metric_alarm", "metric_query"),
    ("aws_cloudwatch_metric_alarm", "ok_actions"),
    ("aws_vpc_endpoint", "route_table_ids"),
    ("aws_vpc_endpoint", "security_group_ids"),
    ("aws_vpc_endpoint", "subnet_ids"),
];

/// Whether the order of a list means nothing to the provider.
#[must_use]
pub fn is_set(kind: &str, attribute: &str) -> bool {
    SETS.contains(&(kind, attribute))
}

/// What the provider takes an argument for where it is left out, so that naming it changes nothing.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("aws_iam_instance_profile", "path", "/"),
    ("aws_iam_policy", "path", "/"),
    ("aws_iam_role", "path", "/"),
];

/// Whether a text is what an argument is anyhow.
#[must_use]
pub fn is_default(kind: &str, attribute: &str, text: &str) -> bool {
    DEFAULTS.contains(&(kind, attribute, text))
}

/// Whether an argument is sent once and kept in no state, so that a change of it is not seen.
#[must_use]
pub fn is_write_only(attribute: &str) -> bool {
    attribute.ends_with("_wo")
}
