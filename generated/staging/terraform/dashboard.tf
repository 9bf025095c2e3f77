# Rendered by valet-gen from fleet.toml, environment staging: the dashboard.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

resource "aws_cloudwatch_dashboard" "fleet" {
  dashboard_name = "valet-staging"
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
            "${local.alarms}adspower-down",
            "${local.alarms}hatchet-disconnected",
            "${local.alarms}xvfb-down",
            "${local.alarms}browser-profiles-over-capacity",
            "${local.alarms}tasks-stalled",
            "${local.alarms}tasks-failing",
            "${local.alarms}task-hangs",
            "${local.alarms}runtime-memory-high",
            "${local.alarms}memory-high",
            "${local.alarms}disk-high",
            "${local.alarms}workers-in-service",
            "${local.alarms}workers-silent",
            "${local.alarms}cpu-credits-spent",
            "${local.alarms}spot-interruptions",
            "${local.alarms}unmet-capacity",
            "${local.alarms}queue-age",
            "${local.alarms}queue-saturated",
            "${local.alarms}heal-undelivered",
            "${local.alarms}heartbeat-missing",
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
            ["Valet/Workers", "QueueDepth", "AutoScalingGroupName", local.group, { label = "Tasks", stat = "Maximum" }],
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
            ["Valet/Workers", "QueueOldestAge", "AutoScalingGroupName", local.group, { label = "Seconds", stat = "Maximum" }],
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
            ["AWS/AutoScaling", "GroupDesiredCapacity", "AutoScalingGroupName", local.group, { label = "Desired", stat = "Maximum" }],
            ["AWS/AutoScaling", "GroupInServiceCapacity", "AutoScalingGroupName", local.group, { label = "In service", stat = "Minimum" }],
            ["AWS/AutoScaling", "GroupMinSize", "AutoScalingGroupName", local.group, { label = "Smallest", stat = "Minimum" }],
            ["AWS/AutoScaling", "GroupMaxSize", "AutoScalingGroupName", local.group, { label = "Largest", stat = "Maximum" }],
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
            ["Valet/Workers", "AdsPowerApiStatus", "AutoScalingGroupName", local.group, { label = "AdsPower", stat = "Minimum" }],
            ["Valet/Workers", "XvfbStatus", "AutoScalingGroupName", local.group, { label = "X server", stat = "Minimum" }],
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
            ["Valet/Workers", "HatchetConnectionStatus", "AutoScalingGroupName", local.group, { label = "Connected", stat = "Minimum" }],
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
            ["Valet/Workers", "TaskCompletionRate", "AutoScalingGroupName", local.group, { label = "Finished", stat = "Sum" }],
            ["Valet/Workers", "TaskFailureCount", "AutoScalingGroupName", local.group, { label = "Failed", stat = "Sum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
      {
        type   = "metric"
        x      = 24
        y      = 12
        width  = 8
        height = 6
        properties = {
          title  = "Oldest running task"
          region = "us-east-1"
          view   = "timeSeries"
          period = 60
          metrics = [
            ["Valet/Workers", "OldestTaskAge", "AutoScalingGroupName", local.group, { label = "Age", stat = "Maximum" }],
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
            ["Valet/Workers", "SlotUtilization", "AutoScalingGroupName", local.group, { label = "Mean", stat = "Average" }],
            ["Valet/Workers", "SlotUtilization", "AutoScalingGroupName", local.group, { label = "Fullest instance", stat = "Maximum" }],
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
            ["Valet/Workers", "ActiveBrowserProfiles", "AutoScalingGroupName", local.group, { label = "Mean", stat = "Average" }],
            ["Valet/Workers", "ActiveBrowserProfiles", "AutoScalingGroupName", local.group, { label = "Most", stat = "Maximum" }],
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
            ["Valet/Workers", "MemoryUsagePercent", "AutoScalingGroupName", local.group, { label = "Mean", stat = "Average" }],
            ["Valet/Workers", "MemoryUsagePercent", "AutoScalingGroupName", local.group, { label = "Highest", stat = "Maximum" }],
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
            ["Valet/Workers", "mem_used_percent", "AutoScalingGroupName", local.group, { label = "Memory, mean", stat = "Average" }],
            ["Valet/Workers", "mem_used_percent", "AutoScalingGroupName", local.group, { label = "Memory, highest", stat = "Maximum" }],
            ["Valet/Workers", "swap_used_percent", "AutoScalingGroupName", local.group, { label = "Swap, highest", stat = "Maximum" }],
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
            ["Valet/Workers", "disk_used_percent", "AutoScalingGroupName", local.group, { label = "Fullest", stat = "Maximum" }],
            ["Valet/Workers", "processes_zombies", "AutoScalingGroupName", local.group, { label = "Zombies", stat = "Maximum" }],
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
            ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", local.group, { label = "Mean", stat = "Average" }],
            ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", local.group, { label = "Highest", stat = "Maximum" }],
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
            ["Valet/Workers", "SpotInterruption", "AutoScalingGroupName", local.group, { label = "Notices", stat = "Sum" }],
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
            ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", local.group, { label = "Instances", stat = "Minimum" }],
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
            ["AWS/SQS", "NumberOfMessagesSent", "QueueName", aws_sqs_queue.heal_undelivered.name, { label = "Commands", stat = "Sum" }],
          ]
          yAxis = {
            left = { min = 0 }
          }
        }
      },
    ]
  })
}
