# Rendered by valet-gen from fleet.toml, environment staging: what alarms set right by themselves.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# The second line of defence: the agent on the worker restarts what is down within seconds. `heal` checks before it
# touches anything, so that running it on the healthy workers too does nothing. No parameters: the event has no say in
# what runs. It must exit with 0 wherever it could do its work, as Run Command stops sending after the first failure.
resource "aws_ssm_document" "heal" {
  name            = "valet-staging-heal"
  document_type   = "Command"
  document_format = "JSON"
  target_type     = "/AWS::EC2::Instance"

  content = jsonencode({
    schemaVersion = "2.2"
    description   = "valet staging: check the services of a worker and restart what is down"
    mainSteps = [
      {
        name   = "heal"
        action = "aws:runShellScript"
        precondition = {
          StringEquals = ["platformType", "Linux"]
        }
        inputs = {
          timeoutSeconds = "120"
          runCommand     = ["exec /usr/local/bin/valet-worker heal"]
        }
      },
    ]
  })
}

# Exactly the alarms that `heal` can do something about.
resource "aws_cloudwatch_event_rule" "heal" {
  name        = "valet-staging-heal"
  description = "An alarm of valet staging that valet-worker heal can set right"

  event_pattern = jsonencode({
    source      = ["aws.cloudwatch"]
    detail-type = ["CloudWatch Alarm State Change"]
    resources = [
      "${local.alarms}adspower-down",
      "${local.alarms}hatchet-disconnected",
      "${local.alarms}xvfb-down",
    ]
    detail = {
      state = {
        value = ["ALARM"]
      }
    }
  })
}

# EventBridge takes one target block. The group's name is a tag that Auto Scaling sets and nobody else can, and it says
# fleet and environment in one.
resource "aws_cloudwatch_event_target" "heal" {
  rule     = aws_cloudwatch_event_rule.heal.name
  arn      = aws_ssm_document.heal.arn
  role_arn = aws_iam_role.heal.arn

  run_command_targets {
    key    = "tag:aws:autoscaling:groupName"
    values = [local.group]
  }

  # Help that comes an hour late helps nobody: the alarm has either cleared or paged.
  retry_policy {
    maximum_event_age_in_seconds = 600
    maximum_retry_attempts       = 5
  }

  dead_letter_config {
    arn = aws_sqs_queue.heal_undelivered.arn
  }

  # Without its policy the role is accepted and every command is refused.
  depends_on = [
    aws_iam_role_policy.heal,
    aws_sqs_queue_policy.heal_undelivered,
  ]
}

data "aws_iam_policy_document" "heal_trust" {
  statement {
    sid     = "OwnRuleOnly"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.heal.arn]
    }
  }
}

data "aws_iam_policy_document" "heal" {
  statement {
    sid       = "OwnDocument"
    actions   = ["ssm:SendCommand"]
    resources = [aws_ssm_document.heal.arn]
  }

  statement {
    sid       = "OwnWorkers"
    actions   = ["ssm:SendCommand"]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:us-east-1:${data.aws_caller_identity.current.account_id}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/Environment"
      values   = ["staging"]
    }

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/Fleet"
      values   = ["valet"]
    }
  }
}

resource "aws_iam_role" "heal" {
  name               = "valet-staging-heal"
  description        = "Lets the rule valet-staging-heal run one document on the workers"
  assume_role_policy = data.aws_iam_policy_document.heal_trust.json
}

resource "aws_iam_role_policy" "heal" {
  name   = "heal"
  role   = aws_iam_role.heal.id
  policy = data.aws_iam_policy_document.heal.json
}

# SQS's own key and not the fleet's, which EventBridge may not use for queues: an event holds an alarm's name and state.
resource "aws_sqs_queue" "heal_undelivered" {
  name                      = "valet-staging-heal-undelivered"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

data "aws_iam_policy_document" "heal_undelivered" {
  statement {
    sid       = "OwnRuleOnly"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.heal_undelivered.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.heal.arn]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.heal_undelivered.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "heal_undelivered" {
  queue_url = aws_sqs_queue.heal_undelivered.id
  policy    = data.aws_iam_policy_document.heal_undelivered.json
}
