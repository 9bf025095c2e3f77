# Rendered by valet-gen from fleet.toml, environment production: sizes by the clock.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# -1 leaves a size as it is; the provider takes a size that is not written for 0.
resource "aws_autoscaling_schedule" "business_hours" {
  count = local.launches

  scheduled_action_name  = "business-hours"
  autoscaling_group_name = aws_autoscaling_group.workers[0].name
  recurrence             = "0 8 * * MON-FRI"
  time_zone              = "America/New_York"
  min_size               = 2
  max_size               = -1
  desired_capacity       = -1
}

resource "aws_autoscaling_schedule" "off_hours" {
  count = local.launches

  scheduled_action_name  = "off-hours"
  autoscaling_group_name = aws_autoscaling_group.workers[0].name
  recurrence             = "0 20 * * MON-FRI"
  time_zone              = "America/New_York"
  min_size               = 1
  max_size               = -1
  desired_capacity       = -1
}
