"""The keys of an image's snapshots: under which it is made, and whether it may be shared."""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.responses import EC2Response
from moto.kms.models import kms_backends

ACCOUNT = "123456789012"

modify_snapshot_attribute = EC2Response.modify_snapshot_attribute
copy_image = EC2Response.copy_image


def default_key(region):
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/00000000-aaaa-4bbb-8ccc-the-default"


def make_key(region, alias):
    """A key as Terraform makes it, with its alias."""
    keys = kms_backends[ACCOUNT][region]
    if keys.get_key_id_from_alias(alias) is None:
        key = keys.create_key("{}", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "images", None)
        keys.create_alias(key.id, alias)


def arn_of(key, region):
    """docs: a key is of one region; EC2 names it by its id, whatever it was named by."""
    if not key:
        return default_key(region)
    parts = key.split(":")
    if parts[3] != region:
        raise AssertionError(f"{key} is no key of {region}")
    if not parts[5].startswith("alias/"):
        return key
    found = kms_backends[ACCOUNT][region].get_key_id_from_alias(parts[5])
    if found is None:
        raise AssertionError(f"{key} is not there")
    return f"arn:aws:kms:{region}:{parts[4]}:key/{found}"


def share_snapshot(self):
    """docs: a snapshot under an account's default key cannot be shared."""
    snapshot = self.ec2_backend.snapshots[self._get_param("SnapshotId")]
    if snapshot.kms_key_id in (None, default_key(self.region)):
        raise EC2ClientError("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
    # docs: accounts are listed below Add; moto reads the older form alone.
    for permission in (self._get_param("CreateVolumePermission") or {}).get("Add", []):
        snapshot.create_volume_permission_userids.add(permission["UserId"])
    return modify_snapshot_attribute(self)


def copy_with_key(self):
    """docs: the copy is encrypted with the key that is named, and otherwise with the default key of its region."""
    answer = copy_image(self)
    copied = list(self.ec2_backend.amis.values())[-1]
    source = ec2_backends[ACCOUNT][self._get_param("SourceRegion")].amis[self._get_param("SourceImageId")]
    copied.fake_encrypted = True
    copied.fake_gigabytes = getattr(source, "fake_gigabytes", 15)
    copied.ebs_snapshot.encrypted = True
    copied.ebs_snapshot.kms_key_id = arn_of(self._get_param("KmsKeyId"), self.region)
    return answer


def close_key_gaps():
    EC2Response.modify_snapshot_attribute = share_snapshot
    EC2Response.copy_image = copy_with_key
