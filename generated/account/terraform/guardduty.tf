# Rendered by valet-gen from fleet.toml, the account: threat detection.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Control: aws.guardduty
resource "aws_guardduty_detector" "account" {
  #checkov:skip=CKV2_AWS_3:it asks for an organization's configuration, which only the organization's administrator account has
  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

# Each is named, because what a new detector starts with has changed over the years. Those for services that the account
# does not use cost nothing and are on for the day that it does.
# RUNTIME_MONITORING is left out: its agent brings an endpoint and a security group into the fleet's VPC that Terraform
# does not know and that keep the VPC from being destroyed, and a share of each worker's memory.
resource "aws_guardduty_detector_feature" "account" {
  for_each = toset([
    "EBS_MALWARE_PROTECTION",
    "EKS_AUDIT_LOGS",
    "LAMBDA_NETWORK_LOGS",
    "RDS_LOGIN_EVENTS",
    "S3_DATA_EVENTS",
  ])

  detector_id = aws_guardduty_detector.account.id
  name        = each.key
  status      = "ENABLED"
}
