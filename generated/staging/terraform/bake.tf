# Rendered by valet-gen from fleet.toml, environment staging: what making images takes.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Bundles that images are made from, and the reports of their checks. A bundle is named by its digest, so the bucket
# holds nothing that a bake could not upload again.
#trivy:ignore:AWS-0089 a bundle is named by its digest, which the build host verifies; who reads one learns what the image holds anyway
resource "aws_s3_bucket" "bake" {
  #checkov:skip=CKV_AWS_18:a bundle is named by its digest, which the build host verifies; who reads one learns what the image holds anyway
  #checkov:skip=CKV_AWS_144:a bake uploads the bundle again where it is missing
  #checkov:skip=CKV2_AWS_62:nothing acts on a new bundle
  bucket = "valet-staging-bake-${data.aws_caller_identity.current.account_id}"

  tags = {
    Name = "valet-staging-bake"
  }
}

resource "aws_s3_bucket_ownership_controls" "bake" {
  bucket = aws_s3_bucket.bake.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "bake" {
  bucket                  = aws_s3_bucket.bake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bake" {
  bucket = aws_s3_bucket.bake.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = aws_kms_key.fleet.arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_versioning" "bake" {
  bucket = aws_s3_bucket.bake.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "bake" {
  bucket = aws_s3_bucket.bake.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = 90
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }

    # What a bake that was killed had uploaded.
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  depends_on = [aws_s3_bucket_versioning.bake]
}

data "aws_iam_policy_document" "bake_bucket" {
  statement {
    sid     = "TlsOnly"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      aws_s3_bucket.bake.arn,
      "${aws_s3_bucket.bake.arn}/*",
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

resource "aws_s3_bucket_policy" "bake" {
  bucket = aws_s3_bucket.bake.id
  policy = data.aws_iam_policy_document.bake_bucket.json

  # S3 refuses two changes to one bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.bake]
}

# Image Builder writes a build's log here, under the name that it gives the group itself.
resource "aws_cloudwatch_log_group" "bake" {
  name              = "/aws/imagebuilder/valet-staging-worker"
  kms_key_id        = aws_kms_key.fleet.arn
  retention_in_days = 365
}

# Build hosts. They are reached by Systems Manager, which they dial out to: nothing comes in. `valet-gen bake` finds the
# group by its name, and the subnet by the tag.
resource "aws_security_group" "bake" {
  #checkov:skip=CKV2_AWS_5:Image Builder attaches it to build hosts, which Terraform does not know
  name        = "valet-staging-bake"
  description = "Hosts on which images are made: nothing in, package archives and AWS out"
  vpc_id      = aws_vpc.fleet.id

  tags = {
    Name                 = "valet-staging-bake"
    "valet:build-subnet" = aws_subnet.private["us-east-1a"].id
  }
}

#trivy:ignore:AWS-0104 package archives have no fixed addresses; a build host lives as long as its bake and holds no secret of the fleet
resource "aws_vpc_security_group_egress_rule" "bake" {
  for_each = {
    http  = 80
    https = 443
  }

  security_group_id = aws_security_group.bake.id
  description       = "Package archives and AWS, by ${each.key}"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value

  tags = {
    Name = "valet-staging-bake-${each.key}"
  }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_bake" {
  security_group_id            = aws_security_group.endpoints.id
  referenced_security_group_id = aws_security_group.bake.id
  description                  = "HTTPS from build hosts"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443

  tags = {
    Name = "valet-staging-from-bake"
  }
}

data "aws_iam_policy_document" "bake_trust" {
  statement {
    sid     = "BuildHostsOnly"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "bake" {
  name               = "valet-staging-bake"
  description        = "Hosts on which images of valet are made, environment staging"
  assume_role_policy = data.aws_iam_policy_document.bake_trust.json
}

resource "aws_iam_instance_profile" "bake" {
  name = "valet-staging-bake"
  role = aws_iam_role.bake.name
}

# In place of AmazonSSMManagedInstanceCore and EC2InstanceProfileForImageBuilder: the first reads every parameter of the
# account, the second no bucket but those whose names begin with ec2imagebuilder.
data "aws_iam_policy_document" "bake" {
  statement {
    sid       = "Register"
    actions   = ["ssm:UpdateInstanceInformation"]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:us-east-1:${data.aws_caller_identity.current.account_id}:instance/*"]
  }

  # Image Builder runs its commands by Systems Manager. Forced "*": the services have no resource types.
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

  # The associations of Systems Manager that the account may have for every instance.
  statement {
    sid = "Associations"
    actions = [
      "ssm:ListAssociations",
      "ssm:ListInstanceAssociations",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:ec2:us-east-1:${data.aws_caller_identity.current.account_id}:instance/*"]
  }

  statement {
    sid       = "ReadComponents"
    actions   = ["imagebuilder:GetComponent"]
    resources = ["arn:${data.aws_partition.current.partition}:imagebuilder:us-east-1:${data.aws_caller_identity.current.account_id}:component/valet-staging-worker/*"]
  }

  statement {
    sid       = "ReadBundles"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.bake.arn}/bundles/*"]
  }

  statement {
    sid       = "WriteReports"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.bake.arn}/reports/*"]
  }

  statement {
    sid = "ThroughTheBucket"
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

  statement {
    sid = "WriteLog"
    actions = [
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]
    resources = [
      aws_cloudwatch_log_group.bake.arn,
      "${aws_cloudwatch_log_group.bake.arn}:*",
    ]
  }
}

resource "aws_iam_role_policy" "bake" {
  name   = "bake"
  role   = aws_iam_role.bake.id
  policy = data.aws_iam_policy_document.bake.json
}
