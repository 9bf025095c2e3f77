# Rendered by valet-gen from fleet.toml, environment production: the names under which secrets are kept.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Names only. The placeholder is a write-only argument: Terraform sends it once, when it creates the name, and keeps no
# value in the state. A value that is pushed later stays, and a plan does not show it. A worker does not start on the
# placeholder. Never raise a *_wo_version and never use -replace: both put the placeholder in place of the value.
# Control: app.no-hardcoded-secrets
resource "aws_ssm_parameter" "secret" { # To remove one: terraform state rm 'aws_ssm_parameter.secret["NAME"]', then delete it.
  for_each = {
    ADSPOWER_API_TOKEN   = "read when a worker starts"
    ANTHROPIC_API_KEY    = "read again whenever it changes"
    DATABASE_URL         = "read again whenever it changes"
    HATCHET_CLIENT_TOKEN = "read when a worker starts"
  }

  name             = "/valet/production/${each.key}"
  description      = "A secret of valet production; the tag Read says when a worker reads it"
  type             = "SecureString"
  tier             = "Standard"
  key_id           = aws_kms_key.fleet.arn
  value_wo         = "valet-gen placeholder: no value was put here yet"
  value_wo_version = 1

  # What may change is a tag: tags have a call of their own.
  tags = {
    Read = each.value
  }

  # An update of any other argument sends the value as well. The provider has none here and would send an empty one,
  # which SSM refuses. Whoever pushes a value also sets these: the key as an alias, the tier by the account's default.
  lifecycle {
    prevent_destroy = true

    ignore_changes = [description, key_id, tier]
  }
}

resource "aws_secretsmanager_secret" "secret" { # To remove one: terraform state rm its two addresses, then delete it.
  #checkov:skip=CKV2_AWS_57:only the Valet API can issue a new value, so nothing can rotate it automatically; the tag says when it is due
  for_each = {
    "WORKER_API_KEY" = {
      description       = "read when a worker starts"
      rotate_after_days = "90"
    }
  }

  name        = "/valet/production/${each.key}"
  description = "valet production, ${each.value.description}"
  kms_key_id  = aws_kms_key.fleet.arn

  # A week to undo a mistaken destroy. Until it is over the name cannot be used again.
  recovery_window_in_days = 7

  # Control: app.key-rotation
  tags = {
    RotateAfterDays = each.value.rotate_after_days
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Control: app.no-hardcoded-secrets
resource "aws_secretsmanager_secret_version" "secret" { # To remove one: terraform state rm its two addresses, then delete it.
  for_each = aws_secretsmanager_secret.secret

  secret_id                = each.value.id
  secret_string_wo         = "valet-gen placeholder: no value was put here yet"
  secret_string_wo_version = 1

  # AWS deletes versions without a label, and Terraform would then create the placeholder again, as the current value.
  # The second label stays on this version when a pushed value takes AWSCURRENT away.
  version_stages = ["AWSCURRENT", "valet-gen-placeholder"]

  lifecycle {
    prevent_destroy = true

    ignore_changes = [version_stages]
  }
}
