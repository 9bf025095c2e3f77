# Rendered by valet-gen from fleet.toml, environment staging: what workflows of GitHub may do with images.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

variable "github_repository" {
  description = "The repository, as OWNER/NAME, whose workflows may assume the roles that bake, promote and clean up; null makes none."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "The github_repository is OWNER/NAME, such as example/fleet, or null."
  }
}

locals {
  ci_account = data.aws_caller_identity.current.account_id
  ci_ec2     = "arn:${data.aws_partition.current.partition}:ec2:*"

  # Ids of bakes begin so: with the environment alone, those of another one whose name goes on would as well.
  ci_bake_ids = [for architecture in ["x86_64", "arm64"] : "valet-staging-${architecture}-*"]

  # Names of Image Builder's resources: a name and its version, or a name and the digest of what it holds.
  ci_image_builder = flatten([
    for kind in ["component", "distribution-configuration", "image", "image-recipe", "infrastructure-configuration"] : [
      for end in ["/*", "-*"] :
      "arn:${data.aws_partition.current.partition}:imagebuilder:us-east-1:${local.ci_account}:${kind}/valet-staging-worker${end}"
    ]
  ])

  # What each role may do. A workflow assumes one of them for one job.
  ci_policies = { for name, policy in {
    bake    = data.aws_iam_policy_document.ci_bake.json
    promote = data.aws_iam_policy_document.ci_promote.json
    gc      = data.aws_iam_policy_document.ci_gc.json
    sweep   = data.aws_iam_policy_document.ci_sweep.json
  } : name => policy if var.github_repository != null }
}

# Only jobs of this repository that name the GitHub environment of this name: there people say who may start them. The
# account has one provider of GitHub's tokens, which is not made here.
data "aws_iam_policy_document" "ci_trust" {
  #checkov:skip=CKV_AWS_358:the repository is a variable, which takes OWNER/NAME alone; checkov does not resolve it
  statement {
    sid     = "GitHubEnvironment"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${local.ci_account}:oidc-provider/token.actions.githubusercontent.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${coalesce(var.github_repository, "none/none")}:environment:staging"]
    }
  }
}

resource "aws_iam_role" "ci" {
  for_each = local.ci_policies

  name                 = "valet-staging-ci-${each.key}"
  description          = "Workflows of GitHub that ${each.key} images of valet, environment staging"
  assume_role_policy   = data.aws_iam_policy_document.ci_trust.json
  max_session_duration = 7200
}

resource "aws_iam_role_policy" "ci" {
  for_each = local.ci_policies

  name   = each.key
  role   = aws_iam_role.ci[each.key].id
  policy = each.value
}

data "aws_iam_policy_document" "ci_bake" {
  # Forced "*": what is looked for is not known before it is found.
  statement {
    sid = "Look"
    actions = [
      "ec2:DescribeImages",
      "ec2:DescribeInstances",
      "ec2:DescribeKeyPairs",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSnapshots",
      "ec2:DescribeVolumes",
      "imagebuilder:ListComponents",
      "imagebuilder:ListDistributionConfigurations",
      "imagebuilder:ListImageRecipes",
      "imagebuilder:ListInfrastructureConfigurations",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Build"
    actions = [
      "imagebuilder:CancelImageCreation",
      "imagebuilder:CreateComponent",
      "imagebuilder:CreateDistributionConfiguration",
      "imagebuilder:CreateImage",
      "imagebuilder:CreateImageRecipe",
      "imagebuilder:CreateInfrastructureConfiguration",
      "imagebuilder:DeleteComponent",
      "imagebuilder:DeleteDistributionConfiguration",
      "imagebuilder:DeleteImage",
      "imagebuilder:DeleteImageRecipe",
      "imagebuilder:DeleteInfrastructureConfiguration",
      "imagebuilder:GetComponent",
      "imagebuilder:GetDistributionConfiguration",
      "imagebuilder:GetImage",
      "imagebuilder:GetImageRecipe",
      "imagebuilder:GetInfrastructureConfiguration",
      "imagebuilder:ListImageBuildVersions",
      "imagebuilder:ListTagsForResource",
      "imagebuilder:ListWorkflowExecutions",
      "imagebuilder:ListWorkflowStepExecutions",
      "imagebuilder:TagResource",
    ]
    resources = local.ci_image_builder
  }

  # A workflow's execution has an id of its own and no name.
  statement {
    sid       = "Progress"
    actions   = ["imagebuilder:ListWorkflowStepExecutions"]
    resources = ["arn:${data.aws_partition.current.partition}:imagebuilder:us-east-1:${local.ci_account}:workflow-execution/*"]
  }

  statement {
    sid       = "LendTheHostsRole"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.bake.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com", "imagebuilder.amazonaws.com"]
    }
  }

  statement {
    sid = "Bundles"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:DeleteObject",
      "s3:GetObject",
      "s3:ListBucket",
      "s3:PutObject",
    ]
    resources = [
      aws_s3_bucket.bake.arn,
      "${aws_s3_bucket.bake.arn}/*",
    ]
  }

  statement {
    sid = "ThroughTheBucket"
    actions = [
      "kms:Decrypt",
      "kms:GenerateDataKey",
    ]
    resources = [aws_kms_key.fleet.arn]
  }

  # A build's log is followed, and the end of one that failed is shown.
  statement {
    sid       = "ReadLog"
    actions   = ["logs:GetLogEvents"]
    resources = ["${aws_cloudwatch_log_group.bake.arn}:log-stream:*"]
  }

  statement {
    sid       = "BaseImage"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:${data.aws_partition.current.partition}:ssm:us-east-1::parameter/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"]
  }

  # Images and snapshots of this fleet, in every region that has a copy.
  statement {
    sid = "Finish"
    actions = [
      "ec2:CreateTags",
      "ec2:DeleteSnapshot",
      "ec2:DeregisterImage",
      "ec2:EnableImageDeprecation",
      "ec2:ModifyImageAttribute",
    ]
    resources = [
      "${local.ci_ec2}::image/*",
      "${local.ci_ec2}::snapshot/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Fleet"
      values   = ["valet"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Environment"
      values   = ["staging"]
    }
  }
}

