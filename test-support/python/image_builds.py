"""Builds of EC2 Image Builder: one that goes on with every look at it, and what it leaves."""

import hashlib
import json
import time
import uuid

from image_keys import arn_of
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

ACCOUNT = "123456789012"
DATE = "2026-01-02T03:04:05.000Z"

# model: ImageStatus, in the order in which docs say that a build goes through them.
STATES = ["PENDING", "CREATING", "BUILDING", "TESTING", "DISTRIBUTING", "AVAILABLE"]
ENDED = {"AVAILABLE", "FAILED", "CANCELLED", "DELETED"}

# guess: the names of the steps of the default workflows; docs name the workflows.
STEPS = {
    "BUILDING": ("BUILD", ["LaunchBuildInstance", "ApplyBuildComponents", "RunSysPrepScript", "CreateOutputAMI"]),
    "TESTING": ("TEST", ["LaunchTestInstance", "ApplyTestComponents", "TerminateTestInstance"]),
    "DISTRIBUTING": ("DISTRIBUTION", ["DistributeToRegions"]),
}


class Refused(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Builds:
    """A part of the fake: `find` and `kept` are those of ImageBuilder."""

    def create_image(self, parameters, region):
        recipe = self.find(parameters["imageRecipeArn"])
        self.find(parameters["infrastructureConfigurationArn"])
        self.find(parameters["distributionConfigurationArn"])
        version = recipe["arn"].replace(":image-recipe/", ":image/")
        # docs: builds of a version are numbered from 1 on.
        number = 1 + sum(1 for arn in self.builds if arn.startswith(version + "/"))
        arn = f"{version}/{number}"
        self.builds[arn] = {
            "arn": arn,
            "status": "PENDING",
            "reason": None,
            "amis": [],
            "steps": [],
            "recipe": recipe["arn"],
            "infrastructure": parameters["infrastructureConfigurationArn"],
            "distribution": parameters["distributionConfigurationArn"],
            "tags": parameters.get("tags", {}),
            "trouble": self.trouble,
        }
        self.trouble = {}
        return {"imageBuildVersionArn": arn}

    def build(self, arn):
        if arn not in self.builds:
            raise Refused("ResourceNotFoundException", f"the image with ARN {arn} does not exist", 404)
        return self.builds[arn]

    def get_image(self, parameters, _region):
        build = self.build(parameters["imageBuildVersionArn"])
        self.advance(build)
        return {"image": summary(build)}

    def list_image_build_versions(self, parameters, _region):
        version = parameters["imageVersionArn"] + "/"
        builds = [summary(build) for arn, build in self.builds.items() if arn.startswith(version)]
        return {"imageSummaryList": list(reversed(builds))}

    def advance(self, build):
        """One state further with every look: how long a state takes is no part of the model."""
        if build["status"] == "CANCELLING":
            build["status"] = "CANCELLED"
            return
        if build["status"] in ENDED:
            return
        if build["status"] in STEPS and not self.work(build):
            return
        build["status"] = STATES[STATES.index(build["status"]) + 1]

    def work(self, build):
        workflow, names = STEPS[build["status"]]
        trouble = build["trouble"] if build["trouble"].get("fail_at") == build["status"] else None
        for name in names:
            failed = trouble is not None and name == names[1 % len(names)]
            message = trouble["message"] if failed else ""
            build["steps"].append({"workflow": workflow, "name": name, "failed": failed, "message": message})
            if failed:
                build["status"] = "FAILED"
                build["reason"] = f"Workflow {workflow} failed"
                self.write_log(build, [f"Step {number}" for number in range(20)] + [f"Error: {message}"])
                return False
        self.write_log(build, [f"{workflow} {name}" for name in names])
        if build["status"] == "BUILDING":
            self.write_reports(build)
            region = build["arn"].split(":")[3]
            build["amis"].append(self.register(build, region))
        if build["status"] == "DISTRIBUTING":
            home = build["arn"].split(":")[3]
            for distribution in self.find(build["distribution"])["distributions"]:
                if distribution["region"] != home:
                    build["amis"].append(self.register(build, distribution["region"]))
        return True

    def write_log(self, build, lines):
        """docs: group /aws/imagebuilder/<name>, stream <x.x.x>/<build>; the group is made where it is not there."""
        _, _, _, region, _, image = build["arn"].split(":")
        _, name, stream = image.split("/", 2)
        logs, group = logs_backends[ACCOUNT][region], f"/aws/imagebuilder/{name}"
        if group not in logs.groups:
            logs.create_log_group(group, {})
        if stream not in logs.groups[group].streams:
            logs.create_log_stream(group, stream)
        now = int(time.time() * 1000)
        logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])

    def write_reports(self, build):
        """docs: the component's steps run on the build host. These are the two that write to the bucket."""
        checks = build["trouble"].get("checks", [{"result": "passed"}] * 100 + [{"result": "skipped"}] * 8)
        uri = self.parameter(build, "ReportUri")
        bundle, _, key = self.parameter(build, "BundleUri").removeprefix("s3://").partition("/")
        content = s3_backends[ACCOUNT]["aws"].get_object(bundle, key)
        digest = hashlib.sha256(content.value).hexdigest() if content else "none"
        if digest != self.parameter(build, "BundleSha256"):
            raise AssertionError("the bundle is not the one that the recipe names")
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        s3 = s3_backends[ACCOUNT]["aws"]
        s3.put_object(bucket, f"{prefix}/verify.json", json.dumps({"checks": checks}).encode())
        s3.put_object(bucket, f"{prefix}/sbom.cdx.json", b'{"bomFormat": "CycloneDX"}')

    def parameter(self, build, name):
        (component,) = self.find(build["recipe"])["components"]
        return next(it["value"][0] for it in component["parameters"] if it["name"] == name)

    def register(self, build, region):
        recipe = self.find(build["recipe"])
        distributions = self.find(build["distribution"])["distributions"]
        distribution = next(it for it in distributions if it["region"] == region)["amiDistributionConfiguration"]
        key = distribution.get("kmsKeyId")
        if build["trouble"].get("default_key_in") == region:
            key = None
        # docs: an image under an account's default key cannot be shared.
        if distribution.get("launchPermission") and "kmsKeyId" not in distribution:
            raise AssertionError(f"the image is shared in {region}, and encrypted by the default key")
        backend = ec2_backends[ACCOUNT][region]
        parent = ec2_backends[ACCOUNT][build["arn"].split(":")[3]].describe_images(ami_ids=[recipe["parentImage"]])[0]
        ami = Ami(
            backend,
            random_ami_id(),
            # docs: the name's buildDate is when the build began; it is unique, as a name of an image has to be.
            name=distribution["name"].replace("{{ imagebuilder:buildDate }}", f"2026-01-02T03-04-05.{len(backend.amis):03}Z"),
            description=distribution["description"],
            architecture=parent.architecture,
            virtualization_type="hvm",
            root_device_type="ebs",
            region_name=f"{region}a",
        )
        (device,) = recipe["blockDeviceMappings"]
        ami.fake_encrypted = device["ebs"]["encrypted"]
        ami.fake_gigabytes = device["ebs"]["volumeSize"]
        # docs: amiTags are put on the image when it is made; guess: and on its snapshots.
        ami.add_tags(distribution["amiTags"])
        ami.ebs_snapshot.add_tags(distribution["amiTags"])
        ami.ebs_snapshot.encrypted = True
        ami.ebs_snapshot.kms_key_id = arn_of(key, region)
        for user in distribution.get("launchPermission", {}).get("userIds", []):
            ami.launch_permissions.append({"UserId": user})
        backend.amis[ami.id] = ami
        return {"region": region, "image": ami.id, "name": ami.name, "accountId": ACCOUNT}

    def cancel_image_creation(self, parameters, _region):
        build = self.build(parameters["imageBuildVersionArn"])
        if build["status"] in ENDED:
            raise Refused("InvalidRequestException", f"the image is {build['status']}")
        # docs: it is asynchronous; images and snapshots that were made stay.
        build["status"] = "CANCELLING"
        return {"imageBuildVersionArn": build["arn"]}

    def delete_image(self, parameters, _region):
        build = self.build(parameters["imageBuildVersionArn"])
        if build["status"] not in ENDED:
            raise Refused("ResourceInUseException", f"the image is {build['status']}")
        # docs: it deletes the record, and no image of EC2.
        del self.builds[build["arn"]]
        return {"imageBuildVersionArn": build["arn"]}

    def list_workflow_executions(self, parameters, _region):
        build = self.build(parameters["imageBuildVersionArn"])
        names = list(dict.fromkeys(step["workflow"] for step in build["steps"]))
        executions = [
            {
                "workflowExecutionId": f"wf-{uuid.uuid5(uuid.NAMESPACE_URL, build['arn'] + name)}",
                "type": name,
                "startTime": DATE,
                "endTime": DATE,
            }
            for name in names
        ]
        return {"workflowExecutions": executions}

    def list_workflow_step_executions(self, parameters, _region):
        wanted = parameters["workflowExecutionId"]
        steps = [
            {
                "stepExecutionId": f"step-{uuid.uuid5(uuid.NAMESPACE_URL, wanted + step['name'])}",
                "name": step["name"],
                "status": "FAILED" if step["failed"] else "COMPLETED",
                **({"message": step["message"]} if step["message"] else {}),
            }
            for build in self.builds.values()
            for step in build["steps"]
            if f"wf-{uuid.uuid5(uuid.NAMESPACE_URL, build['arn'] + step['workflow'])}" == wanted
        ]
        return {"steps": steps}


def summary(build):
    status = "PENDING" if build["status"] == "CANCELLING" else build["status"]
    state = {"status": status}
    if build["reason"]:
        state["reason"] = build["reason"]
    return {
        "arn": build["arn"],
        "state": state,
        "dateCreated": DATE,
        "tags": build["tags"],
        "outputResources": {"amis": build["amis"]},
    }
