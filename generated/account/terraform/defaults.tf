# Rendered by valet-gen from fleet.toml, the account: what holds for everything that is made without saying otherwise.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Settings of the whole account: [audit.account_defaults] asks for each by its name. Destroying one puts AWS's own default
# back; leaving it out of fleet.toml first lets it go as it is, which is what a `removed` block below does.

# Control: aws.ebs-encrypted
resource "aws_ebs_encryption_by_default" "account" {
  enabled = true
}

# For instances that name no options of their own.
# Control: aws.imdsv2
resource "aws_ec2_instance_metadata_defaults" "account" {
  http_endpoint               = "enabled"
  http_put_response_hop_limit = 1
  http_tokens                 = "required"
  instance_metadata_tags      = "disabled"
}

# Images may still be shared with named accounts.
resource "aws_ec2_image_block_public_access" "account" {
  state = "block-new-sharing"
}

resource "aws_ebs_snapshot_block_public_access" "account" {
  state = "block-all-sharing"
}

resource "aws_s3_account_public_access_block" "account" {
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
