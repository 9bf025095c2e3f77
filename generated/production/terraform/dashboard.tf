# Rendered by valet-gen from fleet.toml, environment production: the dashboard.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

resource "aws_cloudwatch_dashboard" "fleet" {
  dashboard_name = "valet-production"
  dashboard_body = jsonencode({
    start          = "-PT6H"
    periodOverride = "inherit"
    widgets = [
      {
        type   = "alarm"
        x      = 0
        y      = 0
        width  = 24
        height = 4
        properties = {
          title = "Alarms"
          alarms = [
            aws_cloudwatch_metric_alarm.adspower_down.arn,
            aws_cloudwatch_metric_alarm.hatchet_disconnected.arn,
            aws_cloudwatch_metric_alarm.xvfb_down.arn,
            aws_cloudwatch_metric_alarm.browser_profiles_over_capacity.arn,
            aws_cloudwatch_metric_alarm.tasks_stalled.arn,
            aws_cloudwatch_metric_alarm.runtime_memory_high.arn,
            aws_cloudwatch_metric_alarm.memory_high.arn,
            aws_cloudwatch_metric_alarm.disk_high.arn,
            aws_cloudwatch_metric_alarm.workers_in_service.arn,
            aws_cloudwatch_metric_alarm.workers_silent.arn,
            aws_cloudwatch_metric_alarm.spot_interruptions.arn,
            aws_cloudwatch_metric_alarm.unmet_capacity.arn,
            aws_cloudwatch_metric_alarm.queue_age.arn,
            aws_cloudwatch_metric_alarm.queue_saturated.arn,
            aws_cloudwatch_metric_alarm.heal_undelivered.arn,
            aws_cloudwatch_composite_alarm.heartbeat_missing.arn,
          ]
        }
      },
      {
        type   = "text"
        x      = 0
        y      = 4
        width  = 24
        height = 1
        properties = {
          markdown = "## Queue and capacity"
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 5
        width  = 8
        height = 6
        properties = {
          title  = "Waiting tasks"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "QueueDepth", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Tasks", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 5
        width  = 8
        height = 6
        properties = {
          title  = "Age of the oldest waiting task"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "QueueOldestAge", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Seconds", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 5
        width  = 8
        height = 6
        properties = {
          title  = "Capacity units"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["AWS/AutoScaling", "GroupDesiredCapacity", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Desired", stat = "Maximum" }],
            ["AWS/AutoScaling", "GroupInServiceCapacity", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "In service", stat = "Minimum" }],
            ["AWS/AutoScaling", "GroupMinSize", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Smallest", stat = "Minimum" }],
            ["AWS/AutoScaling", "GroupMaxSize", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Largest", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "text"
        x      = 0
        y      = 11
        width  = 24
        height = 1
        properties = {
          markdown = "## Workers"
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 12
        width  = 8
        height = 6
        properties = {
          title  = "AdsPower and X server, worst instance"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "AdsPowerApiStatus", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "AdsPower", stat = "Minimum" }],
            ["Valet/Workers", "XvfbStatus", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "X server", stat = "Minimum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 12
        width  = 8
        height = 6
        properties = {
          title  = "Hatchet connection, worst instance"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "HatchetConnectionStatus", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Connected", stat = "Minimum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 12
        width  = 8
        height = 6
        properties = {
          title  = "Tasks that ended"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "TaskCompletionRate", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Tasks", stat = "Sum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "text"
        x      = 0
        y      = 18
        width  = 24
        height = 1
        properties = {
          markdown = "## Browsers"
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 19
        width  = 8
        height = 6
        properties = {
          title  = "Slots in use"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "SlotUtilization", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Mean", stat = "Average" }],
            ["Valet/Workers", "SlotUtilization", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Fullest instance", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 19
        width  = 8
        height = 6
        properties = {
          title  = "Open browser profiles"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "ActiveBrowserProfiles", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Mean", stat = "Average" }],
            ["Valet/Workers", "ActiveBrowserProfiles", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Most", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 19
        width  = 8
        height = 6
        properties = {
          title  = "Memory of the runtime"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "MemoryUsagePercent", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Mean", stat = "Average" }],
            ["Valet/Workers", "MemoryUsagePercent", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Highest", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "text"
        x      = 0
        y      = 25
        width  = 24
        height = 1
        properties = {
          markdown = "## Hosts"
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 26
        width  = 8
        height = 6
        properties = {
          title  = "Memory and swap"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "mem_used_percent", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Memory, mean", stat = "Average" }],
            ["Valet/Workers", "mem_used_percent", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Memory, highest", stat = "Maximum" }],
            ["Valet/Workers", "swap_used_percent", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Swap, highest", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 26
        width  = 8
        height = 6
        properties = {
          title  = "Root file system and zombie processes"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "disk_used_percent", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Fullest", stat = "Maximum" }],
            ["Valet/Workers", "processes_zombies", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Zombies", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 26
        width  = 8
        height = 6
        properties = {
          title  = "Processor"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Mean", stat = "Average" }],
            ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Highest", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "text"
        x      = 0
        y      = 32
        width  = 24
        height = 1
        properties = {
          markdown = "## Spot and recovery"
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 33
        width  = 8
        height = 6
        properties = {
          title  = "Interruption notices"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "SpotInterruption", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Notices", stat = "Sum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 33
        width  = 8
        height = 6
        properties = {
          title  = "Instances in service"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", aws_autoscaling_group.workers.name, { label = "Instances", stat = "Minimum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 33
        width  = 8
        height = 6
        properties = {
          title  = "Undelivered heal commands"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.heal_undelivered.name, { label = "Commands", stat = "Maximum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
    ]
  })
}
