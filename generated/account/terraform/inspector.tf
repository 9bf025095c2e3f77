# Rendered by valet-gen from fleet.toml, the account: vulnerability scans.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Hybrid scans: by the SSM agent where a worker's role lets it send an inventory, by snapshot where not.
resource "aws_inspector2_enabler" "account" {
  account_ids    = [data.aws_caller_identity.current.account_id]
  resource_types = ["EC2"]
}
