# Rendered by valet-gen from fleet.toml, environment production: log groups that the workers write to.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Made here and not by the writers, so that each has its key and its retention from the first line on.
resource "aws_cloudwatch_log_group" "system" { # To destroy it: [terraform] protect = false
  name              = "/valet/production/system"
  kms_key_id        = aws_kms_key.fleet.arn
  retention_in_days = 365

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "worker" { # To destroy it: [terraform] protect = false
  name              = "/valet/production/worker"
  kms_key_id        = aws_kms_key.fleet.arn
  retention_in_days = 365

  lifecycle {
    prevent_destroy = true
  }
}
