"""What moto lacks of EC2 for bakes: attributes of images that it drops, calls that it does not have."""

from urllib.parse import parse_qsl

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.responses import EC2Response

modify_image_attribute = EC2Response.modify_image_attribute
describe_images = EC2Response.describe_images


def block_device_mappings(self):
    """Image Builder says size and encryption; moto's own images are 15 GiB and plain."""
    if getattr(self, "fake_looks", 0):
        self.fake_looks -= 1
        return []
    # Not in the look before, whose answer may say the state after this: available means that the snapshot is named.
    if self.state == "pending":
        self.state = "available"
    return [
        {
            "DeviceName": self.root_device_name,
            "Ebs": {
                "SnapshotId": self.ebs_snapshot.id,
                "VolumeSize": getattr(self, "fake_gigabytes", 15),
                "DeleteOnTermination": True,
                "VolumeType": "gp3",
                "Encrypted": getattr(self, "fake_encrypted", False),
            },
        }
    ]


def modify(self):
    """docs: imdsSupport takes v2.0, and cannot be taken back."""
    support = self._get_param("ImdsSupport")
    if not support:
        return modify_image_attribute(self)
    image = self.ec2_backend.describe_images(ami_ids=[self._get_param("ImageId")])[0]
    image.imds_support = support["Value"] if isinstance(support, dict) else support
    return EmptyResult()


def enable_image_deprecation(self):
    """docs: from this date on, DescribeImages without IncludeDeprecated leaves the image out for others."""
    image = self.ec2_backend.describe_images(ami_ids=[self._get_param("ImageId")])[0]
    image.deprecation_time = str(self._get_param("DeprecateAt"))
    return ActionResult({"Return": True})


def describe_image_references(body, region):
    """docs: at most 10 images a call; instances and launch template versions that name one."""
    wanted = [value for name, value in parse_qsl(body) if name.startswith("ImageId.")]
    if len(wanted) > 10:
        raise ValueError("more than 10 images")
    backend = ec2_backends["123456789012"][region]
    found = []
    for instance in backend.all_instances():
        if instance.state != "terminated" and instance.image_id in wanted:
            found.append(reference(instance.image_id, "ec2:Instance", f"instance/{instance.id}"))
    for template in backend.launch_templates.values():
        for version in template.versions:
            if version.data.get("ImageId") in wanted:
                found.append(reference(version.data["ImageId"], "ec2:LaunchTemplate", f"launch-template/{template.id}"))
    inner = f"<imageReferenceSet>{''.join(found)}</imageReferenceSet>"
    return f"<DescribeImageReferencesResponse>{inner}</DescribeImageReferencesResponse>"


def reference(image, kind, name):
    """As XML: the call is newer than the model of the pinned botocore."""
    arn = f"arn:aws:ec2:us-east-1:123456789012:{name}"
    return f"<item><imageId>{image}</imageId><resourceType>{kind}</resourceType><arn>{arn}</arn></item>"


create_launch_template_version = EC2Response.create_launch_template_version


def create_version_from_source(self):
    """docs: a version has the data of its source, with the members that are named in place of the source's."""
    source = self._get_param("SourceVersion")
    answer = create_launch_template_version(self)
    if source:
        template = self.ec2_backend.get_launch_template(self._get_param("LaunchTemplateId"))
        version = template.versions[-1]
        # In place, because the answer that is about to be written has the same dictionary.
        for name, value in template.versions[int(source) - 1].data.items():
            version.data.setdefault(name, value)
    return answer


def close_gaps():
    EC2Response.create_launch_template_version = create_version_from_source
    Ami.block_device_mappings = property(block_device_mappings)
    Ami.imds_support = None
    Ami.deprecation_time = None
    EC2Response.modify_image_attribute = modify
    EC2Response.enable_image_deprecation = enable_image_deprecation
