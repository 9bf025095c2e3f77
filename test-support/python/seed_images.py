"""Images of a fleet as bakes leave them, made at once: a test needs many of them and no bake."""

import datetime

from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id

ACCOUNT = "123456789012"
OWN = {"ManagedBy": "valet-gen", "Fleet": "valet", "Environment": "production"}
DIGESTS = {f"valet:{name}": "ab" * 32 for name in ("bundle-sha256", "config-digest", "sbom-sha256", "worker-sha256")}


def seed_images(wanted):
    """{"region", "images": [{"status", "hours": its age}]}: their ids, in the same order."""
    backend = ec2_backends[ACCOUNT][wanted["region"]]
    now = datetime.datetime.now(datetime.timezone.utc)
    made = []
    for number, image in enumerate(wanted["images"]):
        ami = Ami(
            backend,
            random_ami_id(),
            name=f"valet-production-amd64-{number}",
            architecture="x86_64",
            virtualization_type="hvm",
            root_device_type="ebs",
            region_name=f"{wanted['region']}a",
        )
        created = now - datetime.timedelta(hours=image["hours"])
        ami.creation_date = created
        ami.imds_support = "v2.0"
        ami.fake_encrypted = True
        ami.ebs_snapshot.encrypted = True
        tags = {
            **OWN,
            **DIGESTS,
            "valet:bake-id": f"valet-production-x86_64-{number:016x}",
            "valet:source-ami": "ami-0ba5e0ba5e0ba5e01",
            "valet:checks": "100/0/8",
            "valet:status": image["status"],
        }
        ami.add_tags(tags)
        ami.ebs_snapshot.add_tags(tags)
        backend.amis[ami.id] = ami
        made.append(ami.id)
    return made
