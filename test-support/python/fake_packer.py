"""Packer, as far as `valet-gen bake` sees it: the calls of a build in their order, and the lines that the real one wrote.

The lines are those of packer_build.txt, which was recorded from Packer and its Amazon plugin; this program puts in the
ids of its own resources. It reads the variables that it is given and refuses what the real template refuses.

PACKER_TROUBLE in the environment:
  refused-session   Session Manager refuses the session; then it waits, as the real one does
  failed-control    a control does not hold: the report says which, and the build fails
  silent            it waits for ever after the host is started
"""

import json
import os
import re
import signal
import sys
import time

import boto3

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packer_build.txt")


def say(line):
    print(line, flush=True)


def ui(kind, text):
    say(f"{int(time.time())},,ui,{kind},{text.replace(',', '%!(PACKER_COMMA)')}")


IDS = {}


def recorded(section, **values):
    """The lines of a section, with our ids in place of those of the recording."""
    IDS.update(values, now=int(time.time()))
    inside = False
    for line in open(RECORDED, encoding="utf-8"):
        if line.startswith("#"):
            inside = line == f"# {section}\n"
        elif inside:
            say(line.rstrip("\n").format(**IDS))


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["-machine-readable"]:
        arguments = arguments[1:]
    command, folder = arguments[0], arguments[-1]
    template = open(os.path.join(folder, "worker.pkr.hcl"), encoding="utf-8").read()
    if command == "init":
        return 0
    values = json.load(open(arguments[arguments.index("-var-file") + 1], encoding="utf-8"))
    problem = invalid(template, values)
    if problem:
        ui("error", f"Error: {problem}")
        return 1
    if command == "validate":
        ui("say", "The configuration is valid.")
        return 0
    return build(folder, template, values)


def invalid(template, values):
    """As the template's own `validation` blocks say it, and every variable without a default has a value."""
    for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', template, re.M | re.S):
        if name not in values and "default" not in body:
            return f'variable "{name}" has no value'
        pattern = re.search(r'regex\("([^"]+)"', body)
        if pattern and not re.search(pattern.group(1), values[name]):
            return f'the value of "{name}" is not valid'
    unknown = set(values) - set(re.findall(r'^variable "(\w+)"', template, re.M))
    return f"undeclared variables: {sorted(unknown)}" if unknown else None


def setting(template, name):
    return re.search(rf'^\s*{name}\s*=\s*"([^"]*)"', template, re.M).group(1)


