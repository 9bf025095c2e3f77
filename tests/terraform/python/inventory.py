"""Prints everything that is in the account, by kind. What is on its way out and only waits is left out."""

import json

from aws import account_id, all_of, client

FILTERED = {
    # kind: service, operation, key of the list, key of the name, what is counted
    "vpc": ("ec2", "describe_vpcs", "Vpcs", "VpcId", None),
    "subnet": ("ec2", "describe_subnets", "Subnets", "SubnetId", None),
    "route table": ("ec2", "describe_route_tables", "RouteTables", "RouteTableId", None),
    "internet gateway": ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId", None),
    "nat gateway": ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", lambda n: n["State"] != "deleted"),
    "address": ("ec2", "describe_addresses", "Addresses", "AllocationId", None),
    "security group": ("ec2", "describe_security_groups", "SecurityGroups", "GroupId", None),
    "vpc endpoint": (
        "ec2",
        "describe_vpc_endpoints",
        "VpcEndpoints",
        "VpcEndpointId",
        lambda endpoint: endpoint["State"] != "deleted",
    ),
    "flow log": ("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId", None),
    "launch template": ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName", None),
    "volume": ("ec2", "describe_volumes", "Volumes", "VolumeId", None),
    "network interface": ("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId", None),
    "auto scaling group": (
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups",
        "AutoScalingGroupName",
        None,
    ),
    "scaling policy": ("autoscaling", "describe_policies", "ScalingPolicies", "PolicyName", None),
    "schedule": (
        "autoscaling",
        "describe_scheduled_actions",
        "ScheduledUpdateGroupActions",
        "ScheduledActionName",
        None,
    ),
    "role": ("iam", "list_roles", "Roles", "RoleName", None),
    "instance profile": ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName", None),
    "key alias": ("kms", "list_aliases", "Aliases", "AliasName", None),
    "log group": ("logs", "describe_log_groups", "logGroups", "logGroupName", None),
    "metric alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", None),
    "composite alarm": ("cloudwatch", "describe_alarms", "CompositeAlarms", "AlarmName", None),
    "dashboard": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName", None),
    "event rule": ("events", "list_rules", "Rules", "Name", None),
    "topic": ("sns", "list_topics", "Topics", "TopicArn", None),
    "subscription": ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn", None),
    "parameter": ("ssm", "describe_parameters", "Parameters", "Name", None),
    # Scheduled for deletion: the list leaves those out by itself.
    "secret": ("secretsmanager", "list_secrets", "SecretList", "Name", None),
    "bucket": ("s3", "list_buckets", "Buckets", "Name", None),
    "trail": ("cloudtrail", "describe_trails", "trailList", "Name", None),
}


def inventory():
    found = {}
    for kind, (service, operation, items, name, counts) in FILTERED.items():
        listed = all_of(service, operation, items)
        found[kind] = [item[name] for item in listed if counts is None or counts(item)]
    found["instance"] = [
        instance["InstanceId"]
        for reservation in all_of("ec2", "describe_instances", "Reservations")
        for instance in reservation["Instances"]
        if instance["State"]["Name"] != "terminated"
    ]
    found["policy"] = [policy["Arn"] for policy in all_of("iam", "list_policies", "Policies", Scope="Local")]
    found["document"] = [
        document["Name"]
        for document in all_of(
            "ssm", "list_documents", "DocumentIdentifiers", Filters=[{"Key": "Owner", "Values": ["Self"]}]
        )
    ]
    found["queue"] = client("sqs").list_queues().get("QueueUrls", [])
    found["detector"] = client("guardduty").list_detectors()["DetectorIds"]
    # A key waits 30 days to be deleted, so that a mistake can be undone.
    found["key"] = [
        key["KeyId"]
        for key in all_of("kms", "list_keys", "Keys")
        if client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion"
    ]
    found["account setting"] = settings()
    return found


def settings():
    """What is on for the whole account."""
    ec2 = client("ec2")
    statuses = client("inspector2").batch_get_account_status(accountIds=[account_id()])["accounts"]
    states = {
        "volumes encrypted": ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"],
        "images blocked": ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] != "unblocked",
        "snapshots blocked": ec2.get_snapshot_block_public_access_state()["State"] != "unblocked",
        "metadata defaults": bool(ec2.get_instance_metadata_defaults().get("AccountLevel")),
        "inspector": any(s["resourceState"]["ec2"]["status"] == "ENABLED" for s in statuses),
    }
    return [name for name, is_on in states.items() if is_on]


if __name__ == "__main__":
    print(json.dumps(inventory()))
