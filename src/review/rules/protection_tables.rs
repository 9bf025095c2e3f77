//! What protects a resource, by type: encryption, switches, words, numbers, and what protects by being there. `*` is
//! every type: an argument of that name means the same wherever the provider has it.

/// Switches that encrypt: they have to be on.
pub const ENCRYPTS: &[(&str, &str)] = &[
    ("*", "at_rest_encryption_enabled"),
    ("*", "encrypted"),
    ("*", "storage_encrypted"),
    ("*", "transit_encryption_enabled"),
    ("aws_ebs_encryption_by_default", "enabled"),
    ("aws_instance", "root_block_device.encrypted"),
    ("aws_kms_key", "is_enabled"),
    ("aws_launch_template", "block_device_mappings.ebs.encrypted"),
    ("aws_sqs_queue", "sqs_managed_sse_enabled"),
];

/// Where a key of one's own is named.
pub const KEYS: &[(&str, &str)] = &[
    ("*", "kms_key_arn"),
    ("*", "kms_key_id"),
    ("*", "kms_master_key_id"),
    (
        "aws_launch_template",
        "block_device_mappings.ebs.kms_key_id",
    ),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        SSE_KEY,
    ),
    ("aws_ssm_parameter", "key_id"),
];

pub const SSE_KEY: &str = "rule.apply_server_side_encryption_by_default.kms_master_key_id";
pub const SSE: &str = "rule.apply_server_side_encryption_by_default.sse_algorithm";

/// Switches that protect: turning one off is a finding.
pub const PROTECTS: &[(&str, &str)] = &[
    ("*", "deletion_protection"),
    ("*", "deletion_protection_enabled"),
    ("*", "disable_api_stop"),
    ("*", "disable_api_termination"),
    ("*", "enable_deletion_protection"),
    ("*", "point_in_time_recovery.enabled"),
    ("*", "protect_from_scale_in"),
    ("*", "termination_protection"),
    ("*", "termination_protection_enabled"),
    ("aws_cloudtrail", "enable_log_file_validation"),
    ("aws_cloudtrail", "enable_logging"),
    ("aws_cloudtrail", "include_global_service_events"),
    ("aws_cloudtrail", "is_multi_region_trail"),
    ("aws_config_configuration_recorder_status", "is_enabled"),
    (
        "aws_ecr_repository",
        "image_scanning_configuration.scan_on_push",
    ),
    ("aws_guardduty_detector", "enable"),
    ("aws_kms_key", "enable_key_rotation"),
    ("aws_launch_template", "monitoring.enabled"),
    ("aws_s3_bucket", "versioning.enabled"),
];

/// Switches that take a protection away: turning one on is a finding.
pub const EXPOSES: &[(&str, &str)] = &[
    ("*", "force_delete"),
    ("*", "force_destroy"),
    ("*", "skip_final_snapshot"),
    ("aws_kms_key", "bypass_policy_lockout_safety_check"),
];

/// Words that protect: type, path, the word that is lost.
pub const WORDS: &[(&str, &str, &str)] = &[
    (
        "aws_ebs_snapshot_block_public_access",
        "state",
        "block-all-sharing",
    ),
    (
        "aws_ec2_instance_metadata_defaults",
        "http_tokens",
        "required",
    ),
    ("aws_ecr_repository", "image_tag_mutability", "IMMUTABLE"),
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
    (
        "aws_vpc_block_public_access_options",
        "internet_gateway_block_mode",
        "block-bidirectional",
    ),
    (
        "aws_vpc_block_public_access_options",
        "internet_gateway_block_mode",
        "block-ingress",
    ),
];

/// What protects by being named: type, argument, and what it does.
pub const NAMED: &[(&str, &str, &str)] = &[
    (
        "aws_cloudtrail",
        "cloud_watch_logs_group_arn",
        "alarms look for API calls in it",
    ),
    (
        "aws_iam_role",
        "permissions_boundary",
        "no policy grants more than it",
    ),
    (
        "aws_iam_user",
        "permissions_boundary",
        "no policy grants more than it",
    ),
    (
        "aws_lambda_function",
        "code_signing_config_arn",
        "only signed code runs",
    ),
    ("aws_sqs_queue", "redrive_policy", "what fails is kept"),
];

