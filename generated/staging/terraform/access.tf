# Rendered by valet-gen from fleet.toml, environment staging: how people reach a worker, and the record of it.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# A document of the fleet's own: SSM-SessionManagerRunShell is the account's and may belong to somebody else.
# runAs is off: sessions are ssm-user's, and the operator's name is in CloudTrail and in the name of the transcript.
# Control: app.admin-actions-logged
resource "aws_ssm_document" "session" {
  name            = "valet-staging-session"
  document_type   = "Session"
  document_format = "JSON"

  content = jsonencode({
    schemaVersion = "1.0"
    description   = "valet staging: a shell on a worker, encrypted and recorded"
    sessionType   = "Standard_Stream"
    inputs = {
      cloudWatchEncryptionEnabled = true
      cloudWatchLogGroupName      = aws_cloudwatch_log_group.session.name
      cloudWatchStreamingEnabled  = true
      idleSessionTimeout          = "20"
      kmsKeyId                    = aws_kms_key.fleet.arn
      runAsDefaultUser            = ""
      runAsEnabled                = false
      s3BucketName                = aws_s3_bucket.session.id
      s3EncryptionEnabled         = true
      s3KeyPrefix                 = "sessions"
    }
  })

  # A session that starts before its bucket is locked down would be recorded in the open.
  depends_on = [
    aws_s3_bucket_policy.session,
    aws_s3_bucket_public_access_block.session,
    aws_s3_bucket_server_side_encryption_configuration.session,
  ]
}

# The port is part of the document, so this is a way to noVNC and to nothing else on the worker. Session Manager records
# that a forward was opened, by whom and for how long, and not what was seen.
resource "aws_ssm_document" "novnc" {
  name            = "valet-staging-novnc"
  document_type   = "Session"
  document_format = "JSON"

  content = jsonencode({
    schemaVersion = "1.0"
    description   = "valet staging: forward a local port to a worker's noVNC"
    sessionType   = "Port"
    parameters = {
      localPortNumber = {
        type           = "String"
        description    = "Port on the operator's machine; 0 takes a free one"
        default        = "0"
        allowedPattern = "^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$"
      }
    }
    properties = {
      type            = "LocalPortForwarding"
      portNumber      = "6080"
      localPortNumber = "{{ localPortNumber }}"
    }
  })
}

# Control: aws.sessions-recorded
resource "aws_cloudwatch_log_group" "session" { # To destroy it: [terraform] protect = false
  name              = "/valet/staging/session"
  kms_key_id        = aws_kms_key.fleet.arn
  retention_in_days = 365

  lifecycle {
    prevent_destroy = true
  }
}

# To be attached to the operators' role or group. MFA is asked of the session itself: a role of IAM Identity Center, which
# asks for it at sign-in and does not say so here, is refused. For those: [access] operators = "identity_center".
# Control: aws.operators-mfa
data "aws_iam_policy_document" "operators" {
  statement {
    sid       = "StartOnWorkers"
    actions   = ["ssm:StartSession"]
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

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }

    condition {
      test     = "BoolIfExists"
      variable = "ssm:SessionDocumentAccessCheck"
      values   = ["true"]
    }
  }

  # No other document, so no unrecorded shell and no forward to another port.
  statement {
    sid     = "StartWithDocuments"
    actions = ["ssm:StartSession"]
    resources = [
      aws_ssm_document.novnc.arn,
      aws_ssm_document.session.arn,
    ]

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }

    condition {
      test     = "BoolIfExists"
      variable = "ssm:SessionDocumentAccessCheck"
      values   = ["true"]
    }
  }

  # A session's tag and not its name: the name of an assumed role's session starts with the role session's name, which
  # &{aws:userid} does not. The tag is the same for users and roles, and Session Manager alone sets it.
  statement {
    sid = "OwnSessions"
    actions = [
      "ssm:ResumeSession",
      "ssm:TerminateSession",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:ssm:us-east-1:${data.aws_caller_identity.current.account_id}:session/*"]

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/aws:ssmmessages:session-id"
      values   = ["&{aws:userid}"]
    }

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
  }

  # What the Session Manager plugin does with the session that it was given. AWS's own form of the name.
  statement {
    sid       = "OpenDataChannel"
    actions   = ["ssmmessages:OpenDataChannel"]
    resources = ["arn:${data.aws_partition.current.partition}:ssm:us-east-1:${data.aws_caller_identity.current.account_id}:session/&{aws:userid}-*"]
  }

  # The operator's end of an encrypted session makes the data key.
  statement {
    sid       = "MakeSessionKey"
    actions   = ["kms:GenerateDataKey"]
    resources = [aws_kms_key.fleet.arn]

    condition {
      test     = "Null"
      variable = "kms:EncryptionContext:aws:ssm:SessionId"
      values   = ["false"]
    }

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
  }

  # Forced "*": these calls list, and have no resources. They show names and states.
  statement {
    sid = "FindWorkers"
    actions = [
      "ec2:DescribeInstances",
      "ssm:DescribeInstanceInformation",
      "ssm:DescribeInstanceProperties",
      "ssm:DescribeSessions",
      "ssm:GetConnectionStatus",
    ]
    resources = ["*"]

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
  }
}

resource "aws_iam_policy" "operators" {
  name        = "valet-staging-operators"
  description = "Recorded sessions on the workers of valet staging, and noVNC"
  policy      = data.aws_iam_policy_document.operators.json
}
