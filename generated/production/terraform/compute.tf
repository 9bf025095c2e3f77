# Rendered by valet-gen from fleet.toml, environment production: the image and how an instance is launched from it.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

data "aws_ssm_parameter" "ami" { # Not found? Before the first image: terraform apply -var without_image=true
  count = var.ami_id == null ? local.launches : 0

  name = "/valet/production/ami"

  lifecycle {
    postcondition {
      condition     = can(regex("^ami-[0-9a-f]{8,17}$", self.insecure_value))
      error_message = "/valet/production/ami holds no AMI id. Write the id of a baked image there; before there is one, apply with -var without_image=true."
    }
  }
}

# Looked up so that a deregistered image or one of the wrong architecture fails the plan and not the launches.
data "aws_ami" "worker" { # Not found? Before the first image: terraform apply -var without_image=true
  count = local.launches

  # An image that a newer bake has deprecated still starts, and a running group may be on it.
  include_deprecated = true

  # By an id alone the image of any account would do.
  owners = ["self"]

  filter {
    name   = "image-id"
    values = [var.ami_id == null ? one(data.aws_ssm_parameter.ami[*].insecure_value) : var.ami_id]
  }

  lifecycle {
    postcondition {
      condition     = self.architecture == "x86_64"
      error_message = "The image is built for ${self.architecture}; the instance types of fleet.toml are x86_64."
    }

    # By the description, which every account sees that the image is shared with; tags are the owner's alone.
    postcondition {
      condition     = strcontains(self.description, "valet-worker with launch-hook")
      error_message = "${self.id} does not say \"valet-worker with launch-hook\" in its description: its agent is too old to complete the launch lifecycle hook, and the group would replace each of its instances for ever. Bake an image with this rendering, then apply once: docs/upgrading.md."
    }
  }
}

# Burstable types have a template of their own: EC2 refuses a credit specification on any other type.
resource "aws_launch_template" "worker" {
  for_each = { for name, credits in {
    burstable = "standard"
    fixed     = null
  } : name => credits if local.launches == 1 }

  name                   = "valet-production-worker-${each.key}"
  description            = "Browser worker of valet, environment production"
  image_id               = data.aws_ami.worker[0].id
  update_default_version = true
  user_data              = base64encode(local.user_data)

  block_device_mappings {
    device_name = data.aws_ami.worker[0].root_device_name

    # Control: aws.ebs-encrypted
    ebs {
      delete_on_termination = true
      encrypted             = true
      kms_key_id            = aws_kms_key.fleet.arn
      volume_size           = 40
      volume_type           = "gp3"
    }
  }

  # Always said: "unlimited" is what T types take otherwise, and it bills every minute above the baseline.
  dynamic "credit_specification" {
    for_each = each.value == null ? [] : [each.value]

    content {
      cpu_credits = credit_specification.value
    }
  }

  iam_instance_profile {
    arn = aws_iam_instance_profile.worker.arn
  }

  # Tags stay out of the metadata: the agent needs none, and with them on EC2 refuses tag keys with spaces or slashes.
  # Control: aws.imdsv2
  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
    instance_metadata_tags      = "disabled"
  }

  # One-minute metrics: target tracking on five-minute ones reacts too late.
  monitoring {
    enabled = true
  }

  # Said here and not left to the subnet, which may be one that fleet.toml reuses.
  # Control: net.private-subnets
  network_interfaces {
    associate_public_ip_address = false
    delete_on_termination       = true
    device_index                = 0
    security_groups             = [aws_security_group.worker.id]
  }

  # The provider's default_tags reach the template itself and nothing that is launched from it.
  # Control: aws.tags
  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])

    content {
      resource_type = tag_specifications.value

      tags = {
        CostCenter  = "browser-automation"
        Environment = "production"
        Fleet       = "valet"
        ManagedBy   = "valet-gen"
        Name        = "valet-production-worker"
        Project     = "valet"
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(base64encode(local.user_data)) * 3 / 4 <= 16384
      error_message = "The user data is larger than the 16 KB that EC2 takes. Whatever fleet.toml says is checked by valet-gen validate: a part of it was added elsewhere."
    }
  }
}
