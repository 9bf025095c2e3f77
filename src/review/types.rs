//! What is known of resource types: which attributes cannot change in place, what is lost with one,
//! and what stops while one is replaced.
//!
//! `terraform providers schema` does not say which attributes force a replacement, so the table is
//! our own, read from hashicorp/aws 5.90 to 6. The tests hold it against real plans. It is complete
//! for what valet-gen renders; for other types only data and interruptions are known.

/// What is known of a resource type.
#[derive(Clone, Copy, Debug)]
pub struct TypeFacts {
    pub name: &'static str,
    /// Attributes that cannot change in place, as `attribute` or `block.attribute`. `None` for a
    /// type of which that is not known.
    pub force_new: Option<&'static [&'static str]>,
    /// What is lost with the resource, where that is more than its settings.
    pub data: Option<&'static str>,
    /// What stops while it is replaced, or for ever when it is destroyed.
    pub interrupts: Option<&'static str>,
    /// Attributes that only AWS knows and that change with an update in place.
    pub renewed: &'static [&'static str],
}

const fn rendered(name: &'static str, force_new: &'static [&'static str]) -> TypeFacts {
    TypeFacts {
        name,
        force_new: Some(force_new),
        data: None,
        interrupts: None,
        renewed: &[],
    }
}

const fn other(name: &'static str) -> TypeFacts {
    TypeFacts {
        name,
        force_new: None,
        data: None,
        interrupts: None,
        renewed: &[],
    }
}

impl TypeFacts {
    const fn loses(mut self, data: &'static str) -> Self {
        self.data = Some(data);
        self
    }

    const fn interrupts(mut self, what: &'static str) -> Self {
        self.interrupts = Some(what);
        self
    }

    const fn renews(mut self, attributes: &'static [&'static str]) -> Self {
        self.renewed = attributes;
        self
    }
}

const OUTWARD: &str = "the workers' way to the internet";
const NETWORK: &str = "the workers' network";
const PERMISSIONS: &str = "the workers' permissions";

