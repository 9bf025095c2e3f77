//! `valet-gen plan-review`: what a plan opens, in every form that Terraform has for it. The plan `opened.json` is what
//! Terraform made of `tests/data/plans/opened/`.

use serde_json::{Value, json};
use test_support::snapshot;

use crate::plan_review::{change, codes_of, reviewed_file};

#[test]
fn what_terraform_plans_to_open_is_found_in_every_form() {
    let found = reviewed_file("opened.json");
    let mut said: Vec<String> = found
        .iter()
        .map(|(code, message)| format!("{code}: {message}"))
        .collect();
    said.sort();
    snapshot::settings("").bind(|| insta::assert_snapshot!("plan_opened", said.join("\n")));
    // Nothing is said of what opens nothing.
    for quiet in [
        "aws_security_group.none",
        "aws_s3_bucket.b",
        "aws_sns_topic.t",
        "aws_sqs_queue.q",
        "aws_eip.e",
        "aws_vpc.v",
    ] {
        assert!(
            !said.iter().any(|line| line.contains(&format!(" {quiet} "))),
            "{quiet}: {said:#?}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn every_way_to_be_public_is_seen() {
    let rule = |blocks: Value| json!({ "ingress": [{ "cidr_blocks": blocks, "protocol": "tcp", "from_port": 22, "to_port": 22 }] });
    for (kind, after) in [
        (
            "aws_security_group",
            rule(json!(["10.0.0.0/8", "0.0.0.0/0"])),
        ),
        (
            "aws_security_group",
            json!({ "ingress": [{ "ipv6_cidr_blocks": ["::/0"] }] }),
        ),
        (
            "aws_security_group_rule",
            json!({ "type": "ingress", "cidr_blocks": ["128.0.0.0/1"] }),
        ),
        (
            "aws_vpc_security_group_ingress_rule",
            json!({ "cidr_ipv6": "::/0" }),
        ),
        ("aws_subnet", json!({ "map_public_ip_on_launch": true })),
        (
            "aws_launch_template",
            json!({ "network_interfaces": [{ "associate_public_ip_address": "true" }] }),
        ),
        (
            "aws_s3_bucket_public_access_block",
            json!({ "block_public_acls": false }),
        ),
        ("aws_s3_bucket_acl", json!({ "acl": "public-read" })),
        ("aws_db_instance", json!({ "publicly_accessible": true })),
        ("aws_lb", json!({ "internal": false })),
        (
            "aws_eks_cluster",
            json!({ "vpc_config": [{ "endpoint_public_access": true }] }),
        ),
        (
            "aws_lambda_function_url",
            json!({ "authorization_type": "NONE" }),
        ),
        ("aws_lambda_permission", json!({ "principal": "*" })),
        (
            "aws_lambda_layer_version_permission",
            json!({ "principal": "*" }),
        ),
        (
            "aws_snapshot_create_volume_permission",
            json!({ "account_id": "all" }),
        ),
        (
            "aws_default_subnet",
            json!({ "availability_zone": "us-east-1a" }),
        ),
        ("aws_eip_association", json!({ "instance_id": "i-1" })),
        ("aws_eip", json!({ "network_interface": "eni-1" })),
        (
            "aws_redshiftserverless_workgroup",
            json!({ "publicly_accessible": true }),
        ),
        (
            "aws_ecs_service",
            json!({ "network_configuration": [{ "assign_public_ip": true }] }),
        ),
        ("aws_opensearch_domain", json!({ "vpc_options": [] })),
        (
            "aws_default_network_acl",
            json!({ "ingress": [{ "action": "allow", "cidr_block": "0.0.0.0/0", "protocol": "-1" }] }),
        ),
        (
            "aws_network_acl_rule",
            json!({ "egress": false, "rule_action": "allow", "cidr_block": "0.0.0.0/0", "protocol": "6" }),
        ),
        (
            "aws_vpc_endpoint_service",
            json!({ "allowed_principals": ["*"] }),
        ),
        (
            "aws_vpc_block_public_access_options",
            json!({ "internet_gateway_block_mode": "off" }),
        ),
        (
            "aws_s3_access_point",
            json!({ "public_access_block_configuration": [{ "block_public_policy": false }] }),
        ),
        (
            "aws_ssm_service_setting",
            json!({ "setting_id": "/ssm/documents/console/public-sharing-permission", "setting_value": "Enable" }),
        ),
        ("aws_ami_launch_permission", json!({ "group": "all" })),
        (
            "aws_ssm_document",
            json!({ "permissions": { "account_ids": "All", "type": "Share" } }),
        ),
    ] {
        let found = codes_of(&[change(kind, &["create"], Value::Null, after)]);
        assert!(
            found.contains(&"plan.public-exposure".to_owned()),
            "{kind}: {found:?}"
        );
    }
    for (kind, after) in [
        ("aws_security_group", rule(json!(["10.0.0.0/8"]))),
        (
            "aws_security_group_rule",
            json!({ "type": "egress", "cidr_blocks": ["0.0.0.0/0"] }),
        ),
        (
            "aws_s3_bucket_public_access_block",
            json!({ "block_public_acls": true }),
        ),
        (
            "aws_lambda_permission",
            json!({ "principal": "*", "principal_org_id": "o-1" }),
        ),
        (
            "aws_ssm_service_setting",
            json!({ "setting_id": "/ssm/parameter-store/high-throughput-enabled", "setting_value": "Enable" }),
        ),
        ("aws_eip", json!({ "domain": "vpc", "instance": "" })),
        (
            "aws_network_acl_rule",
            json!({ "egress": true, "rule_action": "allow", "cidr_block": "0.0.0.0/0" }),
        ),
        (
            "aws_network_acl_rule",
            json!({ "rule_action": "deny", "cidr_block": "0.0.0.0/0" }),
        ),
        (
            "aws_eks_cluster",
            json!({ "vpc_config": [{ "endpoint_public_access": true, "public_access_cidrs": ["192.0.2.0/24"] }] }),
        ),
    ] {
        let found = codes_of(&[change(kind, &["create"], Value::Null, after)]);
        assert!(
            !found.contains(&"plan.public-exposure".to_owned()),
            "{kind}: {found:?}"
        );
    }
}
