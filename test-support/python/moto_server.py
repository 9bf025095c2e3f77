"""moto's server, made to give back what it was given where its release does not.

Each patch closes one gap that makes `terraform apply` fail, or `terraform plan` see a difference, where AWS would do
neither. None of them is about what the templates say: drop a patch when a release of moto closes its gap.

Usage: python moto_server.py -H 127.0.0.1 -p 5000
It ends when its standard input does, and so never outlives whoever started it.
"""

import functools
import os
import sys
import threading

import moto
from moto.autoscaling import models as autoscaling
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudtrail.models import CloudTrailBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses import EC2Response
from moto.guardduty.models import Detector
from moto.server import main

WRITTEN_FOR = "5.2.5"


def after(cls, name):
    """Runs the decorated function after the method of this name, with its arguments."""

    def register(then):
        original = getattr(cls, name)

        @functools.wraps(original)
        def patched(self, *args, **kwargs):
            result = original(self, *args, **kwargs)
            then(self, *args, **kwargs)
            return result

        setattr(cls, name, patched)
        return then

    return register


# --- Auto Scaling -----------------------------------------------------------------------------------------------------


def keep_group_attributes(self):
    """CreateAutoScalingGroup and UpdateAutoScalingGroup drop these; the service-linked role is a constant."""
    kept = {
        "MaxInstanceLifetime": ("max_instance_lifetime", int),
        "DefaultInstanceWarmup": ("default_instance_warmup", int),
        "ServiceLinkedRoleARN": ("service_linked_role_arn", str),
        "InstanceMaintenancePolicy": ("instance_maintenance_policy", lambda value: value),
    }
    group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
    for parameter, (attribute, convert) in kept.items():
        value = self._get_param(parameter)
        if value is not None:
            setattr(group, attribute, convert(value))


after(AutoScalingResponse, "create_auto_scaling_group")(keep_group_attributes)
after(AutoScalingResponse, "update_auto_scaling_group")(keep_group_attributes)


update_whole_group = autoscaling.FakeAutoScalingGroup.update


def update_named_arguments(self, *args, **kwargs):
    """UpdateAutoScalingGroup that names no launch template or policy leaves it; moto takes it away."""
    kept = self.mixed_instances_policy
    update_whole_group(self, *args, **kwargs)
    if not kwargs.get("launch_template") and not kwargs.get("launch_config_name"):
        self.mixed_instances_policy = self.mixed_instances_policy or kept


autoscaling.FakeAutoScalingGroup.update = update_named_arguments


@after(autoscaling.LifecycleHook, "__init__")
def invent_no_target(self, *_args, **_kwargs):
    """A hook is given a queue and a role that nobody asked for."""
    self.role_arn = None
    self.notification_target_arn = None


@after(autoscaling.FakeScalingPolicy, "__init__")
def say_policy_as_aws_does(self, *_args, **_kwargs):
    """A policy has no "Enabled", and an empty predictive configuration in place of none."""
    self.enabled = True
    self.predictive_scaling_configuration = self.predictive_scaling_configuration or None


# --- EC2 --------------------------------------------------------------------------------------------------------------

version_with_own_tags = LaunchTemplateVersion.__init__


def version_without_own_tags(self, template, number, data, description):
    """A template's own tags turn up among the specifications of what it launches."""
    if "TagSpecifications" in data:
        data["TagSpecifications"] = [
            spec for spec in data["TagSpecifications"] if spec.get("ResourceType") != "launch-template"
        ]
    version_with_own_tags(self, template, number, data, description)


LaunchTemplateVersion.__init__ = version_without_own_tags

make_rule = SecurityGroupRule.__init__


def make_rule_with_description(self, *args, **kwargs):
    """A rule that names a prefix list loses its description."""
    make_rule(self, *args, **kwargs)
    given = args[7] if len(args) > 7 else kwargs.get("prefix_list_id")
    self.description_of_prefix_list = (given or {}).get("Description")


SecurityGroupRule.__init__ = make_rule_with_description

# A rule that names a group loses its description.
SecurityGroupRule.description = property(
    lambda self: self.ip_range.get("Description")
    or self.source_group.get("Description")
    or self.description_of_prefix_list
)

add_another_volume = Instance.add_block_device