def build(folder, template, values):
    region = setting(template, "region")
    trouble = os.environ.get("PACKER_TROUBLE", "")
    for needed in ["../image/verify.sh", "../image/provision.sh", "../image/payload/valet-worker", "../cloudwatch"]:
        assert os.path.exists(os.path.join(folder, needed)), needed
    ec2 = boto3.client("ec2", region_name=region)
    tags = {
        "Fleet": "valet",
        "Environment": "production",
        "valet:bake-id": values["bake_id"],
        "valet:config-digest": values["config_digest"],
        "valet:git-commit": values["git_commit"],
        "valet:status": "building",
        "valet:worker-sha256": values["worker_sha256"],
    }
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]

    def tagged(*kinds):
        return [{"ResourceType": kind, "Tags": listed} for kind in kinds]

    made = {"key": None, "instance": None}

    def clean_up(*_):
        if made["instance"]:
            ec2.terminate_instances(InstanceIds=[made["instance"]])
        if made["key"]:
            ec2.delete_key_pair(KeyName=made["key"])

    def interrupted(*_):
        clean_up()
        sys.exit(1)

    signal.signal(signal.SIGINT, interrupted)
    recorded("begin", bake_id=values["bake_id"], source_ami=values["source_ami"])
    pair = f"valet-{values['bake_id']}"
    ec2.create_key_pair(KeyName=pair, KeyType="ed25519", TagSpecifications=tagged("key-pair"))
    made["key"] = pair
    key = {"KmsKeyId": values["kms_key_id"]} if values.get("kms_key_id") else {}
    host = ec2.run_instances(
        ImageId=values["source_ami"],
        InstanceType=setting(template, "instance_type"),
        MinCount=1,
        MaxCount=1,
        KeyName=pair,
        SubnetId=values["subnet_id"],
        SecurityGroupIds=values["security_group_ids"],
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sda1", "Ebs": {"Encrypted": True, "VolumeSize": 40, "DeleteOnTermination": True, **key}}
        ],
        TagSpecifications=tagged("instance", "volume"),
    )["Instances"][0]["InstanceId"]
    made["instance"] = host
    recorded("launch", instance=host)
    boto3.client("ssm", region_name=region).start_session(Target=host)
    if trouble == "refused-session":
        reason = "AccessDeniedException: User is not authorized to perform: ssm:StartSession"
        ui("error", f"==> amazon-ebs.worker: ssm error: {reason}")
        time.sleep(600)
    if trouble == "silent":
        ui("say", "==> amazon-ebs.worker: Waiting for SSH to become available...")
        time.sleep(600)
    recorded("provision")
    checks = [{"control": f"control.{number}", "result": "passed"} for number in range(100)]
    checks += [{"control": f"skipped.{number}", "result": "skipped"} for number in range(8)]
    if trouble == "failed-control":
        checks.append({"control": "image.logs-empty", "result": "failed"})
    reports = values["report_folder"]
    os.makedirs(reports, exist_ok=True)
    json.dump({"checks": checks}, open(os.path.join(reports, "verify.json"), "w", encoding="utf-8"))
    json.dump({"bomFormat": "CycloneDX"}, open(os.path.join(reports, "sbom.cdx.json"), "w", encoding="utf-8"))
    if trouble == "failed-control":
        clean_up()
        recorded("failed")
        return 1
    ec2.stop_instances(InstanceIds=[host])
    name = f"valet-production-amd64-20260102T0304-{values['git_commit'][:7]}-{values['config_digest'][:8]}"
    image = ec2.create_image(
        InstanceId=host, Name=f"{name}-{time.time_ns() % 10**6}", TagSpecifications=tagged("image", "snapshot")
    )["ImageId"]
    recorded("image", image=image, instance=host)
    ec2.enable_image_deprecation(ImageId=image, DeprecateAt="2030-01-01T00:00:00Z")
    ec2.modify_image_attribute(ImageId=image, ImdsSupport={"Value": "v2.0"})
    described = ec2.describe_images(ImageIds=[image])["Images"][0]
    snapshots = [device["Ebs"]["SnapshotId"] for device in described["BlockDeviceMappings"]]
    source = [{"Key": "valet:source-ami", "Value": values["source_ami"]}]
    ec2.create_tags(Resources=[image], Tags=listed + source)
    ec2.create_tags(Resources=snapshots, Tags=listed + source)
    made_in = {region: image, **copies(template, values, region, image, described["Name"], listed + source)}
    clean_up()
    recorded("end", images="%!(PACKER_COMMA)".join(f"{place}:{ami}" for place, ami in sorted(made_in.items())), image=image)
    return 0


def copies(template, values, region, image, name, tags):
    """The copy of each other region, under its own key, with its tags."""
    found = {}
    listed = re.search(r"^\s*ami_regions\s*=\s*\[(.*?)\]", template, re.M | re.S).group(1)
    for other in sorted(set(re.findall(r'"([^"]+)"', listed)) - {region}):
        ec2 = boto3.client("ec2", region_name=other)
        key = values.get("region_kms_key_ids", {}).get(other)
        named = {"Encrypted": True, "KmsKeyId": key} if key else {"Encrypted": True}
        copy = ec2.copy_image(Name=name, SourceImageId=image, SourceRegion=region, **named)["ImageId"]
        devices = ec2.describe_images(ImageIds=[copy])["Images"][0]["BlockDeviceMappings"]
        ec2.create_tags(Resources=[copy] + [device["Ebs"]["SnapshotId"] for device in devices], Tags=tags)
        ec2.modify_image_attribute(ImageId=copy, ImdsSupport={"Value": "v2.0"})
        found[other] = copy
    return found


if __name__ == "__main__":
    sys.exit(main())
