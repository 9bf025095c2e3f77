"""Instance refreshes of Auto Scaling, which moto does not have."""

from moto.autoscaling.exceptions import AutoscalingClientError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

# Refreshes of every group, the newest last, and how the next one ends.
REFRESHES = []
NEXT = {"end": "Successful", "hold": False}

ENDED = {"Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"}

# What DescribeInstanceRefreshes does not tell.
HIDDEN = ("end", "group")


class InProgress(AutoscalingClientError):
    """model: the fault InstanceRefreshInProgressFault, and its code."""

    code = "InstanceRefreshInProgress"
    message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."


class NoneInProgress(AutoscalingClientError):
    """model: the fault ActiveInstanceRefreshNotFoundFault, and its code."""

    code = "ActiveInstanceRefreshNotFound"
    message = "No in progress or pending Instance Refresh found."


def order(wanted):
    """{"end": how the next one ends, "hold": whether those that go on stay where they are}"""
    NEXT.update(wanted)
    return True


def refreshes():
    """What a test wants to know of them."""
    return [{key: it[key] for key in ("AutoScalingGroupName", "Status", "Preferences")} for it in REFRESHES]


def start_instance_refresh(self):
    """docs: one at a time for a group; the group's own configuration changes when it has succeeded."""
    group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
    if any(it["group"] is group and it["Status"] not in ENDED for it in REFRESHES):
        raise InProgress()
    REFRESHES.append(
        {
            "InstanceRefreshId": f"refresh-{len(REFRESHES) + 1}",
            "AutoScalingGroupName": group.name,
            "Status": "Pending",
            "PercentageComplete": 0,
            "Preferences": self._get_param("Preferences", {}),
            "DesiredConfiguration": self._get_param("DesiredConfiguration", {}),
            "end": NEXT["end"],
            "group": group,
        }
    )
    return ActionResult({"InstanceRefreshId": REFRESHES[-1]["InstanceRefreshId"]})


def cancel_instance_refresh(self):
    """docs: it ends the one that goes on, and what was replaced stays replaced."""
    name = self._get_param("AutoScalingGroupName")
    for refresh in REFRESHES:
        if refresh["AutoScalingGroupName"] == name and refresh["Status"] not in ENDED:
            refresh["Status"] = "Cancelled"
            return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})
    raise NoneInProgress()


def describe_instance_refreshes(self):
    """One state further with every look; how long one takes is no part of the model."""
    name, ids = self._get_param("AutoScalingGroupName"), self._get_param("InstanceRefreshIds")
    listed = []
    for refresh in reversed([it for it in REFRESHES if it["AutoScalingGroupName"] == name]):
        if ids and refresh["InstanceRefreshId"] not in ids:
            continue
        advance(refresh)
        listed.append({key: value for key, value in refresh.items() if key not in HIDDEN})
    return ActionResult({"InstanceRefreshes": listed})


def advance(refresh):
    if refresh["Status"] == "Pending":
        refresh["Status"] = "InProgress"
    elif refresh["Status"] == "InProgress" and not NEXT["hold"]:
        refresh["Status"] = refresh["end"]
        refresh["PercentageComplete"] = 100
        desired = refresh["DesiredConfiguration"].get("MixedInstancesPolicy")
        if refresh["end"] == "Successful" and desired:
            refresh["group"].mixed_instances_policy = desired
        elif refresh["end"] != "Successful":
            refresh["StatusReason"] = "a test ordered it"


def close_refresh_gaps():
    AutoScalingResponse.start_instance_refresh = start_instance_refresh
    AutoScalingResponse.cancel_instance_refresh = cancel_instance_refresh
    AutoScalingResponse.describe_instance_refreshes = describe_instance_refreshes
