# Rendered by valet-gen from fleet.toml, environment production: the alarms.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Every series here is the fleet's own: its one dimension is the group's name, which valet-worker, the CloudWatch agent
# and Auto Scaling all publish. Where missing data does not breach, silence is the business of heartbeat-missing.

resource "aws_cloudwatch_metric_alarm" "adspower_down" {
  count = local.launches

  alarm_name          = "valet-production-adspower-down"
  alarm_description   = "AdsPower's API does not answer on at least one instance. Runbook: generated/production/RUNBOOKS.md#adspower-down"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 3
  metric_name         = "AdsPowerApiStatus"
  namespace           = "Valet/Workers"
  period              = 60
  statistic           = "Minimum"
  threshold           = 1
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "hatchet_disconnected" {
  count = local.launches

  alarm_name          = "valet-production-hatchet-disconnected"
  alarm_description   = "At least one worker is not connected to Hatchet. Runbook: generated/production/RUNBOOKS.md#hatchet-disconnected"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 2
  metric_name         = "HatchetConnectionStatus"
  namespace           = "Valet/Workers"
  period              = 60
  statistic           = "Minimum"
  threshold           = 1
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "xvfb_down" {
  count = local.launches

  alarm_name          = "valet-production-xvfb-down"
  alarm_description   = "The X server does not answer on at least one instance, so no browser can start there. Runbook: generated/production/RUNBOOKS.md#xvfb-down"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 1
  metric_name         = "XvfbStatus"
  namespace           = "Valet/Workers"
  period              = 60
  statistic           = "Minimum"
  threshold           = 1
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "browser_profiles_over_capacity" {
  count = local.launches

  alarm_name          = "valet-production-browser-profiles-over-capacity"
  alarm_description   = "An instance has more open browser profiles than the fleet's largest instance type has slots. Runbook: generated/production/RUNBOOKS.md#browser-profiles-over-capacity"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 5
  metric_name         = "ActiveBrowserProfiles"
  namespace           = "Valet/Workers"
  period              = 60
  statistic           = "Maximum"
  threshold           = 10
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "tasks_stalled" {
  count = local.launches

  alarm_name          = "valet-production-tasks-stalled"
  alarm_description   = "Tasks wait in the queue, slots are free, and no task ends. Runbook: generated/production/RUNBOOKS.md#tasks-stalled"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 3
  threshold           = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "value"
    expression  = "IF(queued > 0 AND FILL(used, 0) < 100, FILL(finished, 0) + FILL(failed, 0), 1)"
    label       = "tasks that ended while others waited for free slots"
    return_data = true
  }

  metric_query {
    id = "queued"

    metric {
      metric_name = "QueueDepth"
      namespace   = "Valet/Workers"
      period      = 300
      stat        = "Minimum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }

  metric_query {
    id = "used"

    metric {
      metric_name = "SlotUtilization"
      namespace   = "Valet/Workers"
      period      = 300
      stat        = "Minimum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }

  metric_query {
    id = "finished"

    metric {
      metric_name = "TaskCompletionRate"
      namespace   = "Valet/Workers"
      period      = 300
      stat        = "Sum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }

  metric_query {
    id = "failed"

    metric {
      metric_name = "TaskFailureCount"
      namespace   = "Valet/Workers"
      period      = 300
      stat        = "Sum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "tasks_failing" {
  count = local.launches

  alarm_name          = "valet-production-tasks-failing"
  alarm_description   = "Most tasks fail. Runbook: generated/production/RUNBOOKS.md#tasks-failing"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 50
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "value"
    expression  = "IF(FILL(failed, 0) + FILL(finished, 0) >= 5, 100 * FILL(failed, 0) / (FILL(failed, 0) + FILL(finished, 0)), 0)"
    label       = "failed tasks in percent"
    return_data = true
  }

  metric_query {
    id = "failed"

    metric {
      metric_name = "TaskFailureCount"
      namespace   = "Valet/Workers"
      period      = 300
      stat        = "Sum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }

  metric_query {
    id = "finished"

    metric {
      metric_name = "TaskCompletionRate"
      namespace   = "Valet/Workers"
      period      = 300
      stat        = "Sum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "task_hangs" {
  count = local.launches

  alarm_name          = "valet-production-task-hangs"
  alarm_description   = "A task has run for more than four hours. Runbook: generated/production/RUNBOOKS.md#task-hangs"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  metric_name         = "OldestTaskAge"
  namespace           = "Valet/Workers"
  period              = 300
  statistic           = "Maximum"
  threshold           = 14400
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "runtime_memory_high" {
  count = local.launches

  alarm_name          = "valet-production-runtime-memory-high"
  alarm_description   = "The runtime on an instance is close to its memory limit. Runbook: generated/production/RUNBOOKS.md#runtime-memory-high"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 5
  metric_name         = "MemoryUsagePercent"
  namespace           = "Valet/Workers"
  period              = 60
  statistic           = "Maximum"
  threshold           = 80
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "memory_high" {
  count = local.launches

  alarm_name          = "valet-production-memory-high"
  alarm_description   = "An instance is short of memory. Runbook: generated/production/RUNBOOKS.md#memory-high"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 5
  metric_name         = "mem_used_percent"
  namespace           = "Valet/Workers"
  period              = 60
  statistic           = "Maximum"
  threshold           = 90
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "disk_high" {
  count = local.launches

  alarm_name          = "valet-production-disk-high"
  alarm_description   = "An instance's root file system is filling up. Runbook: generated/production/RUNBOOKS.md#disk-high"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  metric_name         = "disk_used_percent"
  namespace           = "Valet/Workers"
  period              = 300
  statistic           = "Maximum"
  threshold           = 85
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "workers_in_service" {
  count = local.launches

  alarm_name          = "valet-production-workers-in-service"
  alarm_description   = "At least one instance is in service (a part of heartbeat-missing). Runbook: generated/production/RUNBOOKS.md#workers-in-service"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "GroupInServiceInstances"
  namespace           = "AWS/AutoScaling"
  period              = 300
  statistic           = "Minimum"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "workers_silent" {
  count = local.launches

  alarm_name          = "valet-production-workers-silent"
  alarm_description   = "More than a tenth of the metric reports of the instances in service do not arrive (a part of heartbeat-missing). Runbook: generated/production/RUNBOOKS.md#workers-silent"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 10
  treat_missing_data  = "breaching"

  metric_query {
    id          = "value"
    expression  = "100 * (1 - reports / (instances * 5))"
    label       = "percent of the metric reports that do not arrive"
    return_data = true
  }

  metric_query {
    id = "reports"

    metric {
      metric_name = "AdsPowerApiStatus"
      namespace   = "Valet/Workers"
      period      = 300
      stat        = "SampleCount"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }

  metric_query {
    id = "instances"

    metric {
      metric_name = "GroupInServiceInstances"
      namespace   = "AWS/AutoScaling"
      period      = 300
      stat        = "Minimum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "cpu_credits_spent" {
  count = local.launches

  alarm_name          = "valet-production-cpu-credits-spent"
  alarm_description   = "A burstable instance has no CPU credits left: it is slow, or costs more. Runbook: generated/production/RUNBOOKS.md#cpu-credits-spent"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 6
  metric_name         = "CPUCreditBalance"
  namespace           = "AWS/EC2"
  period              = 300
  statistic           = "Minimum"
  threshold           = 1
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "spot_interruptions" {
  count = local.launches

  alarm_name          = "valet-production-spot-interruptions"
  alarm_description   = "Many spot instances are being interrupted. Runbook: generated/production/RUNBOOKS.md#spot-interruptions"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "SpotInterruption"
  namespace           = "Valet/Workers"
  period              = 3600
  statistic           = "Sum"
  threshold           = 5
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "unmet_capacity" {
  count = local.launches

  alarm_name          = "valet-production-unmet-capacity"
  alarm_description   = "The Auto Scaling group has less capacity than desired. Runbook: generated/production/RUNBOOKS.md#unmet-capacity"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 0
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "value"
    expression  = "desired - in_service"
    label       = "missing capacity units"
    return_data = true
  }

  metric_query {
    id = "desired"

    metric {
      metric_name = "GroupDesiredCapacity"
      namespace   = "AWS/AutoScaling"
      period      = 300
      stat        = "Minimum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }

  metric_query {
    id = "in_service"

    metric {
      metric_name = "GroupInServiceCapacity"
      namespace   = "AWS/AutoScaling"
      period      = 300
      stat        = "Maximum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "queue_age" {
  count = local.launches

  alarm_name          = "valet-production-queue-age"
  alarm_description   = "A task has been waiting for 15 minutes. Runbook: generated/production/RUNBOOKS.md#queue-age"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 5
  metric_name         = "QueueOldestAge"
  namespace           = "Valet/Workers"
  period              = 60
  statistic           = "Maximum"
  threshold           = 900
  treat_missing_data  = "notBreaching"

  dimensions = {
    AutoScalingGroupName = local.group
  }
}

resource "aws_cloudwatch_metric_alarm" "queue_saturated" {
  count = local.launches

  alarm_name          = "valet-production-queue-saturated"
  alarm_description   = "Tasks wait while the group is at its largest size. Runbook: generated/production/RUNBOOKS.md#queue-saturated"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 5
  threshold           = 0
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "value"
    expression  = "IF(in_service >= largest, queued, 0)"
    label       = "tasks that wait at the largest size"
    return_data = true
  }

  metric_query {
    id = "queued"

    metric {
      metric_name = "QueueDepth"
      namespace   = "Valet/Workers"
      period      = 60
      stat        = "Minimum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }

  metric_query {
    id = "in_service"

    metric {
      metric_name = "GroupInServiceCapacity"
      namespace   = "AWS/AutoScaling"
      period      = 60
      stat        = "Minimum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }

  metric_query {
    id = "largest"

    metric {
      metric_name = "GroupMaxSize"
      namespace   = "AWS/AutoScaling"
      period      = 60
      stat        = "Maximum"

      dimensions = {
        AutoScalingGroupName = local.group
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "heal_undelivered" {
  count = local.launches

  alarm_name          = "valet-production-heal-undelivered"
  alarm_description   = "EventBridge could not send the command `valet-worker heal` after an alarm. Runbook: generated/production/RUNBOOKS.md#heal-undelivered"
  alarm_actions       = [local.alerts_topic]
  ok_actions          = [local.alerts_topic]
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "NumberOfMessagesSent"
  namespace           = "AWS/SQS"
  period              = 300
  statistic           = "Sum"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  dimensions = {
    QueueName = aws_sqs_queue.heal_undelivered.name
  }
}

resource "aws_cloudwatch_composite_alarm" "heartbeat_missing" {
  count = local.launches

  alarm_name        = "valet-production-heartbeat-missing"
  alarm_description = "Instances in service send no metrics. Runbook: generated/production/RUNBOOKS.md#heartbeat-missing"
  alarm_actions     = [local.alerts_topic]
  ok_actions        = [local.alerts_topic]

  alarm_rule = join(" AND ", [
    "ALARM(\"${aws_cloudwatch_metric_alarm.workers_in_service[0].alarm_name}\")",
    "ALARM(\"${aws_cloudwatch_metric_alarm.workers_silent[0].alarm_name}\")",
  ])
}
