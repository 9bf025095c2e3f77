# Rendered by valet-gen from fleet.toml, environment staging: the machine image, by Packer.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

packer {
  required_version = ">= 1.10.0"

  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "~> 1.3"
    }
  }
}

variable "bake_id" {
  description = "The id of this bake: everything that it makes can be found by it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,64}$", var.bake_id))
    error_message = "The bake_id takes 1 to 64 letters, digits, dots, dashes and underscores."
  }
}

variable "git_commit" {
  description = "The commit that generated/ was taken from."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{7,64}$", var.git_commit))
    error_message = "The git_commit is a commit's hash, in hexadecimal digits."
  }
}

variable "config_digest" {
  description = "The SHA-256 of fleet.toml."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.config_digest))
    error_message = "The config_digest is a SHA-256 in 64 hexadecimal digits."
  }
}

variable "worker_sha256" {
  description = "The SHA-256 of the valet-worker in image/payload."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.worker_sha256))
    error_message = "The worker_sha256 is a SHA-256 in 64 hexadecimal digits."
  }
}

variable "source_ami" {
  description = "The image to start from, by id, so that the same bake can be made again. It has to be one of Canonical's."
  type        = string

  validation {
    condition     = can(regex("^ami-[0-9a-f]{8,17}$", var.source_ami))
    error_message = "The source_ami is the id of an image, such as ami-0123456789abcdef0."
  }
}

variable "instance_profile" {
  description = "The instance profile of the build host. Its role needs Session Manager's permissions and no others."
  type        = string
}

variable "subnet_id" {
  description = "A private subnet with a way to the package archives and to Systems Manager."
  type        = string
}

variable "security_group_ids" {
  description = "Groups of the build host, none with a rule that lets anything in. Without them Packer would make one of its own."
  type        = list(string)
}

variable "deprecate_at" {
  description = "When the image is marked as deprecated, such as 2030-01-01T00:00:00Z; null counts the days of fleet.toml from now."
  type        = string
  default     = null
}

variable "kms_key_id" {
  description = "The key of the image's snapshot; null is the account's default key."
  type        = string
  default     = null
}

variable "report_folder" {
  description = "The folder that gets the manifest, the report of the controls and the SBOM. Not generated/."
  type        = string
}

locals {
  # The image's name, so far as it is the same every time.
  name   = "valet-staging-amd64"
  suffix = join("-", [formatdate("YYYYMMDD'T'hhmm", timestamp()), substr(var.git_commit, 0, 7), substr(var.config_digest, 0, 8)])

  # Where the build host keeps what the image is made from. Not below /tmp, which may forbid to run anything.
  bundle = "/opt/valet-bundle"

  # Days.
  lifetime = 30

  tags = {
    CostCenter  = "browser-automation"
    Environment = "staging"
    Fleet       = "valet"
    ManagedBy   = "valet-gen"
    Project     = "valet"
  }

  # What an interrupted bake is found by, and what a finished one was made from.
  provenance = {
    "valet:bake-id"       = var.bake_id
    "valet:config-digest" = var.config_digest
    "valet:git-commit"    = var.git_commit
    "valet:status"        = "building"
    "valet:worker-sha256" = var.worker_sha256
  }
}

source "amazon-ebs" "worker" {
  region        = "us-east-1"
  instance_type = "m6i.large"

  # The image itself is pinned; the filter is what it has to be. Names are anybody's to choose, so the owner decides.
  source_ami = var.source_ami

  source_ami_filter {
    owners      = ["099720109477"]
    most_recent = true

    filters = {
      architecture        = "x86_64"
      name                = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
  }

  ami_name        = "${local.name}-${local.suffix}"
  ami_description = "Browser worker of valet-staging, from ubuntu-24.04; valet-worker with launch-hook"
  ami_regions     = ["us-east-1"]
  imds_support    = "v2.0"
  deprecate_at    = coalesce(var.deprecate_at, timeadd(timestamp(), "${24 * local.lifetime}h"))

  # The build host is reached by Session Manager: no address, no open port, no key that outlives it.
  communicator  = "ssh"
  ssh_interface = "session_manager"
  ssh_username  = "ubuntu"
  ssh_timeout   = "15m"
  # The power-off seals the image, keys and all; Packer would look for them after that.
  ssh_clear_authorized_keys   = false
  temporary_key_pair_type     = "ed25519"
  temporary_key_pair_name     = "valet-${var.bake_id}"
  shutdown_behavior           = "terminate"
  iam_instance_profile        = var.instance_profile
  subnet_id                   = var.subnet_id
  security_group_ids          = var.security_group_ids
  associate_public_ip_address = false

  # Encrypted snapshots of this size take longer than the plugin's half hour. When it stops waiting, image and snapshot
  # are left over.
  aws_polling {
    delay_seconds = 30
    max_attempts  = 240
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    volume_type           = "gp3"
    volume_size           = 40
    encrypted             = true
    kms_key_id            = var.kms_key_id
    delete_on_termination = true
  }

  run_tags        = merge(local.tags, local.provenance)
  run_volume_tags = merge(local.tags, local.provenance)
  tags            = merge(local.tags, local.provenance, { "valet:source-ami" = "{{ .SourceAMI }}" })
  snapshot_tags   = merge(local.tags, local.provenance, { "valet:source-ami" = "{{ .SourceAMI }}" })
}

build {
  sources = ["source.amazon-ebs.worker"]

  # 2 is cloud-init's word for done, with complaints.
  provisioner "shell" {
    inline = [
      "cloud-init status --wait || test $? = 2",
      "sudo install -d -m 0700 -o ubuntu -g ubuntu ${local.bundle} ${local.bundle}/image ${local.bundle}/cloudwatch ${local.bundle}/reports",
    ]
  }

  provisioner "file" {
    source      = "${path.root}/../image/"
    destination = "${local.bundle}/image"
  }

  provisioner "file" {
    source      = "${path.root}/../cloudwatch/"
    destination = "${local.bundle}/cloudwatch"
  }

  provisioner "shell" {
    remote_folder = local.bundle
    inline        = ["sudo bash ${local.bundle}/image/provision.sh"]
  }

  # The verdict is kept until the reports are down: they say why.
  provisioner "shell" {
    remote_folder = local.bundle
    inline = [
      "sudo bash ${local.bundle}/image/verify.sh --phase image --format json --sbom ${local.bundle}/reports/sbom.cdx.json > ${local.bundle}/reports/verify.json && touch ${local.bundle}/reports/passed || true",
      "sudo chown -R ubuntu:ubuntu ${local.bundle}/reports",
    ]
  }

  provisioner "file" {
    direction   = "download"
    source      = "${local.bundle}/reports/verify.json"
    destination = "${var.report_folder}/verify.json"
  }

  provisioner "file" {
    direction   = "download"
    source      = "${local.bundle}/reports/sbom.cdx.json"
    destination = "${var.report_folder}/sbom.cdx.json"
  }

  provisioner "shell" {
    inline = [
      "test -e ${local.bundle}/reports/passed || { echo 'These controls do not hold:' >&2; grep '\"result\": \"failed\"' ${local.bundle}/reports/verify.json >&2; exit 1; }",
      "sudo rm -rf ${local.bundle}",
    ]
  }

  post-processor "manifest" {
    output     = "${var.report_folder}/manifest.json"
    strip_path = true

    custom_data = local.provenance
  }
}
