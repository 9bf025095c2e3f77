"""The environment's key, and that everything which can be encrypted is encrypted with it."""

import json

from aws import all_of, client


def check(fleet, facts):
    kms = client("kms")
    key = fleet_key(fleet)
    facts.true("the key is rotated", kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"])
    facts.true("the key is on", key["KeyState"] == "Enabled", key["KeyState"])
    policy = json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
    for statement in policy["Statement"]:
        principals = json.dumps(statement["Principal"])
        facts.true(f"{statement['Sid']} names its principals", '"*"' not in principals, principals)
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        facts.true(f"{statement['Sid']} names its actions", "kms:*" not in actions)
        uses = {"kms:Decrypt", "kms:CreateGrant"} & set(actions)
        facts.true(f"{statement['Sid']} opens data only under a condition", not uses or "Condition" in statement)

    groups = all_of("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=f"{fleet.path}/")
    names = [g["logGroupName"].removeprefix(f"{fleet.path}/") for g in groups]
    facts.equal("log groups", sorted(names), ["flow-logs", "session", "system", "worker"])
    for group in groups:
        facts.equal(f"the key of {group['logGroupName']}", group.get("kmsKeyId"), key["Arn"])
        facts.equal(f"retention of {group['logGroupName']}", group.get("retentionInDays"), 365)

    topic = f"arn:aws:sns:{fleet['fleet']['region']}:{key['AWSAccountId']}:{fleet.prefix}-alerts"
    attributes = client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    facts.equal("the topic's key", attributes["KmsMasterKeyId"], key["Arn"])
    facts.true("the topic refuses what is not encrypted on its way", refuses_plain(attributes["Policy"]))
    subscriptions = client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    told = [(s["Protocol"], s["Endpoint"]) for s in subscriptions]
    facts.equal("who is notified", told, [("email", address) for address in fleet["alerts"]["email"]])


def fleet_key(fleet):
    return client("kms").describe_key(KeyId=f"alias/{fleet.prefix}")["KeyMetadata"]


def refuses_plain(policy):
    """Whether a policy denies everybody whatever comes without TLS."""
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement["Condition"]["Bool"].get("aws:SecureTransport") == "false"
        for statement in json.loads(policy)["Statement"]
        if "Bool" in statement.get("Condition", {})
    )
