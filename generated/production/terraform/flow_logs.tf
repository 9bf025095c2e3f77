# Rendered by valet-gen from fleet.toml, environment production: VPC flow logs.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

resource "aws_cloudwatch_log_group" "flow_logs" { # To destroy it: [terraform] protect = false
  name              = "/valet/production/flow-logs"
  kms_key_id        = aws_kms_key.fleet.arn
  retention_in_days = 365

  lifecycle {
    prevent_destroy = true
  }
}

# The condition keeps the flow logs of another account from using the role (confused deputy).
data "aws_iam_policy_document" "flow_logs_trust" {
  statement {
    sid     = "FlowLogsOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:ec2:us-east-1:${data.aws_caller_identity.current.account_id}:vpc-flow-log/*"]
    }
  }
}

# No CreateLogGroup: the group is made here, with its key and retention; one made by the service would have neither.
data "aws_iam_policy_document" "flow_logs" {
  statement {
    sid       = "FindGroup"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["arn:${data.aws_partition.current.partition}:logs:us-east-1:${data.aws_caller_identity.current.account_id}:log-group:*"]
  }

  statement {
    sid = "WriteOwnGroup"
    actions = [
      "logs:CreateLogStream",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
    ]
    resources = [
      aws_cloudwatch_log_group.flow_logs.arn,
      "${aws_cloudwatch_log_group.flow_logs.arn}:*",
    ]
  }
}

resource "aws_iam_role" "flow_logs" {
  name               = "valet-production-flow-logs"
  description        = "Lets VPC flow logs write to /valet/production/flow-logs"
  assume_role_policy = data.aws_iam_policy_document.flow_logs_trust.json
}

resource "aws_iam_role_policy" "flow_logs" {
  name   = "write-flow-logs"
  role   = aws_iam_role.flow_logs.id
  policy = data.aws_iam_policy_document.flow_logs.json
}

# Control: net.flow-logs
resource "aws_flow_log" "fleet" {
  vpc_id                   = aws_vpc.fleet.id
  iam_role_arn             = aws_iam_role.flow_logs.arn
  log_destination          = aws_cloudwatch_log_group.flow_logs.arn
  log_destination_type     = "cloud-watch-logs"
  max_aggregation_interval = 600
  traffic_type             = "ALL"

  tags = {
    Name = "valet-production"
  }

  # Without its policy the role is accepted and every delivery fails.
  depends_on = [aws_iam_role_policy.flow_logs]
}
