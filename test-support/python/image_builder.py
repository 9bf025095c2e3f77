"""EC2 Image Builder, as far as a bake needs it: what it keeps, and a build that goes on with every look at it."""

import hashlib
import json
import re
import threading
import uuid
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.validate import ParamValidator
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id
from moto.s3.models import s3_backends

ACCOUNT = "123456789012"
DATE = "2026-01-02T03:04:05.000Z"

# docs: members that are newer than the model of the pinned botocore, so that it cannot judge them.
NEWER = {"CreateImageRecipe": ["amiTags"]}

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


class ImageBuilder:
    def __init__(self):
        self.model = botocore.session.get_session().get_service_model("imagebuilder")
        self.lock = threading.RLock()
        self.tokens = {}
        self.kept = {}
        self.builds = {}
        self.trouble = {}

    def set_trouble(self, trouble):
        self.trouble = trouble
        return True

    # --- The protocol -------------------------------------------------------------------------------------------------

    def answer(self, call, environ, start_response):
        try:
            with self.lock:
                answer = self.serve(call.operation, environ)
            status = "200 OK"
            kind = None
        except Refused as refused:
            answer, status, kind = {"message": refused.message}, f"{refused.status} Refused", refused.code
        text = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
        if kind:
            headers.append(("x-amzn-ErrorType", kind))
        start_response(status, headers)
        return [text]

    def serve(self, operation, environ):
        if operation not in self.model.operation_names:
            raise Refused("UnknownOperationException", operation, 404)
        parameters = self.parameters(operation, environ)
        self.validate(operation, parameters)
        region = re.search(r"Credential=[^/]+/\d+/([^/]+)/", environ["HTTP_AUTHORIZATION"]).group(1)
        token = parameters.get("clientToken")
        if token is None:
            return self.do(operation, parameters, region)
        # docs: the same token with the same parameters is answered as before, with others it is refused.
        key, digest = (operation, token), json.dumps(parameters, sort_keys=True)
        if key in self.tokens:
            before, answer = self.tokens[key]
            if before != digest:
                raise Refused("IdempotentParameterMismatchException", "the token was used with other parameters")
            return answer
        answer = self.do(operation, parameters, region)
        self.tokens[key] = (digest, answer)
        return answer

    def parameters(self, operation, environ):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        parameters = json.loads(environ["wsgi.input"].read(length)) if length else {}
        shape = self.model.operation_model(operation).input_shape
        by_query = {
            member.serialization.get("name", name): name
            for name, member in shape.members.items()
            if member.serialization.get("location") == "querystring"
        }
        for name, value in parse_qsl(environ.get("QUERY_STRING", "")):
            parameters[by_query[name]] = value
        if operation == "ListTagsForResource":
            parameters["resourceArn"] = unquote(environ["PATH_INFO"].removeprefix("/tags/"))
        return parameters

    def validate(self, operation, parameters):
        """model: required members, types and lengths by botocore's validator; patterns, which it leaves out, here."""
        shape = self.model.operation_model(operation).input_shape
        newer = NEWER.get(operation, [])
        parameters = {name: value for name, value in parameters.items() if name not in newer}
        report = ParamValidator().validate(parameters, shape)
        if report.has_errors():
            raise Refused("InvalidRequestException", report.generate_report())
        for where, value, pattern in patterns(shape, parameters, ""):
            if not re.search(pattern, value):
                raise Refused("InvalidRequestException", f"{where}: {value!r} does not match {pattern}")

    def do(self, operation, parameters, region):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        function = getattr(self, name, None)
        if function is None:
            raise Refused("ServiceException", f"this fake has no {operation}", 501)
        return function(parameters, region)

    # --- What is kept -------------------------------------------------------------------------------------------------

    def keep(self, kind, region, name, parameters, version=None, build=None):
        # docs: an ARN has the name in lower case, and spaces and underscores are hyphens in it.
        parts = [re.sub(r"[ _]", "-", name.lower()), version, build]
        arn = f"arn:aws:imagebuilder:{region}:{ACCOUNT}:{kind}/" + "/".join(part for part in parts if part)
        if arn in self.kept:
            raise Refused("ResourceAlreadyExistsException", f"{arn} exists already")
        kept = {key: value for key, value in parameters.items() if key != "clientToken"}
        self.kept[arn] = {"kind": kind, "arn": arn, **kept}
        return arn

    def find(self, arn):
        if arn not in self.kept:
            # guess: the model has no such error; Terraform's provider asks for this one.
            raise Refused("ResourceNotFoundException", f"the resource with ARN {arn} does not exist", 404)
        return self.kept[arn]

    def listed(self, kind, members):
        found = [kept for kept in self.kept.values() if kept["kind"] == kind]
        return [{member: kept[member] for member in members if member in kept} for kept in found]

    def remove(self, arn, users):
        self.find(arn)
        for user in users:
            if arn in json.dumps({key: value for key, value in user.items() if key != "arn"}):
                # docs: what something else uses cannot be deleted.
                raise Refused("ResourceDependencyException", f"{arn} is used by {user['arn']}")
        del self.kept[arn]

    def used_by(self, *kinds):
        kept = [kept for kept in self.kept.values() if kept["kind"] in kinds]
        return kept + ([build for build in self.builds.values()] if "image" in kinds else [])

    def create_component(self, parameters, region):
        if len(parameters.get("data", "")) > 16000:
            raise Refused("InvalidRequestException", "data is longer than 16000 characters")  # docs
        parameters = dict(parameters, tags=parameters.get("tags", {}))
        arn = self.keep("component", region, parameters["name"], parameters, parameters["semanticVersion"], "1")
        return {"componentBuildVersionArn": arn}

    def get_component(self, parameters, _region):
        return {"component": {"arn": self.find(parameters["componentBuildVersionArn"])["arn"]}}

    def list_components(self, _parameters, _region):
        versions = [{"arn": kept["arn"].rpartition("/")[0], "name": kept["name"]} for kept in self.used_by("component")]
        return {"componentVersionList": versions}

    def delete_component(self, parameters, _region):
        self.remove(parameters["componentBuildVersionArn"], self.used_by("image-recipe"))
        return {}

    def create_image_recipe(self, parameters, region):
        for component in parameters["components"]:
            self.find(component["componentArn"])
        if not re.match(r"^ami-[0-9a-f]{8,17}$", parameters["parentImage"]):
            raise Refused("InvalidRequestException", "this fake takes an AMI id: what else is no pinned parent")
        parameters = dict(parameters, dateCreated=DATE)
        arn = self.keep("image-recipe", region, parameters["name"], parameters, parameters["semanticVersion"])
        return {"imageRecipeArn": arn}

    def get_image_recipe(self, parameters, _region):
        return {"imageRecipe": {"arn": self.find(parameters["imageRecipeArn"])["arn"]}}

    def list_image_recipes(self, parameters, _region):
        names = [value for filter in parameters.get("filters", []) if filter["name"] == "name" for value in filter["values"]]
        recipes = self.listed("image-recipe", ["arn", "name", "parentImage", "dateCreated", "tags"])
        return {"imageRecipeSummaryList": [recipe for recipe in recipes if not names or recipe["name"] in names]}

    def delete_image_recipe(self, parameters, _region):
        self.remove(parameters["imageRecipeArn"], self.used_by("image"))
        return {}

    def create_infrastructure_configuration(self, parameters, region):
        return {
            "infrastructureConfigurationArn": self.keep(
                "infrastructure-configuration", region, parameters["name"], parameters
            )
        }

    def get_infrastructure_configuration(self, parameters, _region):
        return {"infrastructureConfiguration": {"arn": self.find(parameters["infrastructureConfigurationArn"])["arn"]}}

    def list_infrastructure_configurations(self, _parameters, _region):
        listed = self.listed("infrastructure-configuration", ["arn", "name", "tags"])
        return {"infrastructureConfigurationSummaryList": listed}

    def delete_infrastructure_configuration(self, parameters, _region):
        self.remove(parameters["infrastructureConfigurationArn"], self.used_by("image"))
        return {}

    def create_distribution_configuration(self, parameters, region):
        return {
            "distributionConfigurationArn": self.keep("distribution-configuration", region, parameters["name"], parameters)
        }

    def get_distribution_configuration(self, parameters, _region):
        return {"distributionConfiguration": {"arn": self.find(parameters["distributionConfigurationArn"])["arn"]}}

    def list_distribution_configurations(self, _parameters, _region):
        return {"distributionConfigurationSummaryList": self.listed("distribution-configuration", ["arn", "name", "tags"])}

    def delete_distribution_configuration(self, parameters, _region):
        self.remove(parameters["distributionConfigurationArn"], self.used_by("image"))
        return {}

    def list_tags_for_resource(self, parameters, _region):
        return {"tags": self.find(parameters["resourceArn"]).get("tags", {})}

    # --- Builds -------------------------------------------------------------------------------------------------------

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
                return False
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
        distribution = self.find(build["distribution"])["distributions"][0]["amiDistributionConfiguration"]
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


def patterns(shape, value, where):
    """Every text of a value whose shape has a pattern."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                yield from patterns(member, value[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from patterns(shape.member, item, f"{where}[]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from patterns(shape.key, key, f"{where} key")
            yield from patterns(shape.value, item, f"{where}.{key}")
    elif shape.type_name == "string" and "pattern" in shape.metadata:
        yield where, value, shape.metadata["pattern"]
