"""What each call asks of IAM: actions, resources, and what conditions can look at.

docs: the Service Authorization Reference says of each action which resources it is held against and which keys it has.
Only what bakes call is here; a call that is not known is an action on every resource, as those without resource types are.

An ask is {"action", "resource", "context"}: the context has tags of the request and of the resource, and in capitals and
small letters what the rendered policies ask for. A key that is not there is not there for a condition either.
"""

import io
import json
import re
from urllib.parse import parse_qsl, unquote

from faults import body_of
from image_keys import arn_of
from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends

ACCOUNT = "123456789012"

# S3 names its permissions otherwise than its calls.
S3 = {
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "HeadObject": "GetObject",
    "HeadBucket": "ListBucket",
}

# Calls of EC2 that are held against what they name; other Describe calls have no resource types.
DESCRIBES_ONE = {"DescribeImageAttribute", "DescribeSnapshotAttribute"}

KINDS = {
    "ami": "image",
    "snap": "snapshot",
    "i": "instance",
    "vol": "volume",
    "lt": "launch-template",
    "sg": "security-group",
    "subnet": "subnet",
}


def asks_of(call, environ, image_builder):
    """Everything that a call asks, in the order of its parts."""
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    if not scope or call.dry_run:
        return []
    region, body = scope.group(1), body_of(environ)
    of_service = {"ec2": of_ec2, "imagebuilder": of_image_builder, "s3": of_s3, "ssm": of_ssm, "logs": of_logs, "kms": of_kms, "autoscaling": of_autoscaling}
    if call.service == "sts":
        return []
    asks = of_service.get(call.service, lambda *_: [])(call.operation, region, body, environ, image_builder)
    environ["wsgi.input"] = io.BytesIO(body)
    return asks or [ask(f"{call.service}:{call.operation}", "*")]


def ask(action, resource, **context):
    return {"action": action, "resource": resource, "context": {key: value for key, value in context.items() if value}}


def arn(service, region, resource, account=ACCOUNT):
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def pass_role(role):
    return [{"action": "iam:PassRole", "resource": f"arn:aws:iam::{ACCOUNT}:role/{role}", "context": {"iam:PassedToService": "ec2.amazonaws.com"}}]


# --- EC2 --------------------------------------------------------------------------------------------------------------


def of_ec2(operation, region, body, *_):
    form = dict(parse_qsl(body.decode()))
    if operation.startswith("Describe") and operation not in DESCRIBES_ONE:
        return []
    backend = ec2_backends[ACCOUNT][region]
    action = f"ec2:{operation}"
    made = {form[key]: tags_below(form, key.rpartition(".")[0]) for key in form if re.match(r"TagSpecification\.\d+\.ResourceType$", key)}
    asks = []
    # docs: of a launch template's version, the template alone is looked at.
    only = "lt-" if "LaunchTemplate" in operation else ""
    for value in (it for it in named_in(form) if it.startswith(only)):
        asks.append(existing(action, backend, region, value))
    for kind, tags in made.items():
        context = {f"aws:RequestTag/{key}": text for key, text in tags.items()}
        account = "" if kind in ("image", "snapshot") else ACCOUNT
        name = form["KeyName"] if kind == "key-pair" else "*"
        asks.append({"action": action, "resource": arn("ec2", region, f"{kind}/{name}", account), "context": context})
        # docs: who tags what it makes needs CreateTags as well, which knows by which call it is made.
        by = {**context, "ec2:CreateAction": operation}
        asks.append({"action": "ec2:CreateTags", "resource": arn("ec2", region, f"{kind}/{name}", account), "context": by})
    if operation == "CreateTags":
        tags = {f"aws:RequestTag/{key}": text for key, text in tags_below(form, "").items()}
        for one in asks:
            one["context"].update(tags)
    if operation == "RunInstances":
        profile = form.get("IamInstanceProfile.Name") or form.get("IamInstanceProfile.Arn", "").rpartition("/")[2]
        asks += pass_role(profile) if profile else []
        asks.append(ask(action, arn("ec2", region, "network-interface/*")))
    keys = {arn_of(value, region) for name, value in form.items() if name.endswith("KmsKeyId")}
    return asks + [with_key(name, key, region) for key in sorted(keys) for name in WITH_KEY]


# docs (EBS, "Permissions for IAM users"): what somebody who names a key for a volume or a copy needs on it, through EC2.
WITH_KEY = ["CreateGrant", "DescribeKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"]


def with_key(name, key, region):
    context = {"kms:ViaService": f"ec2.{region}.amazonaws.com"}
    if name == "CreateGrant":
        context["kms:GrantIsForAWSResource"] = "true"
    return {"action": f"kms:{name}", "resource": key, "context": context}


