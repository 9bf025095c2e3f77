"""Holds what is in the account after a destroy against what was there before the first apply.

Usage: python leftovers.py before.json [fleet]
"""

import json
import sys
from pathlib import Path

from aws import all_of, client
from inventory import inventory

TAG = {"Key": "Fleet", "Values": [sys.argv[2] if len(sys.argv) > 2 else "valet"]}

before = json.loads(Path(sys.argv[1]).read_text())
held, broken = 0, []
for kind, names in inventory().items():
    if left := sorted(set(names) - set(before[kind])):
        broken.append(f"left after the destroy: {kind}: {left}")
    else:
        held += 1


def is_gone_or_waits(arn):
    """Keys and secrets can be brought back for some days; instances and gateways are listed for an hour."""
    if ":kms:" in arn:
        return client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    if ":secretsmanager:" in arn:
        return "DeletedDate" in client("secretsmanager").describe_secret(SecretId=arn)
    if ":natgateway/" in arn:
        gateways = client("ec2").describe_nat_gateways(NatGatewayIds=[arn.rpartition("/")[2]])["NatGateways"]
        return all(gateway["State"] == "deleted" for gateway in gateways)
    if ":instance/" in arn:
        instances = client("ec2").describe_instances(InstanceIds=[arn.rpartition("/")[2]])["Reservations"]
        return all(i["State"]["Name"] == "terminated" for r in instances for i in r["Instances"])
    return False


tagged = all_of("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=[TAG])
if left := sorted(t["ResourceARN"] for t in tagged if not is_gone_or_waits(t["ResourceARN"])):
    broken.append(f"still tagged with the fleet's name: {left}")
else:
    held += 1
print(json.dumps({"held": held, "broken": broken}))
