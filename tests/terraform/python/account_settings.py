"""Prints the settings that hold for the whole account and region."""

import json

from aws import account_id, client

ec2 = client("ec2")
print(json.dumps({
    "ebs_encryption": ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"],
    "imdsv2": ec2.get_instance_metadata_defaults()["AccountLevel"].get("HttpTokens"),
    "images": ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"],
    "snapshots": ec2.get_snapshot_block_public_access_state()["State"],
    "buckets": client("s3control").get_public_access_block(AccountId=account_id())["PublicAccessBlockConfiguration"],
}))
