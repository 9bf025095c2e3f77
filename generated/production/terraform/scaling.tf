# Rendered by valet-gen from fleet.toml, environment production: when the group grows and shrinks.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Where two rules hold at once Auto Scaling takes the larger size. No data is no reason to grow: heartbeat-missing
# tells when the publisher is silent.
resource "aws_autoscaling_policy" "queue_at_least_5" {
  count = local.launches

  name                    = "valet-production-queue-at-least-5"
  autoscaling_group_name  = aws_autoscaling_group.workers[0].name
  policy_type             = "StepScaling"
  adjustment_type         = "ChangeInCapacity"
  metric_aggregation_type = "Maximum"

  step_adjustment {
    metric_interval_lower_bound = "0"
    scaling_adjustment          = 2
  }
}

resource "aws_cloudwatch_metric_alarm" "queue_at_least_5" {
  count = local.launches

  alarm_name          = "valet-production-queue-at-least-5"
  alarm_description   = "Queue depth at least 5 for 3 min: add 2. It scales and pages nobody."
  alarm_actions       = [aws_autoscaling_policy.queue_at_least_5[0].arn]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 3
  metric_name         = "QueueDepth"
  namespace           = "Valet/Workers"
  period              = 60
  statistic           = "Maximum"
  threshold           = 5
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.workers[0].name
  }
}

resource "aws_autoscaling_policy" "queue_at_least_20" {
  count = local.launches

  name                    = "valet-production-queue-at-least-20"
  autoscaling_group_name  = aws_autoscaling_group.workers[0].name
  policy_type             = "StepScaling"
  adjustment_type         = "ExactCapacity"
  metric_aggregation_type = "Maximum"

  step_adjustment {
    metric_interval_lower_bound = "0"
    scaling_adjustment          = 20
  }
}

resource "aws_cloudwatch_metric_alarm" "queue_at_least_20" {
  count = local.launches

  alarm_name          = "valet-production-queue-at-least-20"
  alarm_description   = "Queue depth at least 20 for 1 min: go to the largest size. It scales and pages nobody."
  alarm_actions       = [aws_autoscaling_policy.queue_at_least_20[0].arn]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 1
  metric_name         = "QueueDepth"
  namespace           = "Valet/Workers"
  period              = 60
  statistic           = "Maximum"
  threshold           = 20
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.workers[0].name
  }
}

# Simple and not step scaling: an alarm that stays on repeats its action every minute, and a step policy would obey
# each time. The cooldown makes it one per idle period; policies of other types do not wait for it.
resource "aws_autoscaling_policy" "idle" {
  count = local.launches

  name                   = "valet-production-idle"
  autoscaling_group_name = aws_autoscaling_group.workers[0].name
  policy_type            = "SimpleScaling"
  adjustment_type        = "ChangeInCapacity"
  cooldown               = 900
  scaling_adjustment     = -1
}

# A minute without data yields no value and counts as busy: silence must not end running tasks.
resource "aws_cloudwatch_metric_alarm" "idle" {
  count = local.launches

  alarm_name          = "valet-production-idle"
  alarm_description   = "Queue empty and slot use under 20 % for 15 min: remove 1. It scales and pages nobody."
  alarm_actions       = [aws_autoscaling_policy.idle[0].arn]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  datapoints_to_alarm = 15
  evaluation_periods  = 15
  threshold           = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "idle"
    expression  = "IF(queue < 1 AND slots < 20, 1, 0)"
    label       = "Idle"
    return_data = true
  }

  metric_query {
    id = "queue"

    metric {
      metric_name = "QueueDepth"
      namespace   = "Valet/Workers"
      period      = 60
      stat        = "Maximum"

      dimensions = {
        AutoScalingGroupName = aws_autoscaling_group.workers[0].name
      }
    }
  }

  metric_query {
    id = "slots"

    metric {
      metric_name = "SlotUtilization"
      namespace   = "Valet/Workers"
      period      = 60
      stat        = "Average"

      dimensions = {
        AutoScalingGroupName = aws_autoscaling_group.workers[0].name
      }
    }
  }
}

# It only ever adds: its scale-in would know nothing of running tasks.
resource "aws_autoscaling_policy" "cpu" {
  count = local.launches

  name                   = "valet-production-cpu"
  autoscaling_group_name = aws_autoscaling_group.workers[0].name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    disable_scale_in = true
    target_value     = 70

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

# It only ever adds: its scale-in would know nothing of running tasks.
resource "aws_autoscaling_policy" "slots" {
  count = local.launches

  name                   = "valet-production-slots"
  autoscaling_group_name = aws_autoscaling_group.workers[0].name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    disable_scale_in = true
    target_value     = 80

    customized_metric_specification {
      metric_name = "SlotUtilization"
      namespace   = "Valet/Workers"
      statistic   = "Average"

      metric_dimension {
        name  = "AutoScalingGroupName"
        value = aws_autoscaling_group.workers[0].name
      }
    }
  }
}
