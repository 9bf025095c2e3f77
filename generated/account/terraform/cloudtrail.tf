# Rendered by valet-gen from fleet.toml, the account: the record of every API call, in all regions.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# In a key policy the resource "*" is this key.
data "aws_iam_policy_document" "cloudtrail_kms" {
  #checkov:skip=CKV_AWS_109:a key policy applies to its own key only, * is that key, and the account must be able to administer it
  #checkov:skip=CKV_AWS_111:a key policy applies to its own key only, * is that key
  #checkov:skip=CKV_AWS_356:a key policy applies to its own key only, * is that key
  # Everything that manages the key and nothing that uses it. CreateAlias and not Create*, which has CreateGrant in it.
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

  # Reads the log through S3, if the reader's own policy says so too.
  statement {
    sid       = "AccountReadsThroughS3"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-east-1.amazonaws.com"]
    }
  }

  # CloudTrail checks the key when the trail is made, before there is a context to compare.
  statement {
    sid       = "TrailChecksKey"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:cloudtrail:us-east-1:${data.aws_caller_identity.current.account_id}:trail/valet-account"]
    }
  }

  # Decrypt, because a bucket key is opened again for each log file.
  statement {
    sid = "TrailEncrypts"
    actions = [
      "kms:Decrypt",
      "kms:GenerateDataKey*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:cloudtrail:us-east-1:${data.aws_caller_identity.current.account_id}:trail/valet-account"]
    }
  }

  statement {
    sid = "LogsOfTheTrail"
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
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${data.aws_partition.current.partition}:logs:us-east-1:${data.aws_caller_identity.current.account_id}:log-group:/valet/account/cloudtrail"]
    }
  }
}

resource "aws_kms_key" "cloudtrail" { # To destroy it: [terraform] protect = false
  description             = "valet-account: CloudTrail's log files and log group"
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.cloudtrail_kms.json

  # Control: aws.key-rotation
  enable_key_rotation = true

  tags = {
    Name = "valet-account-cloudtrail"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "cloudtrail" {
  name          = "alias/valet-account-cloudtrail"
  target_key_id = aws_kms_key.cloudtrail.key_id
}

#trivy:ignore:AWS-0089 CloudTrail records who reads this bucket; logging the bucket of a log would never end
resource "aws_s3_bucket" "cloudtrail" { # To destroy it: [terraform] protect = false
  #checkov:skip=CKV_AWS_18:CloudTrail records who reads this bucket; logging the bucket of a log would never end
  #checkov:skip=CKV_AWS_144:CloudWatch Logs has the last year too; a copy in a second region would have to be protected too
  #checkov:skip=CKV2_AWS_62:nothing acts on a new log file; alarms read the log group
  bucket = "valet-account-cloudtrail-${data.aws_caller_identity.current.account_id}"

  tags = {
    Name = "valet-account-cloudtrail"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_ownership_controls" "cloudtrail" {
  bucket = aws_s3_bucket.cloudtrail.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "cloudtrail" {
  bucket                  = aws_s3_bucket.cloudtrail.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "cloudtrail" {
  bucket = aws_s3_bucket.cloudtrail.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = aws_kms_key.cloudtrail.arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_versioning" "cloudtrail" {
  bucket = aws_s3_bucket.cloudtrail.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "cloudtrail" {
  bucket = aws_s3_bucket.cloudtrail.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = 365
    }

    # Nothing overwrites a log file: an old version is one that somebody deleted or replaced.
    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.cloudtrail]
}

# aws:SourceArn: no other trail, of this account or another, can write here in this trail's name.
data "aws_iam_policy_document" "cloudtrail_bucket" {
  statement {
    sid       = "TrailChecksBucket"
    actions   = ["s3:GetBucketAcl"]
    resources = [aws_s3_bucket.cloudtrail.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:cloudtrail:us-east-1:${data.aws_caller_identity.current.account_id}:trail/valet-account"]
    }
  }

  statement {
    sid       = "TrailWrites"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.cloudtrail.arn}/AWSLogs/${data.aws_caller_identity.current.account_id}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:cloudtrail:us-east-1:${data.aws_caller_identity.current.account_id}:trail/valet-account"]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }

  statement {
    sid     = "TlsOnly"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      aws_s3_bucket.cloudtrail.arn,
      "${aws_s3_bucket.cloudtrail.arn}/*",
    ]

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

resource "aws_s3_bucket_policy" "cloudtrail" {
  bucket = aws_s3_bucket.cloudtrail.id
  policy = data.aws_iam_policy_document.cloudtrail_bucket.json

  # S3 refuses two changes to one bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.cloudtrail]
}

resource "aws_cloudwatch_log_group" "cloudtrail" { # To destroy it: [terraform] protect = false
  name              = "/valet/account/cloudtrail"
  kms_key_id        = aws_kms_key.cloudtrail.arn
  retention_in_days = 365

  lifecycle {
    prevent_destroy = true
  }
}

data "aws_iam_policy_document" "cloudtrail_trust" {
  statement {
    sid     = "OwnTrailOnly"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:cloudtrail:us-east-1:${data.aws_caller_identity.current.account_id}:trail/valet-account"]
    }
  }
}

# The stream's name is CloudTrail's own choice, always with the account and the region in front.
data "aws_iam_policy_document" "cloudtrail_logs" {
  statement {
    sid = "WriteOwnStreams"
    actions = [
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]
    resources = ["${aws_cloudwatch_log_group.cloudtrail.arn}:log-stream:${data.aws_caller_identity.current.account_id}_CloudTrail_us-east-1*"]
  }
}

resource "aws_iam_role" "cloudtrail" {
  name               = "valet-account-cloudtrail"
  description        = "Lets the trail valet-account write to /valet/account/cloudtrail"
  assume_role_policy = data.aws_iam_policy_document.cloudtrail_trust.json
}

resource "aws_iam_role_policy" "cloudtrail" {
  name   = "write-log-group"
  role   = aws_iam_role.cloudtrail.id
  policy = data.aws_iam_policy_document.cloudtrail_logs.json
}

# No insight selectors: they bill every event once more, and GuardDuty looks for the unusual in the same events.
# Control: aws.cloudtrail
# Control: app.admin-actions-logged
resource "aws_cloudtrail" "account" {
  #checkov:skip=CKV_AWS_252:it asks for a notification for every log file, which nobody would read
  name                          = "valet-account"
  s3_bucket_name                = aws_s3_bucket.cloudtrail.id
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.cloudtrail.arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.cloudtrail.arn
  enable_log_file_validation    = true
  include_global_service_events = true
  is_multi_region_trail         = true
  kms_key_id                    = aws_kms_key.cloudtrail.arn

  advanced_event_selector {
    name = "Every management event"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  # Who reads or deletes the record of a session, and who reads Terraform's state. Not this trail's own bucket: each log
  # file would cause the next.
  advanced_event_selector {
    name = "Objects of the fleet's buckets"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }

    field_selector {
      field = "resources.ARN"
      starts_with = [
        "arn:${data.aws_partition.current.partition}:s3:::valet-production-session-${data.aws_caller_identity.current.account_id}/",
        "arn:${data.aws_partition.current.partition}:s3:::valet-staging-session-${data.aws_caller_identity.current.account_id}/",
        "arn:${data.aws_partition.current.partition}:s3:::valet-terraform-state/",
      ]
    }
  }

  # CloudTrail tries the bucket and the log group before it accepts the trail.
  depends_on = [
    aws_iam_role_policy.cloudtrail,
    aws_s3_bucket_policy.cloudtrail,
  ]
}
