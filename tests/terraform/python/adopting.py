"""What a team finds in its account before docs/adopting.md is played, and what there is afterwards.

Usage: python adopting.py before nothing|account
       python adopting.py after
"""

import json
import sys

import boto3

ec2 = boto3.client("ec2")
iam = boto3.client("iam")


def named(kind, **tags):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def furnish():
    """What the owners of an account have made for everybody."""
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=named("vpc", Name="shared"))["Vpc"]["VpcId"]
    for number, zone in enumerate(("us-east-1a", "us-east-1b")):
        ec2.create_subnet(
            VpcId=vpc,
            AvailabilityZone=zone,
            CidrBlock=f"10.9.{number}.0/24",
            TagSpecifications=named("subnet", Tier="private"),
        )
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.create_policy(
        PolicyName="team-boundary",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
    boto3.client("sns").create_topic(Name="pager")


def after():
    roles = iam.list_roles()["Roles"]
    own = [role["RoleName"] for role in roles if not role["Path"].startswith("/aws-service-role/")]
    alarms = boto3.client("cloudwatch").describe_alarms()
    actions = [action for kind in ("MetricAlarms", "CompositeAlarms") for alarm in alarms[kind] for action in alarm["AlarmActions"]]
    ssm = boto3.client("ssm")
    names = [p["Name"] for p in ssm.describe_parameters()["Parameters"] if p["Type"] == "SecureString"]
    values = [ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] for name in names]
    groups = boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return {
        "instances": sum(len(group["Instances"]) for group in groups),
        "roles_without_boundary": [
            name for name in own if "PermissionsBoundary" not in iam.get_role(RoleName=name)["Role"]
        ],
        "topics_of_alarms": sorted({action for action in actions if ":sns:" in action}),
        "has_placeholders": not values or any(value.startswith("valet-gen placeholder") for value in values),
    }


if sys.argv[1] == "before":
    if sys.argv[2] == "account":
        furnish()
    print("null")
else:
    print(json.dumps(after()))
