# Rendered by valet-gen from fleet.toml, environment production: versions, state, provider and the account it runs in.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

terraform {
  # 1.11 brought write-only arguments, which keep the placeholders of secrets out of the state.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90, < 7.0, != 6.32.0, != 6.35.0, != 6.42.0"
    }
  }

  backend "s3" {
    bucket       = "valet-terraform-state"
    key          = "valet/production/terraform.tfstate"
    region       = "us-east-1"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = "us-east-1"

  # Control: aws.tags
  default_tags {
    tags = {
      CostCenter  = "browser-automation"
      Environment = "production"
      Fleet       = "valet"
      ManagedBy   = "valet-gen"
      Project     = "valet"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
