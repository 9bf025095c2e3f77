# Rendered by valet-gen from fleet.toml, environment staging: gateway endpoints, which are free.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# Free, and it keeps package mirrors, the SSM agent and session logs off the NAT gateway.
# Pages that the browsers open also read from and upload to other accounts' buckets, so the endpoint cannot name
# buckets; it stops what matters here: this account's credentials writing into a bucket of another account.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.fleet.id
  service_name      = "com.amazonaws.us-east-1.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Everything"
        Effect    = "Allow"
        Principal = "*"
        Action    = "s3:*"
        Resource  = "*"
      },
      {
        Sid       = "OwnCredentialsWriteToOwnBuckets"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:Put*", "s3:Delete*", "s3:ReplicateObject", "s3:RestoreObject"]
        Resource  = "*"
        Condition = {
          StringEquals    = { "aws:PrincipalAccount" = data.aws_caller_identity.current.account_id }
          StringNotEquals = { "aws:ResourceAccount" = data.aws_caller_identity.current.account_id }
        }
      },
    ]
  })

  tags = {
    Name = "valet-staging-s3"
  }
}
