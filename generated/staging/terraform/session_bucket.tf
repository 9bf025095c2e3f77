# Rendered by valet-gen from fleet.toml, environment staging: the bucket of session records.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Control: aws.sessions-recorded
#trivy:ignore:AWS-0089 CloudTrail's data events record who reads or deletes a session log; server access logs repeat that later and incompletely
resource "aws_s3_bucket" "session" { # To destroy it: [terraform] protect = false
  #checkov:skip=CKV_AWS_18:CloudTrail's data events record who reads or deletes a session log; server access logs repeat that later and incompletely
  #checkov:skip=CKV_AWS_144:CloudWatch Logs has the same log; a copy in a second region would have to be protected too
  #checkov:skip=CKV2_AWS_62:nothing acts on a new session log
  bucket = "valet-staging-session-${data.aws_caller_identity.current.account_id}"

  tags = {
    Name = "valet-staging-session"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_ownership_controls" "session" {
  bucket = aws_s3_bucket.session.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "session" {
  bucket                  = aws_s3_bucket.session.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "session" {
  bucket = aws_s3_bucket.session.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = aws_kms_key.fleet.arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_versioning" "session" {
  bucket = aws_s3_bucket.session.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "session" {
  bucket = aws_s3_bucket.session.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = 365
    }

    # Nothing overwrites a transcript: an old version is one that somebody deleted or replaced.
    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.session]
}

data "aws_iam_policy_document" "session_bucket" {
  statement {
    sid     = "TlsOnly"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      aws_s3_bucket.session.arn,
      "${aws_s3_bucket.session.arn}/*",
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

resource "aws_s3_bucket_policy" "session" {
  bucket = aws_s3_bucket.session.id
  policy = data.aws_iam_policy_document.session_bucket.json

  # S3 refuses two changes to one bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.session]
}
