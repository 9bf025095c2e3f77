terraform {
  required_providers { aws = { source = "hashicorp/aws", version = "5.100.0" } }
}
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "a"
  secret_key                  = "b"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
variable "ranges" { default = ["0.0.0.0/0"] }
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
resource "aws_security_group" "dyn" {
  vpc_id = aws_vpc.v.id
  dynamic "ingress" {
    for_each = toset(var.ranges)
    content {
      from_port   = 22
      to_port     = 22
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }
}
resource "aws_security_group" "none" { vpc_id = aws_vpc.v.id }
resource "aws_security_group" "unk" {
  vpc_id = aws_vpc.v.id
  ingress {
    from_port       = 22
    to_port         = 22
    protocol        = "tcp"
    cidr_blocks     = ["${aws_eip.e.public_ip}/32"]
    prefix_list_ids = [aws_ec2_managed_prefix_list.p.id]
  }
}
resource "aws_security_group" "dynunk" {
  vpc_id = aws_vpc.v.id
  dynamic "ingress" {
    for_each = toset([aws_eip.e.public_ip])
    content {
      from_port   = 22
      to_port     = 22
      protocol    = "tcp"
      cidr_blocks = ["${ingress.value}/32"]
    }
  }
}
resource "aws_eip" "e" { domain = "vpc" }
resource "aws_lb" "l" { subnets = ["subnet-1"] }
resource "aws_instance" "i" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.large"
}
resource "aws_s3_bucket" "b" { bucket = "x" }
resource "aws_sns_topic" "t" { name = "x" }
resource "aws_sqs_queue" "q" { name = "x" }
resource "aws_kms_key" "k" {}
resource "aws_secretsmanager_secret" "s" { name = "x" }
resource "aws_ec2_managed_prefix_list" "p" {
  name           = "x"
  address_family = "IPv4"
  max_entries    = 5
  entry { cidr = "0.0.0.0/1" }
  entry { cidr = "128.0.0.0/1" }
}
resource "aws_launch_template" "lt" {
  network_interfaces { associate_public_ip_address = true }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 8
      kms_key_id  = aws_kms_key.k.arn
    }
  }
}
resource "aws_route_table" "r" {
  vpc_id = aws_vpc.v.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.g.id
  }
}
resource "aws_internet_gateway" "g" { vpc_id = aws_vpc.v.id }
resource "aws_route" "r" {
  route_table_id         = "rtb-1"
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.g.id
}
resource "aws_db_instance" "d" {
  instance_class      = "db.t3.micro"
  engine              = "postgres"
  username            = "u"
  password            = "passpass"
  allocated_storage   = 10
  publicly_accessible = true
}
resource "aws_iam_role" "o" {
  name               = "x"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity", Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }, Condition = { StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" } } }] })
}
locals {
  anybody = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "s3:GetObject", Resource = "arn:aws:s3:::x/*", Condition = { Bool = { "aws:SecureTransport" = "true" } } }] })
}
resource "aws_s3_bucket_policy" "tls_only" {
  bucket = "x"
  policy = local.anybody
}
resource "aws_s3_bucket_policy" "but_one" {
  bucket = "y"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", NotPrincipal = { AWS = "arn:aws:iam::111122223333:user/eve" }, Action = "s3:GetObject", Resource = "arn:aws:s3:::y/*" }] })
}
resource "aws_iam_role_policy" "pass" {
  name   = "x"
  role   = "x"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["iam:PassRole"], Resource = "*" }] })
}
resource "aws_iam_role_policy" "all_but" {
  name   = "y"
  role   = "x"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", NotAction = ["iam:*"], Resource = "*" }] })
}
resource "aws_kms_key" "anybody" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "kms:*", Resource = "*" }] })
}
resource "aws_sqs_queue_policy" "anybody" {
  queue_url = "https://sqs.us-east-1.amazonaws.com/111122223333/x"
  policy    = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = "*" }] })
}
resource "aws_efs_file_system_policy" "anybody" {
  file_system_id = "fs-0123456789abcdef0"
  policy         = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "elasticfilesystem:ClientMount" }] })
}
resource "aws_lambda_function_url" "u" {
  function_name      = "x"
  authorization_type = "NONE"
}
resource "aws_ami_launch_permission" "all" {
  image_id = "ami-0123456789abcdef0"
  group    = "all"
}
resource "aws_db_snapshot" "s" {
  db_instance_identifier = "x"
  db_snapshot_identifier = "y"
  shared_accounts        = ["all"]
}
resource "aws_s3_bucket_acl" "grants" {
  bucket = "x"
  access_control_policy {
    owner { id = "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a" }
    grant {
      permission = "READ"
      grantee {
        type = "Group"
        uri  = "http://acs.amazonaws.com/groups/global/AllUsers"
      }
    }
  }
}
resource "aws_vpc_security_group_ingress_rule" "halves" {
  for_each          = toset(["0.0.0.0/1", "128.0.0.0/1"])
  security_group_id = "sg-1"
  cidr_ipv4         = each.value
  ip_protocol       = "-1"
}
resource "aws_vpc_security_group_ingress_rule" "six" {
  security_group_id = "sg-1"
  cidr_ipv6         = "::/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
resource "aws_vpc_security_group_ingress_rule" "listed" {
  security_group_id = "sg-1"
  prefix_list_id    = "pl-0123456789abcdef0"
  ip_protocol       = "-1"
}
resource "aws_security_group_rule" "sixteen" {
  type              = "ingress"
  security_group_id = "sg-1"
  protocol          = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_blocks       = [for part in range(64) : "3.${part * 4}.0.0/16"]
}
resource "aws_default_network_acl" "d" {
  default_network_acl_id = "acl-1"
  ingress {
    rule_no    = 100
    protocol   = "-1"
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
}
resource "aws_s3_bucket_public_access_block" "off" {
  bucket              = "x"
  block_public_policy = false
}
resource "aws_s3_bucket_lifecycle_configuration" "l" {
  bucket = "x"
  rule {
    id     = "a"
    status = "Enabled"
    filter {}
    expiration { days = 1 }
  }
}
module "inner" {
  source   = "./inner"
  for_each = toset(["a\"].evil[\"b"])
}
