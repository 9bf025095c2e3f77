"""Alarms: each watches a series that somebody publishes, and tells somebody who is there."""

import json
import re

from aws import all_of, client

# Alarms that move the group and page nobody.
SCALING = ("idle", "queue-at-least-")


def check(fleet, facts):
    # Those of the account are account.py's.
    alarms = [a for a in all_of("cloudwatch", "describe_alarms", "MetricAlarms")
              if not a["AlarmName"].startswith(f"{fleet.name}-account-")]
    composites = all_of("cloudwatch", "describe_alarms", "CompositeAlarms")
    parts = {name for c in composites for name in re.findall(r'ALARM\("([^"]+)"\)', c["AlarmRule"])}
    topics = {t["TopicArn"] for t in all_of("sns", "list_topics", "Topics")}
    policies = {p["PolicyARN"] for p in all_of("autoscaling", "describe_policies", "ScalingPolicies")}
    values = {
        "AutoScalingGroupName": [g["AutoScalingGroupName"] for g in all_of(
            "autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups"
        )],
        "QueueName": [url.rpartition("/")[2] for url in client("sqs").list_queues()["QueueUrls"]],
    }
    facts.true("there are alarms", len(alarms) >= 12, len(alarms))
    facts.true("the parts of composite alarms exist", parts <= {a["AlarmName"] for a in alarms}, parts)
    facts.true("heartbeat-missing has two parts", len(parts) == 2, parts)

    for alarm in alarms:
        name = alarm["AlarmName"]
        for namespace, metric, dimensions in series_of(alarm):
            dimension = fleet.published.get((namespace, metric))
            facts.true(f"{name}: {namespace} {metric} is published", dimension is not None)
            facts.equal(f"{name}: dimension of {metric}", [d["Name"] for d in dimensions], [dimension])
            facts.true(f"{name}: what it watches is there", dimensions[0]["Value"] in values.get(dimension, []), dimensions)
        check_actions(fleet, alarm, name in parts, topics, policies, facts)
        facts.true(f"{name} is described", len(alarm["AlarmDescription"]) > 20)
        facts.true(f"{name} says what silence means", alarm.get("TreatMissingData") in ("breaching", "notBreaching"))
    for composite in composites:
        check_actions(fleet, composite, False, topics, policies, facts)
    check_dashboard(fleet, facts)
    check_healing(fleet, {a["AlarmArn"] for a in alarms}, facts)


def series_of(alarm):
    """The series that an alarm watches, those inside of an expression included."""
    if "MetricName" in alarm:
        yield alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"]
    for query in alarm.get("Metrics", []):
        if "MetricStat" in query:
            metric = query["MetricStat"]["Metric"]
            yield metric["Namespace"], metric["MetricName"], metric["Dimensions"]


def check_actions(fleet, alarm, is_part, topics, policies, facts):
    name, actions = alarm["AlarmName"], alarm["AlarmActions"]
    scales = name.removeprefix(f"{fleet.prefix}-").startswith(SCALING)
    if is_part:
        facts.equal(f"what {name}, a part, does", actions + alarm["OKActions"], [])
    elif scales:
        facts.true(f"{name} scales the group and tells nobody", len(actions) == 1 and actions[0] in policies, actions)
    else:
        facts.true(f"{name} tells a topic that is there", len(actions) == 1 and actions[0] in topics, actions)
        facts.equal(f"{name} tells the same when it is over", alarm["OKActions"], actions)
        facts.true(f"{name} names its runbook", "Runbook: " in alarm["AlarmDescription"])


def check_dashboard(fleet, facts):
    body = json.loads(client("cloudwatch").get_dashboard(DashboardName=fleet.prefix)["DashboardBody"])
    for widget in body["widgets"]:
        for series in widget["properties"].get("metrics", []):
            namespace, metric, dimension = series[:3]
            found = fleet.published.get((namespace, metric))
            facts.equal(f"the dashboard's dimension of {metric}", dimension, found)


def check_healing(fleet, alarms, facts):
    events = client("events")
    rule = events.describe_rule(Name=f"{fleet.prefix}-heal")
    watched = json.loads(rule["EventPattern"])["resources"]
    facts.true("healing waits for alarms that are there", watched and set(watched) <= alarms, watched)
    facts.equal("healing is on", rule["State"], "ENABLED")
    targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    facts.equal("healing's targets", len(targets), 1)
    target = targets[0]
    document = target["Arn"].rpartition("/")[2]
    content = json.loads(client("ssm").get_document(Name=document)["Content"])
    command = content["mainSteps"][0]["inputs"]["runCommand"]
    facts.equal("what healing runs", command, ["exec /usr/local/bin/valet-worker heal"])
    wanted = [{"Key": "tag:aws:autoscaling:groupName", "Values": [fleet.group]}]
    facts.equal("where healing runs", target["RunCommandParameters"]["RunCommandTargets"], wanted)
    facts.true("healing's role is there", client("iam").get_role(RoleName=target["RoleArn"].rpartition("/")[2]))
    queues = [url.rpartition("/")[2] for url in client("sqs").list_queues()["QueueUrls"]]
    facts.true("what cannot be sent is kept", target["DeadLetterConfig"]["Arn"].rpartition(":")[2] in queues)
