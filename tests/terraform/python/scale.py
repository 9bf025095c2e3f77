"""Moves the group as a schedule and a scaling policy do, and prints its sizes."""

import json

from aws import client

GROUP = "valet-staging-workers"

autoscaling = client("autoscaling")
autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=2)
autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=3)
group = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0]
sizes = {name: group[name] for name in ("MinSize", "DesiredCapacity", "MaxSize")}
assert sizes["DesiredCapacity"] == 3 and sizes["MinSize"] == 2, sizes
print(json.dumps(sizes))
