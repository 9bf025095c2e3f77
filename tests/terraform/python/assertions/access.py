"""How people get in, and what is kept of it."""

import json

from aws import account_id, client
from buckets import check_bucket
from keys import fleet_key


def check(fleet, facts):
    wanted = fleet["access"]["session_manager"]
    bucket = f"{fleet.prefix}-session-{account_id()}"
    check_bucket(bucket, fleet_key(fleet)["Arn"], wanted["retention_in_days"], facts)

    session = document(f"{fleet.prefix}-session")["inputs"]
    facts.equal("where sessions are recorded", (session["s3BucketName"], session["cloudWatchLogGroupName"]),
                (bucket, f"{fleet.path}/session"))
    facts.true("records are encrypted", session["s3EncryptionEnabled"] and session["cloudWatchEncryptionEnabled"])
    facts.equal("the sessions' key", session["kmsKeyId"], fleet_key(fleet)["Arn"])
    facts.equal("when an idle session ends", session["idleSessionTimeout"], str(wanted["idle_minutes"]))

    forward = document(f"{fleet.prefix}-novnc")
    facts.equal("the port that is forwarded", forward["properties"]["portNumber"], str(fleet["worker"]["novnc"]["port"]))
    facts.true("nobody chooses another", set(forward["parameters"]) == {"localPortNumber"})

    arn = f"arn:aws:iam::{account_id()}:policy/{fleet.prefix}-operators"
    version = client("iam").get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    policy = client("iam").get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    policy = json.loads(policy) if isinstance(policy, str) else policy
    for statement in policy["Statement"]:
        if statement["Sid"] == "OpenDataChannel":
            # The token of a session that was started with MFA opens it, and carries no word of MFA.
            facts.true("operators open their own sessions", statement["Resource"].endswith(":session/${aws:userid}-*"))
            continue
        asks = statement.get("Condition", {}).get("Bool", {}).get("aws:MultiFactorAuthPresent")
        facts.equal(f"operators need MFA to {statement['Sid']}", asks, "true")
    start = next(s for s in policy["Statement"] if s["Sid"] == "StartOnWorkers")
    tags = start["Condition"]["StringEquals"]
    facts.equal("operators reach instances of this fleet", tags["ssm:resourceTag/Fleet"], fleet.name)
    facts.equal("and of this environment", tags["ssm:resourceTag/Environment"], fleet.environment)


def document(name):
    return json.loads(client("ssm").get_document(Name=name)["Content"])
