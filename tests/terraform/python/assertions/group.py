"""The Auto Scaling group: what it launches, how large it is, and what changes that."""

from aws import all_of, client, tags_of

DAY = 24 * 60 * 60
# What follows a drain: the last metrics and the hook's completion.
AFTER_DRAIN = 40
NOT_SET = None


def check(fleet, facts):
    groups = all_of("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups")
    facts.equal("groups", [g["AutoScalingGroupName"] for g in groups], [fleet.group])
    group = groups[0]
    check_size(fleet, group, facts)
    check_mix(fleet, group["MixedInstancesPolicy"], facts)
    check_hooks(fleet, facts)
    check_schedules(fleet, facts)
    check_policies(fleet, facts)


def check_size(fleet, group, facts):
    facts.equal("the smallest size", group["MinSize"], fleet["scaling"]["min_size"])
    facts.equal("the largest size", group["MaxSize"], fleet["scaling"]["max_size"])
    facts.true("risky instances are replaced early", group["CapacityRebalance"] is True)
    facts.equal("lifetime", group["MaxInstanceLifetime"], fleet["instances"]["max_instance_lifetime_days"] * DAY)
    facts.equal("suspended", [p["ProcessName"] for p in group["SuspendedProcesses"]], ["AZRebalance"])
    facts.true("its role is its own", group["ServiceLinkedRoleARN"].endswith(f"AWSServiceRoleForAutoScaling_{fleet.prefix}"))
    facts.equal("replacements come first", group["InstanceMaintenancePolicy"]["MinHealthyPercentage"], 100)
    metrics = {m["Metric"] for m in group["EnabledMetrics"]}
    needed = {name for namespace, name in fleet.published if namespace == "AWS/AutoScaling"}
    facts.equal("metrics that alarms need and the group does not publish", sorted(needed - metrics), [])
    subnets = client("ec2").describe_subnets(SubnetIds=group["VPCZoneIdentifier"].split(","))["Subnets"]
    facts.true("workers run in private subnets", all(tags_of(s)["Tier"] == "private" for s in subnets))
    facts.equal("zones", sorted(s["AvailabilityZone"] for s in subnets), fleet["network"]["availability_zones"])
    facts.equal("tags", tags_of(group), fleet.tags | {"Name": f"{fleet.prefix}-worker"})
    facts.true("tags reach instances", all(tag["PropagateAtLaunch"] for tag in group["Tags"]))