/// The types, sorted by name.
pub const TYPES: &[TypeFacts] = &[
    other("aws_ami"),
    rendered("aws_autoscaling_group", &["name"]).interrupts("every worker"),
    rendered(
        "aws_autoscaling_lifecycle_hook",
        &["name", "autoscaling_group_name"],
    )
    .interrupts("the drain of instances that end meanwhile"),
    rendered(
        "aws_autoscaling_policy",
        &["name", "autoscaling_group_name"],
    ),
    rendered(
        "aws_autoscaling_schedule",
        &["scheduled_action_name", "autoscaling_group_name"],
    ),
    other("aws_backup_vault").loses("the recovery points in the vault"),
    rendered("aws_cloudtrail", &["name"]).interrupts("the record of API calls"),
    rendered("aws_cloudwatch_composite_alarm", &["alarm_name"]),
    rendered("aws_cloudwatch_dashboard", &["dashboard_name"]),
    rendered(
        "aws_cloudwatch_event_rule",
        &["name", "name_prefix", "event_bus_name"],
    ),
    rendered(
        "aws_cloudwatch_event_target",
        &["rule", "target_id", "event_bus_name"],
    ),
    rendered(
        "aws_cloudwatch_log_group",
        &["name", "name_prefix", "log_group_class"],
    )
    .loses("the log events in the group"),
    rendered(
        "aws_cloudwatch_log_metric_filter",
        &["log_group_name", "name"],
    ),
    rendered("aws_cloudwatch_metric_alarm", &["alarm_name"]),
    other("aws_db_cluster_snapshot").loses("the snapshot"),
    other("aws_db_instance")
        .loses("the database")
        .interrupts("the database"),
    other("aws_db_snapshot").loses("the snapshot"),
    rendered("aws_default_security_group", &["vpc_id"]),
    other("aws_docdb_cluster")
        .loses("the database")
        .interrupts("the database"),
    other("aws_dynamodb_table")
        .loses("the table's items")
        .interrupts("the table"),
    rendered("aws_ebs_encryption_by_default", &[]),
    other("aws_ebs_snapshot").loses("the snapshot"),
    rendered("aws_ebs_snapshot_block_public_access", &[]),
    other("aws_ebs_volume")
        .loses("what is on the volume")
        .interrupts("the volume"),
    rendered("aws_ec2_image_block_public_access", &[]),
    rendered(
        "aws_ec2_instance_connect_endpoint",
        &["preserve_client_ip", "security_group_ids", "subnet_id"],
    )
    .interrupts("SSH through the endpoint"),
    rendered("aws_ec2_instance_metadata_defaults", &[]),
    other("aws_ecr_repository").loses("the images in the repository"),
    other("aws_efs_file_system")
        .loses("the files")
        .interrupts("the file system"),
    rendered(
        "aws_eip",
        &[
            "address",
            "domain",
            "network_border_group",
            "public_ipv4_pool",
        ],
    )
    .loses("the public address, which websites may have on a list")
    .interrupts(OUTWARD),
    other("aws_elasticache_replication_group")
        .loses("the cache's data")
        .interrupts("the cache"),
    rendered(
        "aws_flow_log",
        &[
            "eni_id",
            "iam_role_arn",
            "log_destination",
            "log_destination_type",
            "log_format",
            "max_aggregation_interval",
            "subnet_id",
            "traffic_type",
            "vpc_id",
        ],
    )
    .interrupts("the record of connections"),
    other("aws_fsx_lustre_file_system")
        .loses("the files")
        .interrupts("the file system"),
    rendered("aws_guardduty_detector", &[]).loses("GuardDuty's findings"),
    rendered("aws_guardduty_detector_feature", &["detector_id", "name"]),
    rendered("aws_iam_instance_profile", &["name", "name_prefix", "path"]).interrupts(PERMISSIONS),
    rendered(
        "aws_iam_policy",
        &["description", "name", "name_prefix", "path"],
    ),
    rendered("aws_iam_role", &["name", "name_prefix", "path"]).interrupts(PERMISSIONS),
    rendered("aws_iam_role_policy", &["name", "name_prefix", "role"]),
    rendered("aws_iam_role_policy_attachment", &["policy_arn", "role"]),
    rendered(
        "aws_iam_service_linked_role",
        &["aws_service_name", "custom_suffix"],
    )
    .interrupts("what Auto Scaling may do"),
    rendered("aws_inspector2_enabler", &["account_ids"]),
    other("aws_instance")
        .loses("what is on the instance's volumes")
        .interrupts("the instance"),
    rendered("aws_internet_gateway", &[]).interrupts(OUTWARD),
    other("aws_kinesis_stream")
        .loses("the records in the stream")
        .interrupts("the stream"),
    rendered("aws_kms_alias", &["name", "name_prefix"]),
    rendered(
        "aws_kms_grant",
        &[
            "constraints",
            "grant_creation_tokens",
            "grantee_principal",
            "key_id",
            "name",
            "operations",
            "retiring_principal",
        ],
    ),
    rendered(
        "aws_kms_key",
        &[
            "custom_key_store_id",
            "customer_master_key_spec",
            "key_usage",
            "multi_region",
        ],
    )
    .loses("everything that is encrypted with the key, once its waiting period is over")
    .interrupts("everything that decrypts with the key"),
    rendered("aws_launch_template", &["name", "name_prefix"])
        .renews(&["default_version", "latest_version"]),
    other("aws_lb").interrupts("the load balancer"),
    rendered(
        "aws_nat_gateway",
        &[
            "allocation_id",
            "connectivity_type",
            "private_ip",
            "subnet_id",
        ],
    )
    .interrupts(OUTWARD),
    other("aws_opensearch_domain")
        .loses("the domain's indices")
        .interrupts("the domain"),
    other("aws_rds_cluster")
        .loses("the database")
        .interrupts("the database"),
    other("aws_redshift_cluster")
        .loses("the warehouse")
        .interrupts("the warehouse"),
    rendered(
        "aws_route",
        &[
            "destination_cidr_block",
            "destination_ipv6_cidr_block",
            "route_table_id",
        ],
    )
    .interrupts(OUTWARD),
    rendered("aws_route_table", &["vpc_id"]).interrupts(OUTWARD),
    rendered("aws_route_table_association", &["gateway_id", "subnet_id"]).interrupts(OUTWARD),
    rendered("aws_s3_account_public_access_block", &["account_id"]),
    rendered(
        "aws_s3_bucket",
        &["bucket", "bucket_prefix", "object_lock_enabled"],
    )
    .loses("the objects in the bucket"),
    rendered("aws_s3_bucket_lifecycle_configuration", &["bucket"]),
    rendered("aws_s3_bucket_ownership_controls", &["bucket"]),
    rendered("aws_s3_bucket_policy", &["bucket"]),
    rendered("aws_s3_bucket_public_access_block", &["bucket"]),
    rendered(
        "aws_s3_bucket_server_side_encryption_configuration",
        &["bucket"],
    ),
    rendered("aws_s3_bucket_versioning", &["bucket"]),
    rendered("aws_secretsmanager_secret", &["name", "name_prefix"])
        .loses("the secret's value, once its recovery window is over")
        .interrupts("workers that start and read the secret"),
    rendered(
        "aws_secretsmanager_secret_version",
        &["secret_id", "secret_string_wo_version"],
    )
    .loses("the version's value"),
    rendered(
        "aws_security_group",
        &["description", "name", "name_prefix", "vpc_id"],
    )
    .interrupts("the connections that the group allows"),
    other("aws_security_group_rule"),
    rendered("aws_sns_topic", &["fifo_topic", "name", "name_prefix"])
        .loses("the subscriptions that people have confirmed"),
    rendered("aws_sns_topic_policy", &["arn"]),
    rendered(
        "aws_sns_topic_subscription",
        &["endpoint", "protocol", "topic_arn"],
    ),
    rendered("aws_sqs_queue", &["fifo_queue", "name", "name_prefix"])
        .loses("the messages in the queue"),
    rendered("aws_sqs_queue_policy", &["queue_url"]),
    rendered("aws_ssm_document", &["document_type", "name"]).renews(&[
        "default_version",
        "document_version",
        "hash",
        "latest_version",
    ]),
    rendered("aws_ssm_parameter", &["data_type", "name"])
        .loses("the parameter's value and its history")
        .interrupts("workers that start and read the parameter"),
    rendered(
        "aws_subnet",
        &[
            "availability_zone",
            "availability_zone_id",
            "cidr_block",
            "vpc_id",
        ],
    )
    .interrupts(NETWORK),
    rendered("aws_vpc", &["cidr_block", "ipv4_ipam_pool_id"]).interrupts(NETWORK),
    rendered(
        "aws_vpc_endpoint",
        &["service_name", "vpc_endpoint_type", "vpc_id"],
    )
    .interrupts("the workers' way to AWS services"),
    rendered("aws_vpc_security_group_egress_rule", &["security_group_id"]),
    rendered(
        "aws_vpc_security_group_ingress_rule",
        &["security_group_id"],
    ),
];

/// What is known of a type.
#[must_use]
pub fn find(name: &str) -> Option<&'static TypeFacts> {
    TYPES
        .binary_search_by(|known| known.name.cmp(name))
        .ok()
        .and_then(|index| TYPES.get(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_each_type_once() {
        assert!(TYPES.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