data "aws_iam_policy_document" "ci_promote" {
  # Forced "*": Describe calls have no resources.
  statement {
    sid = "Look"
    actions = [
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:DescribeInstanceRefreshes",
      "ec2:DescribeImages",
      "ec2:DescribeLaunchTemplateVersions",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Parameter"
    actions = [
      "ssm:GetParameter",
      "ssm:GetParameterHistory",
      "ssm:PutParameter",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:ssm:us-east-1:${local.ci_account}:parameter/valet/staging/ami"]
  }

  # Of this fleet and not of this environment alone: an image goes from one to the next.
  statement {
    sid       = "SayThatItIsPromoted"
    actions   = ["ec2:CreateTags"]
    resources = ["${local.ci_ec2}::image/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Fleet"
      values   = ["valet"]
    }
  }

  statement {
    sid     = "Refresh"
    actions = ["autoscaling:StartInstanceRefresh"]
    resources = [
      "arn:${data.aws_partition.current.partition}:autoscaling:us-east-1:${local.ci_account}:autoScalingGroup:*:autoScalingGroupName/${local.group}",
    ]
  }

  statement {
    sid       = "NewVersion"
    actions   = ["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"]
    resources = ["${local.ci_ec2}:${local.ci_account}:launch-template/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Fleet"
      values   = ["valet"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Environment"
      values   = ["staging"]
    }
  }

  # Auto Scaling asks whether its caller could launch what the new version describes.
  statement {
    sid       = "CouldLaunch"
    actions   = ["ec2:RunInstances", "ec2:CreateTags"]
    resources = ["${local.ci_ec2}:*:*"]

    condition {
      test     = "Bool"
      variable = "ec2:IsLaunchTemplateResource"
      values   = ["true"]
    }
  }

  statement {
    sid       = "LendTheWorkersRole"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.worker.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "ci_gc" {
  # Forced "*": who uses an image is asked of everything that could.
  statement {
    sid = "Look"
    actions = [
      "autoscaling:DescribeLaunchConfigurations",
      "ec2:DescribeImageReferences",
      "ec2:DescribeImages",
      "ec2:DescribeInstances",
      "ec2:DescribeLaunchTemplateVersions",
      "ec2:DescribeLaunchTemplates",
      "imagebuilder:ListImageRecipes",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "SharedWith"
    actions   = ["ec2:DescribeImageAttribute"]
    resources = ["${local.ci_ec2}::image/*"]
  }

  statement {
    sid = "Parameter"
    actions = [
      "ssm:GetParameter",
      "ssm:GetParameterHistory",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:ssm:us-east-1:${local.ci_account}:parameter/valet/*"]
  }

  statement {
    sid = "Delete"
    actions = [
      "ec2:DeleteSnapshot",
      "ec2:DeregisterImage",
    ]
    resources = [
      "${local.ci_ec2}::image/*",
      "${local.ci_ec2}::snapshot/*",
    ]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Fleet"
      values   = ["valet"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Environment"
      values   = ["staging"]
    }
  }
}

data "aws_iam_policy_document" "ci_sweep" {
  # Forced "*": what was left, and what uses it, is asked of everything, in every region.
  statement {
    sid = "Look"
    actions = [
      "autoscaling:DescribeLaunchConfigurations",
      "ec2:DescribeImageReferences",
      "ec2:DescribeImages",
      "ec2:DescribeInstances",
      "ec2:DescribeKeyPairs",
      "ec2:DescribeLaunchTemplateVersions",
      "ec2:DescribeLaunchTemplates",
      "ec2:DescribeRegions",
      "ec2:DescribeSnapshots",
      "ec2:DescribeVolumes",
      "imagebuilder:ListImageRecipes",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "SharedWith"
    actions   = ["ec2:DescribeImageAttribute"]
    resources = ["${local.ci_ec2}::image/*"]
  }

  # What is under way stays.
  statement {
    sid       = "UnderWay"
    actions   = ["imagebuilder:ListImageBuildVersions"]
    resources = local.ci_image_builder
  }

  statement {
    sid = "Parameter"
    actions = [
      "ssm:GetParameter",
      "ssm:GetParameterHistory",
    ]
    resources = ["arn:${data.aws_partition.current.partition}:ssm:us-east-1:${local.ci_account}:parameter/valet/*"]
  }

  # What has a bake's id. What is known by its name alone, and a snapshot that its bake had not tagged yet, has nothing that a
  # policy could ask for: people remove it.
  statement {
    sid = "Remove"
    actions = [
      "ec2:DeleteKeyPair",
      "ec2:DeleteSnapshot",
      "ec2:DeleteVolume",
      "ec2:DeregisterImage",
      "ec2:TerminateInstances",
    ]
    resources = ["${local.ci_ec2}:*:*"]

    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/valet:bake-id"
      values   = local.ci_bake_ids
    }
  }

  # Packer's key pairs have the id in their name, and may have no tags yet.
  statement {
    sid       = "RemoveKeyPairs"
    actions   = ["ec2:DeleteKeyPair"]
    resources = [for id in local.ci_bake_ids : "${local.ci_ec2}:${local.ci_account}:key-pair/valet-${id}"]
  }
}
