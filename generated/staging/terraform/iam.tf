# Rendered by valet-gen from fleet.toml, environment staging: what a worker may do.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

data "aws_iam_policy_document" "worker_trust" {
  statement {
    sid     = "InstancesOnly"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "worker" {
  name               = "valet-staging-worker"
  description        = "Browser workers of valet, environment staging"
  assume_role_policy = data.aws_iam_policy_document.worker_trust.json
}

# Control: app.short-lived-tokens
resource "aws_iam_instance_profile" "worker" {
  name = "valet-staging-worker"
  role = aws_iam_role.worker.name
}

# In place of AmazonSSMManagedInstanceCore, which reads every parameter of the account.
data "aws_iam_policy_document" "worker_session_manager" {
  statement {
    sid       = "Register"
    actions   = ["ssm:UpdateInstanceInformation"]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:us-east-1:${data.aws_caller_identity.current.account_id}:instance/*"]
  }

  # Sessions and Run Command. Forced "*": the service has no resource types.
  statement {
    sid = "Channels"
    actions = [
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "worker_session_logs" {
  statement {
    sid       = "CheckBucketEncryption"
    actions   = ["s3:GetEncryptionConfiguration"]
    resources = [aws_s3_bucket.session.arn]
  }

  # Written and never read back: a worker cannot look into or alter the record of a session.
  statement {
    sid       = "WriteTranscripts"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.session.arn}/sessions/*"]
  }

  # Decrypt is for transcripts that go up in several parts.
  statement {
    sid = "EncryptTranscripts"
    actions = [
      "kms:Decrypt",
      "kms:GenerateDataKey",
    ]
    resources = [aws_kms_key.fleet.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-east-1.amazonaws.com"]
    }
  }

  # The agent's end of an encrypted session; the operator's end makes the data key.
  statement {
    sid       = "OpenSessionKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.fleet.arn]

    condition {
      test     = "Null"
      variable = "kms:EncryptionContext:aws:ssm:SessionId"
      values   = ["false"]
    }
  }
}

# Reads exactly the names of [secrets]. /valet/staging/ami and anything put beside it later stay out.
# Control: app.no-hardcoded-secrets
data "aws_iam_policy_document" "worker_secrets" {
  statement {
    sid = "ReadParameters"
    actions = [
      "ssm:GetParameter",
      "ssm:GetParameters",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:ssm:us-east-1:${data.aws_caller_identity.current.account_id}:parameter/valet/staging/ADSPOWER_API_TOKEN",
      "arn:${data.aws_partition.current.partition}:ssm:us-east-1:${data.aws_caller_identity.current.account_id}:parameter/valet/staging/ANTHROPIC_API_KEY",
      "arn:${data.aws_partition.current.partition}:ssm:us-east-1:${data.aws_caller_identity.current.account_id}:parameter/valet/staging/DATABASE_URL",
      "arn:${data.aws_partition.current.partition}:ssm:us-east-1:${data.aws_caller_identity.current.account_id}:parameter/valet/staging/HATCHET_CLIENT_TOKEN",
    ]
  }

  # Secrets Manager ends every ARN with a hyphen and six characters of its own choice; "-*" would take in other names.
  statement {
    sid = "ReadSecrets"
    actions = [
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:secretsmanager:us-east-1:${data.aws_caller_identity.current.account_id}:secret:/valet/staging/WORKER_API_KEY-??????",
    ]
  }

  statement {
    sid       = "DecryptThroughTheStores"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.fleet.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values = [
        "secretsmanager.us-east-1.amazonaws.com",
        "ssm.us-east-1.amazonaws.com",
      ]
    }
  }
}

data "aws_iam_policy_document" "worker_metrics" {
  # Forced "*": a metric is no resource. The namespace is the limit.
  statement {
    sid       = "PublishInOwnNamespace"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Valet/Workers"]
    }
  }

  # Forced "*": EC2 Describe calls have no resources. The CloudWatch agent asks for its group's name, without which
  # its series lack the dimension that the alarms look for.
  statement {
    sid       = "LearnOwnGroup"
    actions   = ["ec2:DescribeTags"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "worker_logs" {
  # The SSM agent looks its group up in the list before the first session.
  statement {
    sid       = "FindGroups"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["arn:${data.aws_partition.current.partition}:logs:us-east-1:${data.aws_caller_identity.current.account_id}:log-group:*"]
  }

  # Not the flow logs: a worker has no say in what is recorded about it.
  statement {
    sid = "WriteOwnGroups"
    actions = [
      "logs:CreateLogStream",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
    ]
    resources = [
      aws_cloudwatch_log_group.session.arn,
      "${aws_cloudwatch_log_group.session.arn}:*",
      aws_cloudwatch_log_group.system.arn,
      "${aws_cloudwatch_log_group.system.arn}:*",
      aws_cloudwatch_log_group.worker.arn,
      "${aws_cloudwatch_log_group.worker.arn}:*",
    ]
  }
}

data "aws_iam_policy_document" "worker_lifecycle" {
  # Spelled out because the group waits for this policy: an instance without it could not finish its drain.
  statement {
    sid = "OwnGroup"
    actions = [
      "autoscaling:CompleteLifecycleAction",
      "autoscaling:RecordLifecycleActionHeartbeat",
      "autoscaling:SetInstanceHealth",
      "autoscaling:SetInstanceProtection",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:autoscaling:us-east-1:${data.aws_caller_identity.current.account_id}:autoScalingGroup:*:autoScalingGroupName/valet-staging-workers"]
  }

  # Forced "*": Auto Scaling's Describe calls have no resources.
  statement {
    sid       = "SeeLifecycleState"
    actions   = ["autoscaling:DescribeAutoScalingGroups"]
    resources = ["*"]
  }
}

# Control: aws.minimal-role
resource "aws_iam_role_policy" "worker" {
  for_each = {
    "lifecycle"       = data.aws_iam_policy_document.worker_lifecycle.json
    "logs"            = data.aws_iam_policy_document.worker_logs.json
    "metrics"         = data.aws_iam_policy_document.worker_metrics.json
    "secrets"         = data.aws_iam_policy_document.worker_secrets.json
    "session-logs"    = data.aws_iam_policy_document.worker_session_logs.json
    "session-manager" = data.aws_iam_policy_document.worker_session_manager.json
  }

  name   = each.key
  role   = aws_iam_role.worker.id
  policy = each.value
}
