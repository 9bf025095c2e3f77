"""How an instance is launched."""

import base64

from aws import all_of, client
from keys import fleet_key

EVERYTHING_LAUNCHED = ["instance", "network-interface", "volume"]


def check(fleet, facts):
    templates = {t["LaunchTemplateName"]: t for t in all_of("ec2", "describe_launch_templates", "LaunchTemplates")}
    burstable, fixed = f"{fleet.prefix}-worker-burstable", f"{fleet.prefix}-worker-fixed"
    facts.equal("templates", sorted(templates), [burstable, fixed])
    for name, template in templates.items():
        version = client("ec2").describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Latest"]
        )["LaunchTemplateVersions"][0]
        check_template(fleet, name, version["LaunchTemplateData"], facts)


def check_template(fleet, name, data, facts):
    wanted = fleet["instances"]
    options = data["MetadataOptions"]
    facts.equal(f"session tokens of {name}", options["HttpTokens"], "required")
    hops = wanted["metadata_options"]["http_put_response_hop_limit"]
    facts.equal(f"hop limit of {name}", options["HttpPutResponseHopLimit"], hops)

    volumes = [m["Ebs"] for m in data["BlockDeviceMappings"]]
    facts.equal(f"volumes of {name}", len(volumes), 1)
    facts.true(f"the volume of {name} is encrypted", volumes[0]["Encrypted"] is True)
    facts.equal(f"the volume's key of {name}", volumes[0]["KmsKeyId"], fleet_key(fleet)["Arn"])
    facts.equal(f"the volume's type of {name}", volumes[0]["VolumeType"], wanted["root_volume"]["volume_type"])
    facts.equal(f"the volume's size of {name}", volumes[0]["VolumeSize"], wanted["root_volume"]["volume_size"])
    facts.true(f"the volume of {name} goes with its instance", volumes[0]["DeleteOnTermination"] is True)

    specifications = {s["ResourceType"]: s for s in data["TagSpecifications"]}
    facts.equal(f"what {name} tags", sorted(specifications), EVERYTHING_LAUNCHED)
    for kind, specification in specifications.items():
        tags = {tag["Key"]: tag["Value"] for tag in specification["Tags"]}
        facts.equal(f"tags of each {kind} of {name}", tags, fleet.tags | {"Name": f"{fleet.prefix}-worker"})

    interfaces = data["NetworkInterfaces"]
    facts.equal(f"public addresses of {name}", [i["AssociatePublicIpAddress"] for i in interfaces], [False])
    groups = client("ec2").describe_security_groups(GroupIds=interfaces[0]["Groups"])["SecurityGroups"]
    facts.equal(f"security groups of {name}", [g["GroupName"] for g in groups], [f"{fleet.prefix}-worker"])
    facts.true(f"{name} reports every minute", data["Monitoring"]["Enabled"] is True)
    facts.true(f"{name} has the worker's profile", data["IamInstanceProfile"]["Arn"].endswith(f"/{fleet.prefix}-worker"))
    facts.true(f"{name} has no SSH key", "KeyName" not in data)

    image = client("ssm").get_parameter(Name=f"{fleet.path}/ami")["Parameter"]["Value"]
    facts.equal(f"the image of {name}", data["ImageId"], image)
    user_data = base64.b64decode(data["UserData"]).decode()
    facts.true(f"{name} tells an instance its group", fleet.group in user_data)
    facts.true(f"{name} tells an instance its launch hook", f"{fleet.prefix}-launch" in user_data)
    held = [client("ssm").get_parameter(Name=f"{fleet.path}/{secret}", WithDecryption=True)["Parameter"]["Value"]
            for secret, where in fleet["secrets"].items() if where["store"] == "ssm"]
    facts.true(f"{name} tells an instance no secret's value", not any(value in user_data for value in held))
