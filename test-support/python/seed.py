"""What is in an account before the first bake: base images of the publisher, and what Terraform makes."""

import datetime

import boto3
from image_keys import make_key
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.ssm.models import Parameter, ssm_backends

ACCOUNT = "123456789012"
CANONICAL = "099720109477"

# What Terraform tags everything of this environment with.
OWN = [{"Key": "ManagedBy", "Value": "valet-gen"}, {"Key": "Fleet", "Value": "valet"}, {"Key": "Environment", "Value": "production"}]


def seed(wanted):
    """{"region", "base": {parameter: [AMI id, architecture]}, "prefix"}: a prefix gets bucket, subnet and group.

    With "image_keys", a list of regions, it gets the keys of a shared image there instead.
    """
    region = wanted["region"]
    ec2 = ec2_backends[ACCOUNT][region]
    for name, (ami, architecture) in wanted.get("base", {}).items():
        ec2.amis[ami] = Ami(
            ec2,
            ami,
            # As the publisher names it, which Packer's template asks for.
            name="ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260101",
            owner_id=CANONICAL,
            architecture=architecture,
            virtualization_type="hvm",
            root_device_type="ebs",
            public=True,
            region_name=f"{region}a",
        )
        ssm_backends[ACCOUNT][region]._parameters[name].append(
            Parameter(
                account_id=ACCOUNT,
                name=name,
                value=ami,
                parameter_type="String",
                description=None,
                allowed_pattern=None,
                keyid=None,
                last_modified_date=datetime.datetime.now(),
                version=1,
                data_type="aws:ec2:image",
            )
        )
    for key_region in wanted.get("image_keys", []):
        make_key(key_region, f"alias/{wanted['prefix']}-image")
    prefix = wanted.get("prefix") if "image_keys" not in wanted else None
    if prefix:
        s3_backends[ACCOUNT]["aws"].create_bucket(f"{prefix}-bake-{ACCOUNT}", region)
        iam = iam_backends[ACCOUNT]["aws"]
        role = iam.create_role(f"{prefix}-bake", "{}", "/", None, "", [], 3600)
        iam.create_instance_profile(f"{prefix}-bake", "/", [role.name])
        vpc = ec2.create_vpc("10.0.0.0/16")
        subnet = ec2.create_subnet(vpc.id, "10.0.0.0/24")
        group = ec2.create_security_group(f"{prefix}-bake", "Build hosts", vpc_id=vpc.id)
        group.add_tags({"ManagedBy": "valet-gen", "valet:build-subnet": subnet.id})
    if "group" in wanted:
        make_group(wanted["endpoint"], region, **wanted["group"])
    return True


def make_group(endpoint, region, name, ami):
    """A group as Terraform makes it: a mixed instances policy that pins its template's version by number."""

    def client(service):
        return boto3.client(
            service, region_name=region, endpoint_url=endpoint, aws_access_key_id="a", aws_secret_access_key="b"
        )

    made = client("ec2").create_launch_template(
        LaunchTemplateName=f"{name}-template",
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": OWN}],
        LaunchTemplateData={"ImageId": ami, "InstanceType": "m6i.large", "UserData": "IyE="},
    )
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=0,
        AvailabilityZones=[f"{region}a"],
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
                "Overrides": [{"InstanceType": "m6i.large"}],
            }
        },
    )