def check_mix(fleet, policy, facts):
    wanted = fleet["instances"]
    overrides = policy["LaunchTemplate"]["Overrides"]
    fewest = min(t["slots"] for t in wanted["types"])
    facts.equal("overrides", len(overrides), 10)
    facts.equal(
        "types and weights, in order of preference",
        [(o["InstanceType"], o["WeightedCapacity"]) for o in overrides],
        [(t["instance_type"], str(t["slots"] // fewest)) for t in wanted["types"]],
    )
    templates = {t["LaunchTemplateId"]: t["LaunchTemplateName"] for t in all_of("ec2", "describe_launch_templates", "LaunchTemplates")}
    default = policy["LaunchTemplate"]["LaunchTemplateSpecification"]
    for override in overrides:
        used = override.get("LaunchTemplateSpecification", default)
        kind = "burstable" if override["InstanceType"].startswith("t") else "fixed"
        name = f"{fleet.prefix}-worker-{kind}"
        facts.equal(f"the template of {override['InstanceType']}", templates[used["LaunchTemplateId"]], name)
        facts.true(f"{override['InstanceType']} has a template's number", used["Version"].isdigit(), used["Version"])
    spread = policy["InstancesDistribution"]
    facts.equal("on-demand base", spread["OnDemandBaseCapacity"], wanted["on_demand_base_capacity"])
    share = wanted["on_demand_percentage_above_base_capacity"]
    facts.equal("on-demand share", spread["OnDemandPercentageAboveBaseCapacity"], share)
    facts.equal("spot strategy", spread["SpotAllocationStrategy"], wanted["spot_allocation_strategy"])
    facts.equal("on-demand strategy", spread["OnDemandAllocationStrategy"], "prioritized")
    facts.equal("price limit", spread.get("SpotMaxPrice", ""), "")


def check_hooks(fleet, facts):
    hooks = client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=fleet.group)["LifecycleHooks"]
    drain = fleet["worker"]["drain"]
    seconds = drain["task_seconds"] + drain["safety_margin_seconds"] + AFTER_DRAIN
    found = {h["LifecycleTransition"]: (h["HeartbeatTimeout"], h["DefaultResult"]) for h in hooks}
    facts.equal("hooks", sorted(found), ["autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"])
    facts.equal("the drain hook", found.get("autoscaling:EC2_INSTANCE_TERMINATING"), (seconds, "CONTINUE"))
    facts.equal("an instance that never gets ready is replaced", found.get("autoscaling:EC2_INSTANCE_LAUNCHING"), (600, "ABANDON"))


def check_schedules(fleet, facts):
    """A size that fleet.toml does not name is sent as none: as 0 it would end every worker."""
    actions = {a["ScheduledActionName"]: a for a in all_of(
        "autoscaling", "describe_scheduled_actions", "ScheduledUpdateGroupActions"
    )}
    facts.equal("schedules", sorted(actions), sorted(s["name"] for s in fleet["schedule"]))
    for wanted in fleet["schedule"]:
        action = actions[wanted["name"]]
        facts.equal(f"recurrence of {wanted['name']}", action["Recurrence"], wanted["recurrence"])
        facts.equal(f"time zone of {wanted['name']}", action["TimeZone"], wanted["time_zone"])
        for parameter, key in (("MinSize", "min_size"), ("MaxSize", "max_size"), ("DesiredCapacity", "desired_capacity")):
            facts.equal(f"{key} of {wanted['name']}", action.get(parameter, NOT_SET), wanted.get(key, NOT_SET))


def check_policies(fleet, facts):
    scaling = fleet["scaling"]
    policies = {p["PolicyName"].removeprefix(f"{fleet.prefix}-"): p for p in all_of(
        "autoscaling", "describe_policies", "ScalingPolicies"
    )}
    steps = scaling["queue"]["steps"]
    facts.equal("policies", sorted(policies), sorted(["cpu", "idle", "slots", *(f"queue-at-least-{s['at_least']}" for s in steps)]))
    for step in steps:
        policy = policies[f"queue-at-least-{step['at_least']}"]
        wanted = ("ExactCapacity", scaling["max_size"]) if step.get("to") == "max" else ("ChangeInCapacity", step["add"])
        adjustment = policy["StepAdjustments"][0]["ScalingAdjustment"]
        facts.equal(f"what a queue of {step['at_least']} does", (policy["AdjustmentType"], adjustment), wanted)
        check_trigger(fleet, policy, step, facts)
    for name in ("cpu", "slots"):
        tracking = policies[name]["TargetTrackingConfiguration"]
        facts.equal(f"the {name} target", tracking["TargetValue"], scaling[name]["target_percent"])
        facts.true(f"the {name} target never removes a worker", tracking["DisableScaleIn"] is True)
    idle, wanted = policies["idle"], scaling["queue"]["scale_in"]
    facts.equal("what an idle fleet does", idle["ScalingAdjustment"], -wanted["remove"])
    facts.equal("once per idle period", idle["Cooldown"], wanted["idle_minutes"] * 60)


def check_trigger(fleet, policy, step, facts):
    alarms = client("cloudwatch").describe_alarms(ActionPrefix=policy["PolicyARN"])["MetricAlarms"]
    found = [(a["Threshold"], a["EvaluationPeriods"] * a["Period"], a["ComparisonOperator"]) for a in alarms]
    wanted = (step["at_least"], step["for_minutes"] * 60, "GreaterThanOrEqualToThreshold")
    facts.equal(f"what triggers {policy['PolicyName']}", found, [wanted])