def named_in(form):
    """What exists and is named by id, or a key pair by its name."""
    found = []
    for key, value in form.items():
        if re.match(r"^(ami|snap|i|vol|lt|sg|subnet)-[0-9a-f]+$", value) and "TagSpecification" not in key and not key.startswith("Tag."):
            found.append(value)
        elif key == "KeyName" and form.get("Action") != "CreateKeyPair":
            found.append(f"key-pair/{value}")
    return list(dict.fromkeys(found))


def existing(action, backend, region, value):
    if value.startswith("key-pair/"):
        pair = backend.key_pairs.get(value.removeprefix("key-pair/"))
        tags = {tag["key"]: tag["value"] for tag in pair.get_tags()} if pair else {}
        resource = arn("ec2", region, value)
    else:
        kind = KINDS[value.partition("-")[0]]
        tags = backend.tags.get(value, {})
        resource = arn("ec2", region, f"{kind}/{value}", "" if kind in ("image", "snapshot") else ACCOUNT)
    return {"action": action, "resource": resource, "context": {f"aws:ResourceTag/{key}": text for key, text in tags.items()}}


def tags_below(form, prefix):
    """The tags of a request, or of one of its specifications."""
    start = f"{prefix}.Tag." if prefix else "Tag."
    keys = {key: value for key, value in form.items() if key.startswith(start) and key.endswith(".Key")}
    return {name: form.get(f"{key.removesuffix('.Key')}.Value", "") for key, name in keys.items()}


# --- Image Builder ----------------------------------------------------------------------------------------------------

CREATED = {
    "CreateComponent": "component",
    "CreateImageRecipe": "image-recipe",
    "CreateInfrastructureConfiguration": "infrastructure-configuration",
    "CreateDistributionConfiguration": "distribution-configuration",
}


def of_image_builder(operation, region, body, environ, image_builder):
    environ["wsgi.input"] = io.BytesIO(body)
    parameters = image_builder.parameters(operation, environ)
    action = f"imagebuilder:{operation}"
    if operation == "ListWorkflowStepExecutions":
        return [ask(action, arn("imagebuilder", region, f"workflow-execution/{parameters['workflowExecutionId']}"))]
    if operation == "CreateImage":
        recipe = parameters["imageRecipeArn"].replace(":image-recipe/", ":image/")
        return [ask(action, f"{recipe}/1"), ask("imagebuilder:TagResource", f"{recipe}/1")]
    if operation in CREATED:
        version = parameters.get("semanticVersion")
        parts = [CREATED[operation], parameters["name"].lower(), *([version] if version else [])]
        resource = arn("imagebuilder", region, "/".join(parts + (["1"] if parts[0] == "component" else [])))
        asks = [ask(action, resource), ask("imagebuilder:TagResource", resource)]
        if operation == "CreateInfrastructureConfiguration":
            asks += pass_role(parameters["instanceProfileName"])
        return asks
    named = [value for key, value in parameters.items() if key.lower().endswith("arn")]
    return [ask(action, value) for value in named]


# --- The others -------------------------------------------------------------------------------------------------------


def of_s3(operation, _region, _body, environ, _image_builder):
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    resource = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    return [ask(f"s3:{S3.get(operation, operation)}", resource)]


def of_ssm(operation, region, body, *_):
    values = json.loads(body or b"{}")
    action = f"ssm:{operation}"
    if "Name" in values and "Parameter" in operation:
        name = values["Name"]
        account = "" if name.startswith("/aws/service/") else ACCOUNT
        return [ask(action, arn("ssm", region, f"parameter{name}", account))]
    backend = ec2_backends[ACCOUNT][region]
    hosts = values.get("InstanceIds", []) if operation == "SendCommand" else [values["Target"]] if operation == "StartSession" else []
    document = values.get("DocumentName")
    documents = [ask(action, arn("ssm", region, f"document/{document}", ""))] if hosts and document else []
    return [existing(action, backend, region, host) for host in hosts] + documents


def of_kms(operation, region, body, *_):
    key = json.loads(body or b"{}").get("KeyId", "")
    name = key.rpartition(":")[2].removeprefix("key/")
    if name.startswith("alias/"):
        name = kms_backends[ACCOUNT][region].get_key_id_from_alias(name)
    return [ask(f"kms:{operation}", arn("kms", region, f"key/{name}"))] if name else []


def of_logs(operation, region, body, *_):
    values = json.loads(body or b"{}")
    resource = f"log-group:{values.get('logGroupName')}:log-stream:{values.get('logStreamName')}"
    return [ask(f"logs:{operation}", arn("logs", region, resource))]


def of_autoscaling(operation, region, body, *_):
    form = dict(parse_qsl(body.decode()))
    if operation.startswith("Describe"):
        return []
    name = form.get("AutoScalingGroupName")
    if not name:
        return []
    resource = f"autoScalingGroup:01234567-89ab-4def-8123-456789abcdef:autoScalingGroupName/{name}"
    return [ask(f"autoscaling:{operation}", arn("autoscaling", region, resource))]
