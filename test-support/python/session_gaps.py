"""What Packer and the proof of its image ask, and moto lacks: Session Manager, Run Command, snapshots with tags.

Of each behaviour it is said where it comes from, as in aws_fake.py.
"""

import json
import uuid

import botocore.session
from botocore.validate import ParamValidator
from image_keys import arn_of
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import AmiBackend

ACCOUNT = "123456789012"

# What the next first host of an image says: how many checks passed, and which did not.
HOST = {"passed": 108, "failed": [], "skipped": 8, "registers": True}
COMMANDS = {}
SESSIONS = {}
# For how many looks at it the next copies are pending, and name no snapshot.
COPIES = {"looks": 0}

create_image = AmiBackend.create_image
copy_image = AmiBackend.copy_image


def set_host(host):
    HOST.update({"passed": 108, "failed": [], "skipped": 8, "registers": True}, **host)
    return True


def set_copies(copies):
    COPIES["looks"] = copies["looks"]
    return True


def create_image_with_snapshot_tags(self, instance_id, name, description, tag_specifications):
    """docs: CreateImage tags the snapshots as well; a snapshot of an encrypted volume is encrypted."""
    of_image = [it for it in tag_specifications if it["ResourceType"] != "snapshot"]
    ami = create_image(self, instance_id, name, description, of_image)
    for specification in tag_specifications:
        if specification["ResourceType"] == "snapshot":
            ami.ebs_snapshot.add_tags({tag["Key"]: tag["Value"] for tag in specification["Tags"]})
    volumes = [device.volume_id for device in self.get_instance(instance_id).block_device_mapping.values()]
    ami.fake_encrypted = bool(volumes) and all(self.volumes[volume].encrypted for volume in volumes)
    ami.fake_gigabytes = sum(self.volumes[volume].size for volume in volumes)
    ami.ebs_snapshot.encrypted = ami.fake_encrypted
    # docs: a snapshot is under the key of its volume.
    keys = [self.volumes[volume].kms_key_id for volume in volumes]
    ami.ebs_snapshot.kms_key_id = arn_of(keys[0] if keys else None, self.region_name)
    return ami


def copy_image_as_it_is(self, *arguments, **more):
    """docs: a copy of an encrypted image is encrypted; tags are not copied unless it is asked for."""
    ami = copy_image(self, *arguments, **more)
    source = arguments[0] if arguments else more["source_image_id"]
    region = arguments[1] if len(arguments) > 1 else more["source_region"]
    original = ec2_backends[ACCOUNT][region].describe_images(ami_ids=[source])[0]
    ami.fake_encrypted = getattr(original, "fake_encrypted", False)
    # docs: a copy is pending at first. guess: until EC2 has begun with it, it names no snapshot.
    if COPIES["looks"]:
        ami.state, ami.fake_looks = "pending", COPIES["looks"]
    return ami


def running(region, instance):
    found = [it for it in ec2_backends[ACCOUNT][region].all_instances() if it.id == instance]
    return bool(found) and found[0].state == "running"


class Sessions:
    """Session Manager and Run Command, for instances that moto says are running."""

    def __init__(self):
        self.model = botocore.session.get_session().get_service_model("ssm")

    def has(self, call):
        return call.service == "ssm" and hasattr(self, self.name(call))

    @staticmethod
    def name(call):
        return "".join("_" + it.lower() if it.isupper() else it for it in call.operation).lstrip("_")

    def answer(self, call, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        parameters = json.loads(environ["wsgi.input"].read(length)) if length else {}
        region = environ["HTTP_AUTHORIZATION"].split("Credential=")[1].split("/")[2]
        # model: required members, types and lengths.
        report = ParamValidator().validate(parameters, self.model.operation_model(call.operation).input_shape)
        status = "200 OK"
        if report.has_errors():
            answer, status = {"__type": "ValidationException", "message": report.generate_report()}, "400 Refused"
        else:
            answer = getattr(self, self.name(call))(parameters, region)
            if "__type" in answer:
                status = "400 Refused"
        text = json.dumps(answer).encode()
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(text)))]
        start_response(status, headers)
        return [text]

    def start_session(self, parameters, region):
        # docs: an instance that has not registered is TargetNotConnected.
        if not running(region, parameters["Target"]):
            return {"__type": "TargetNotConnected", "message": f"{parameters['Target']} is not connected."}
        session = f"test-{uuid.uuid4().hex[:17]}"
        SESSIONS[session] = parameters
        return {"SessionId": session, "TokenValue": "token", "StreamUrl": "wss://localhost/stream"}

    def terminate_session(self, parameters, _region):
        SESSIONS.pop(parameters["SessionId"], None)
        return {"SessionId": parameters["SessionId"]}

    def describe_instance_information(self, parameters, region):
        wanted = [value for it in parameters.get("Filters", []) if it["Key"] == "InstanceIds" for value in it["Values"]]
        listed = [it for it in wanted if HOST["registers"] and running(region, it)]
        return {"InstanceInformationList": [{"InstanceId": it, "PingStatus": "Online"} for it in listed]}

    def send_command(self, parameters, region):
        if parameters["DocumentName"] != "AWS-RunRemoteScript":
            return {"__type": "InvalidDocument", "message": "this fake has no such document"}
        given = parameters["Parameters"]
        # docs: an object of S3 by its https address; what runs is one line.
        path = json.loads(given["sourceInfo"][0])["path"]
        assert given["sourceType"] == ["S3"] and path.startswith("https://s3."), path
        (line,) = given["commandLine"]
        assert "\n" not in line and "verify.sh --phase first-boot" in line, line
        command = str(uuid.uuid4())
        COMMANDS[command] = {"looks": 0, "instances": parameters["InstanceIds"], "host": dict(HOST)}
        return {"Command": {"CommandId": command, "DocumentName": parameters["DocumentName"]}}

    def get_command_invocation(self, parameters, _region):
        command = COMMANDS[parameters["CommandId"]]
        command["looks"] += 1
        # docs: some seconds after SendCommand the invocation does not exist yet.
        if command["looks"] == 1:
            return {"__type": "InvocationDoesNotExist", "message": ""}
        if command["looks"] == 2:
            return {"Status": "InProgress"}
        host = command["host"]
        counts = f"passed={host['passed']} failed={len(host['failed'])} skipped={host['skipped']} \n"
        return {"Status": "Success", "StandardOutputContent": counts + "".join(f"{it}\n" for it in host["failed"])}


def close_session_gaps():
    AmiBackend.create_image = create_image_with_snapshot_tags
    AmiBackend.copy_image = copy_image_as_it_is
