# Rendered by valet-gen from fleet.toml, the account: threat detection.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Control: aws.guardduty
resource "aws_guardduty_detector" "account" {
  #checkov:skip=CKV2_AWS_3:it asks for an organization's configuration, which only the organization's administrator account has
  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

# Each plan that the region has is named, because what a new detector starts with has changed over the years. Those for
# services that the account does not use cost nothing and are on for the day that it does.
# RUNTIME_MONITORING is left out: its agent takes a share of each worker's memory, and brings an endpoint and a security
# group into the fleet's VPC that Terraform does not know; before 6.43 the provider cannot destroy the VPC with them.
# The AI plans of 2026 are left out too: providers before 6.56 refuse their names, and a worker calls no such service.
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
