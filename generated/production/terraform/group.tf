# Rendered by valet-gen from fleet.toml, environment production: the Auto Scaling group.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Sizes count capacity units of 5 slots, not instances: a larger type counts for several. Auto Scaling
# may pass max_size by the largest weight less one.
resource "aws_autoscaling_group" "workers" { # To destroy it: [terraform] protect = false
  count = local.launches

  name                    = local.group
  min_size                = 2
  max_size                = 20
  vpc_zone_identifier     = [for subnet in aws_subnet.private : subnet.id]
  service_linked_role_arn = aws_iam_service_linked_role.autoscaling.arn

  # A second instance is started when EC2 foresees an interruption; the first drains under the terminate hook below.
  capacity_rebalance = true

  # Control: aws.short-lived-instances
  max_instance_lifetime = 1209600

  # Evening out the zones kills running tasks for no gain.
  suspended_processes = ["AZRebalance"]

  # "EC2": there is no load balancer; what EC2 cannot see the agent reports with SetInstanceHealth.
  default_instance_warmup   = 180
  health_check_grace_period = 300
  health_check_type         = "EC2"

  # Missing spot capacity is for the alarms to tell; waiting here would mark the group for replacement.
  wait_for_capacity_timeout = "0"

  enabled_metrics = [
    "GroupDesiredCapacity",
    "GroupInServiceCapacity",
    "GroupInServiceInstances",
    "GroupMaxSize",
    "GroupMinSize",
    "GroupPendingCapacity",
    "GroupPendingInstances",
    "GroupStandbyCapacity",
    "GroupStandbyInstances",
    "GroupTerminatingCapacity",
    "GroupTerminatingInstances",
    "GroupTotalCapacity",
    "GroupTotalInstances",
  ]
  metrics_granularity = "1Minute"

  # The end of an instance's lifetime and a failed health check replace first and drain then, as the refresh does.
  instance_maintenance_policy {
    max_healthy_percentage = 150
    min_healthy_percentage = 100
  }

  mixed_instances_policy {
    # "prioritized": on-demand takes the overrides in fleet.toml's order of preference; spot weighs price and depth.
    instances_distribution {
      on_demand_allocation_strategy            = "prioritized"
      on_demand_base_capacity                  = 1
      on_demand_percentage_above_base_capacity = 30
      spot_allocation_strategy                 = "price-capacity-optimized"
    }

    launch_template {
      # A number and not "$Latest", with which a new version would change nothing here and start no refresh.
      launch_template_specification {
        launch_template_id = aws_launch_template.worker["fixed"].id
        version            = aws_launch_template.worker["fixed"].default_version
      }

      override {
        instance_type     = "t3.large"
        weighted_capacity = "1"

        launch_template_specification {
          launch_template_id = aws_launch_template.worker["burstable"].id
          version            = aws_launch_template.worker["burstable"].default_version
        }
      }

      override {
        instance_type     = "m5.large"
        weighted_capacity = "1"
      }

      override {
        instance_type     = "m6i.large"
        weighted_capacity = "1"
      }

      override {
        instance_type     = "m7i.large"
        weighted_capacity = "1"
      }

      override {
        instance_type     = "t3.xlarge"
        weighted_capacity = "2"

        launch_template_specification {
          launch_template_id = aws_launch_template.worker["burstable"].id
          version            = aws_launch_template.worker["burstable"].default_version
        }
      }

      override {
        instance_type     = "m6a.large"
        weighted_capacity = "1"
      }

      override {
        instance_type     = "m5a.large"
        weighted_capacity = "1"
      }

      override {
        instance_type     = "m7a.large"
        weighted_capacity = "1"
      }

      override {
        instance_type     = "r5.large"
        weighted_capacity = "1"
      }

      override {
        instance_type     = "r6i.large"
        weighted_capacity = "1"
      }
    }
  }

  # min_healthy 100: a replacement serves before the old instance drains. No auto_rollback: the provider updates the group
  # before it starts the refresh, so a rollback would have the new version to go back to (hashicorp/aws issue 34189). How
  # to go back: docs/rolling-back.md.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      checkpoint_delay       = "600"
      checkpoint_percentages = [20, 50, 100]
      max_healthy_percentage = 150
      min_healthy_percentage = 100
      skip_matching          = true

      # By its name: the alarm watches this group. While it is on no further instance is replaced. A composite alarm is
      # nothing that the API promises to take.
      alarm_specification {
        alarms = ["valet-production-workers-silent"]
      }

      # Busy instances are protected from scale-in by their agent. "Refresh" replaces them too, after their drain;
      # "Ignore" would leave them on the old image and report success, and "Wait" fails after an hour.
      scale_in_protected_instances = "Refresh"
    }
  }

  # default_tags do not reach what a group launches.
  # Control: aws.tags
  dynamic "tag" {
    for_each = {
      CostCenter  = "browser-automation"
      Environment = "production"
      Fleet       = "valet"
      ManagedBy   = "valet-gen"
      Name        = "valet-production-worker"
      Project     = "valet"
    }

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # The scaling policies own desired_capacity, the schedules own the sizes that they name; an apply at noon would
  # otherwise undo the morning's.
  lifecycle {
    # Also from -var without_image=true, once there is a group. [terraform] protect = false lets it go.
    prevent_destroy = true

    ignore_changes = [
      desired_capacity,
      min_size,
    ]
  }

  # A worker that boots before its permissions or its way out gives up on its secrets and is replaced.
  depends_on = [
    aws_iam_role_policy.worker,
    aws_secretsmanager_secret_version.secret,
    aws_ssm_parameter.secret,
    aws_route.private_nat,
    aws_route_table_association.private,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
    aws_vpc_security_group_egress_rule.worker,
    aws_vpc_security_group_ingress_rule.endpoints_from_workers,
  ]
}

# A resource of its own and not an initial_lifecycle_hook, which is read at creation only, so that a later change of
# the drain budget would do nothing. No task runs yet in the second between the two.
# CONTINUE, because a terminating instance goes either way; ABANDON would only skip the hooks of others.
resource "aws_autoscaling_lifecycle_hook" "drain" {
  count = local.launches

  name                   = "valet-production-drain"
  autoscaling_group_name = aws_autoscaling_group.workers[0].name
  default_result         = "CONTINUE"
  heartbeat_timeout      = 120
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
}

# The agent completes it when the host is ready: until then the instance is not in service, and one whose agent is dead
# never is. ABANDON has it replaced 600 s after the agent's last word. A host that waits, for a secret's value,
# extends the hook, for 100 times that and 48 hours at most. The instances of the very first apply start without it.
resource "aws_autoscaling_lifecycle_hook" "launch" {
  count = local.launches

  name                   = "valet-production-launch"
  autoscaling_group_name = aws_autoscaling_group.workers[0].name
  default_result         = "ABANDON"
  heartbeat_timeout      = 600
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_LAUNCHING"
}
