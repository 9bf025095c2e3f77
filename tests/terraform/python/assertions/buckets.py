"""What holds for every bucket: private, versioned, encrypted, over TLS only, and emptied in time."""

from aws import client
from keys import refuses_plain


def check_bucket(bucket, key, days, facts):
    s3 = client("s3")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    facts.true(f"{bucket} is private", len(block) == 4 and all(block.values()), block)
    facts.equal(f"versions of {bucket}", s3.get_bucket_versioning(Bucket=bucket).get("Status"), "Enabled")
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    default = rules[0]["ApplyServerSideEncryptionByDefault"]
    facts.equal(f"encryption of {bucket}", (default["SSEAlgorithm"], default["KMSMasterKeyID"]), ("aws:kms", key))
    facts.true(f"{bucket} refuses what is not encrypted on its way", refuses_plain(s3.get_bucket_policy(Bucket=bucket)["Policy"]))
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    facts.equal(f"owners of objects in {bucket}", controls[0]["ObjectOwnership"], "BucketOwnerEnforced")
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    facts.equal(f"when objects of {bucket} go", [r["Expiration"]["Days"] for r in lifecycle], [days])
