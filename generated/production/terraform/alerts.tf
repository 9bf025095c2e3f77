# Rendered by valet-gen from fleet.toml, environment production: whom alarms tell.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

locals {
  alerts_topic = aws_sns_topic.alerts.arn
}

resource "aws_sns_topic" "alerts" {
  name              = "valet-production-alerts"
  display_name      = "valet production"
  kms_master_key_id = aws_kms_key.fleet.arn
}

data "aws_iam_policy_document" "alerts" {
  # Both conditions: an alarm of another account, or of another fleet in this one, cannot page in this fleet's name.
  statement {
    sid       = "AlarmsOfThisFleet"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:cloudwatch:us-east-1:${data.aws_caller_identity.current.account_id}:alarm:valet-production-*"]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]

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

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.alerts.json
}

# Nothing arrives until the receiver has followed the link in the first mail.
resource "aws_sns_topic_subscription" "alerts" {
  for_each = toset([
    "ops@valet.example",
  ])

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.key
}
