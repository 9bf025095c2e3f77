# Rendered by valet-gen from fleet.toml, the account: vulnerability scans.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Hybrid scans, which are what an account starts with: by an inventory where the instance sends one, by snapshots where
# not. A worker's role lets it send none; the fleet's key lets Inspector read the snapshots.
# Control: aws.inspector
resource "aws_inspector2_enabler" "account" {
  account_ids    = [data.aws_caller_identity.current.account_id]
  resource_types = ["EC2"]

  # The default of five minutes is too short for an account with many images, and a resource that timed out is tainted.
  timeouts {
    create = "30m"
  }
}
