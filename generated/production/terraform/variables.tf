# Rendered by valet-gen from fleet.toml, environment production: what may be set at plan time.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

variable "ami_id" {
  description = "AMI to launch, to pin or to try one image; null takes the one that the last bake wrote to /valet/production/ami."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.ami_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.ami_id))
    error_message = "ami_id is an AMI id such as ami-0123456789abcdef0, or null."
  }
}