/// Numbers that protect by being small.
pub const SMALL: &[(&str, &str)] = &[
    (
        "aws_ec2_instance_metadata_defaults",
        "http_put_response_hop_limit",
    ),
    ("aws_iam_role", "max_session_duration"),
    (
        "aws_instance",
        "metadata_options.http_put_response_hop_limit",
    ),
    (
        "aws_launch_template",
        "metadata_options.http_put_response_hop_limit",
    ),
];

/// What protects by being there: type, and what it does.
pub const GUARDS: &[(&str, &str)] = &[
    (
        "aws_accessanalyzer_analyzer",
        "it looks for what others may read",
    ),
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
        "aws_config_configuration_recorder",
        "it records how resources are configured",
    ),
    (
        "aws_config_configuration_recorder_status",
        "it records how resources are configured",
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
    (
        "aws_emr_block_public_access_configuration",
        "it keeps clusters from being public",
    ),
    ("aws_flow_log", "it records connections"),
    ("aws_guardduty_detector", "it looks for attacks"),
    ("aws_guardduty_detector_feature", "it looks for attacks"),
    (
        "aws_iam_account_password_policy",
        "it keeps passwords from being guessed",
    ),
    ("aws_inspector2_enabler", "it looks for vulnerabilities"),
    (
        "aws_macie2_account",
        "it looks for what should not be in buckets",
    ),
    (
        "aws_s3_account_public_access_block",
        "it keeps buckets from being public",
    ),
    (
        "aws_s3_bucket_public_access_block",
        "it keeps the bucket from being public",
    ),
    (
        "aws_s3_bucket_object_lock_configuration",
        "it keeps objects from being deleted",
    ),
    (
        "aws_s3_bucket_ownership_controls",
        "it keeps access control lists off",
    ),
    ("aws_s3_bucket_versioning", "it keeps what is overwritten"),
    ("aws_securityhub_account", "it collects findings"),
    ("aws_sns_topic_subscription", "it tells somebody of alarms"),
    (
        "aws_vpc_block_public_access_options",
        "it keeps networks from the internet",
    ),
    ("aws_wafv2_web_acl_association", "it filters requests"),
];

/// Numbers of days that must not fall, and what the provider takes where one is left out.
pub const DAYS: &[(&str, &str, Option<i64>)] = &[
    ("*", "backup_retention_period", Some(1)),
    ("*", "deletion_window_in_days", Some(30)),
    ("*", "recovery_window_in_days", Some(30)),
    ("*", "retention_in_days", None),
    ("*", "snapshot_retention_limit", Some(0)),
    (
        "aws_s3_bucket_object_lock_configuration",
        "rule.default_retention.days",
        None,
    ),
];

/// Rules that delete after a number of days: the shortest of them must not fall, and none is for ever.
pub const DELETES_AFTER: &[(&str, &str)] = &[
    (
        "aws_s3_bucket_lifecycle_configuration",
        "rule.expiration.days",
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        "rule.noncurrent_version_expiration.noncurrent_days",
    ),
    ("aws_s3_bucket", "lifecycle_rule.expiration.days"),
];

/// Whether it is known what protects a type.
#[must_use]
pub fn knows(kind: &str) -> bool {
    ENCRYPTS
        .iter()
        .chain(KEYS)
        .chain(GUARDS)
        .any(|(of, _)| *of == kind)
}

/// Switches that encrypt resources of a type.
pub fn encrypts(kind: &str) -> impl Iterator<Item = &'static str> + '_ {
    of_kind(ENCRYPTS, kind)
}

/// Switches that protect resources of a type.
pub fn required_arguments(kind: &str) -> impl Iterator<Item = &'static str> + '_ {
    of_kind(PROTECTS, kind)
}

fn of_kind(table: &'static [(&str, &str)], kind: &str) -> impl Iterator<Item = &'static str> {
    table
        .iter()
        .filter(move |(of, _)| *of == "*" || *of == kind)
        .map(|(_, path)| *path)
}
