# Rendered by valet-gen from fleet.toml, environment production: the environment's one encryption key.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# A service-linked role of the fleet's own: it exists before the key policy names it, which KMS demands of every
# principal, and no other group of the account can use the key through it.
resource "aws_iam_service_linked_role" "autoscaling" {
  aws_service_name = "autoscaling.amazonaws.com"
  custom_suffix    = "valet-production"
  description      = "Auto Scaling of valet-production-workers"
}

# In a key policy the resource "*" is this key.
data "aws_iam_policy_document" "kms" {
  #checkov:skip=CKV_AWS_109:a key policy applies to its own key only, * is that key, and the account must be able to administer it
  #checkov:skip=CKV_AWS_111:a key policy applies to its own key only, * is that key
  #checkov:skip=CKV_AWS_356:a key policy applies to its own key only, * is that key
  # Everything that manages the key and nothing that uses it: IAM alone opens no data. Hence CreateAlias and not
  # Create*, which has CreateGrant in it, the way to give oneself Decrypt.
  statement {
    sid = "AccountAdministersKey"
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:Delete*",
      "kms:Describe*",
      "kms:Disable*",
      "kms:Enable*",
      "kms:Get*",
      "kms:List*",
      "kms:Put*",
      "kms:Revoke*",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:Update*",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  # Workers, operators and Terraform use it through these services, and only if their own IAM policy says so too.
  statement {
    sid = "AccountUsesThroughServices"
    actions = [
      "kms:Decrypt",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values = [
        "s3.us-east-1.amazonaws.com",
        "secretsmanager.us-east-1.amazonaws.com",
        "sns.us-east-1.amazonaws.com",
        "ssm.us-east-1.amazonaws.com",
      ]
    }
  }

  # Session Manager's end-to-end encryption: the two ends call KMS themselves, without a service in between.
  statement {
    sid = "AccountEncryptsSessions"
    actions = [
      "kms:Decrypt",
      "kms:GenerateDataKey",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "kms:EncryptionContextKeys"
      values = [
        "aws:ssm:SessionId",
        "aws:ssm:TargetId",
      ]
    }

    condition {
      test     = "Null"
      variable = "kms:EncryptionContext:aws:ssm:SessionId"
      values   = ["false"]
    }
  }

  statement {
    sid = "AutoScalingUsesForVolumes"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_service_linked_role.autoscaling.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.us-east-1.amazonaws.com"]
    }
  }

  # EBS keeps a grant for as long as a volume is attached.
  statement {
    sid       = "AutoScalingGrantsToVolumes"
    actions   = ["kms:CreateGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_service_linked_role.autoscaling.arn]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.us-east-1.amazonaws.com"]
    }
  }

  statement {
    sid = "LogsOfThisFleet"
    actions = [
      "kms:Decrypt",
      "kms:Describe*",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.us-east-1.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [
        "arn:${data.aws_partition.current.partition}:logs:us-east-1:${data.aws_caller_identity.current.account_id}:log-group:/valet/production/*",
        "arn:${data.aws_partition.current.partition}:logs:us-east-1:${data.aws_caller_identity.current.account_id}:log-group:/aws/imagebuilder/valet-production-worker",
      ]
    }
  }

  statement {
    sid = "AlarmsPublishToTopics"
    actions = [
      "kms:Decrypt",
      "kms:GenerateDataKey*",
    ]
    resources = ["*"]

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

  # GuardDuty scans a copy of a suspicious worker's volume, which it makes with a grant of its own role.
  statement {
    sid = "MalwareScansGrantToCopies"
    actions = [
      "kms:CreateGrant",
      "kms:DescribeKey",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/aws-service-role/malware-protection.guardduty.amazonaws.com/*"]
    }
  }

  # Workers send no inventory, so Inspector reads the blocks of snapshots that it takes of their volumes.
  statement {
    sid = "InspectorReadsSnapshots"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/aws-service-role/agentless.inspector2.amazonaws.com/*"]
    }
  }
}

resource "aws_kms_key" "fleet" { # To destroy it: [terraform] protect = false
  description             = "valet-production: volumes, logs, alerts, secrets and session records"
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.kms.json

  # Control: aws.key-rotation
  enable_key_rotation = true

  tags = {
    Name = "valet-production"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "fleet" {
  name          = "alias/valet-production"
  target_key_id = aws_kms_key.fleet.key_id
}