def add_volume_in_place(self, size, device_path, *args, **kwargs):
    """A template's root volume comes beside the one that moto gave the instance, which nobody deletes any more."""
    invented = self.block_device_mapping.get(device_path)
    if invented is not None:
        self.ec2_backend.detach_volume(invented.volume_id, self.id, device_path)
        self.ec2_backend.delete_volume(invented.volume_id)
    add_another_volume(self, size, device_path, *args, **kwargs)


Instance.add_block_device = add_volume_in_place

terminate_without_interface = Instance.terminate


def terminate_with_interface(self):
    """The interface that an instance was started with goes with it."""
    for interface in list(self.nics.values()):
        interface.delete_on_termination = interface.delete_on_termination or interface.device_index == 0
    return terminate_without_interface(self)


Instance.terminate = terminate_with_interface


@after(NatGatewayBackend, "delete_nat_gateway")
def delete_interface_too(self, nat_gateway_id):
    """A gateway's interface stays when the gateway goes."""
    interface = self.nat_gateways[nat_gateway_id]._eni
    if interface.id in self.enis:
        interface.delete()


METADATA_DEFAULTS = {}
SHARING = {"image": "unblocked", "snapshot": "unblocked"}


class AccountSettings:
    """Calls of EC2 about the account itself, none of which moto has."""

    def modify_instance_metadata_defaults(self):
        for name in ("HttpTokens", "HttpEndpoint", "InstanceMetadataTags", "HttpPutResponseHopLimit"):
            value = self._get_param(name)
            if value in ("no-preference", "-1", -1):
                METADATA_DEFAULTS.pop(name, None)
            elif value is not None:
                METADATA_DEFAULTS[name] = int(value) if name == "HttpPutResponseHopLimit" else value
        return ActionResult({"Return": True})

    def get_instance_metadata_defaults(self):
        return ActionResult({"AccountLevel": dict(METADATA_DEFAULTS)})

    def enable_image_block_public_access(self):
        SHARING["image"] = self._get_param("ImageBlockPublicAccessState")
        return ActionResult({"ImageBlockPublicAccessState": SHARING["image"]})

    def disable_image_block_public_access(self):
        SHARING["image"] = "unblocked"
        return ActionResult({"ImageBlockPublicAccessState": SHARING["image"]})

    def get_image_block_public_access_state(self):
        return ActionResult({"ImageBlockPublicAccessState": SHARING["image"]})

    def enable_snapshot_block_public_access(self):
        SHARING["snapshot"] = self._get_param("State")
        return ActionResult({"State": SHARING["snapshot"]})

    def disable_snapshot_block_public_access(self):
        SHARING["snapshot"] = "unblocked"
        return ActionResult({"State": SHARING["snapshot"]})

    def get_snapshot_block_public_access_state(self):
        return ActionResult({"State": SHARING["snapshot"]})


for call, function in vars(AccountSettings).items():
    if not call.startswith("__"):
        assert not hasattr(EC2Response, call), f"moto has {call} now: drop this patch"
        setattr(EC2Response, call, function)

# --- CloudWatch -------------------------------------------------------------------------------------------------------

# PutCompositeAlarm is missing, though PutMetricAlarm keeps an AlarmRule and DescribeAlarms tells the two kinds apart.
assert not hasattr(CloudWatchResponse, "put_composite_alarm"), "moto has put_composite_alarm now: drop this patch"
CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm

# --- CloudTrail -------------------------------------------------------------------------------------------------------

delete_trail_by_name = CloudTrailBackend.delete_trail


def delete_trail_by_name_or_arn(self, name):
    """DeleteTrail takes either; for an ARN moto does nothing and says that all is well."""
    delete_trail_by_name(self, name.rpartition("/")[2])


CloudTrailBackend.delete_trail = delete_trail_by_name_or_arn

# --- GuardDuty --------------------------------------------------------------------------------------------------------

update_whole_detector = Detector.update


def update_named_features(self, enable, finding_publishing_frequency, data_sources, features):
    """UpdateDetector names the features that change; moto forgets the others."""
    if features is not None:
        merged = {feature["name"]: feature for feature in [*self.features, *features]}
        features = list(merged.values())
    update_whole_detector(self, enable, finding_publishing_frequency, data_sources, features)


Detector.update = update_named_features


def end_with_input():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    if moto.__version__ != WRITTEN_FOR:
        sys.exit(f"these patches are for moto {WRITTEN_FOR} and this is {moto.__version__}: try each, then raise this")
    threading.Thread(target=end_with_input, daemon=True).start()
    main(sys.argv[1:])
