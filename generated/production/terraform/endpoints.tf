# Rendered by valet-gen from fleet.toml, environment production: interface endpoints, which keep management traffic inside the VPC.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

resource "aws_security_group" "endpoints" {
  name        = "valet-production-endpoints"
  description = "Interface endpoints: HTTPS from the workers and from nobody else"
  vpc_id      = aws_vpc.fleet.id

  tags = {
    Name = "valet-production-endpoints"
  }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_workers" {
  security_group_id            = aws_security_group.endpoints.id
  referenced_security_group_id = aws_security_group.worker.id
  description                  = "HTTPS from the workers"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443

  tags = {
    Name = "valet-production-from-workers"
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset([
    "logs",
    "monitoring",
    "secretsmanager",
    "ssm",
    "ssmmessages",
  ])

  vpc_id              = aws_vpc.fleet.id
  service_name        = "com.amazonaws.us-east-1.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  security_group_ids  = [aws_security_group.endpoints.id]
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]

  # Not a way out: credentials of another account, brought onto a worker, get nothing through it.
  # What this account's principals may do is said by their own policies.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnAccountOnly"
        Effect    = "Allow"
        Principal = "*"
        Action    = "*"
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.current.account_id }
        }
      },
    ]
  })

  tags = {
    Name = "valet-production-${each.key}"
  }
}
