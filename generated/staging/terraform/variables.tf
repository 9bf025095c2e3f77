# Rendered by valet-gen from fleet.toml, environment staging: what may be set at plan time.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

variable "ami_id" {
  description = "AMI to launch, to pin or to try one image; null takes the one that the last bake wrote to /valet/staging/ami."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.ami_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.ami_id))
    error_message = "ami_id is an AMI id such as ami-0123456789abcdef0, or null."
  }
}

variable "without_image" {
  description = "True on the first apply only, before there is an image: everything but the group, what launches it and what watches it."
  type        = bool
  default     = false
  nullable    = false
}

locals {
  # 0 before there is an image, 1 from then on.
  launches = var.without_image ? 0 : 1

  # By its name and not by its address: what names the group exists before it.
  group  = "valet-staging-workers"
  alarms = "arn:${data.aws_partition.current.partition}:cloudwatch:us-east-1:${data.aws_caller_identity.current.account_id}:alarm:valet-staging-"

  next_step = var.without_image ? "There is no group yet: put the values of the secrets in place, bake an image, write its id to /valet/staging/ami, and apply without -var without_image=true." : "The group launches the image that /valet/staging/ami names."
}

# A warning on every plan and apply without an image, so that nobody takes the fleet for complete.
check "image" {
  assert {
    condition     = !var.without_image
    error_message = local.next_step
  }
}
