# Rendered by valet-gen from fleet.toml, environment production: what a worker may connect to.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

# No ingress rule, on purpose: operators come through Session Manager, which the worker dials out to.
# Control: net.ssh-closed
resource "aws_security_group" "worker" {
  name        = "valet-production-worker"
  description = "Browser workers: nothing in, only the listed ports out"
  vpc_id      = aws_vpc.fleet.id

  tags = {
    Name = "valet-production-worker"
  }
}

# DNS and NTP need no rule: AmazonProvidedDNS and the time service are link-local, outside security groups.
# Control: net.egress-listed
#trivy:ignore:AWS-0104 browsers open pages anywhere on the internet; only the ports that fleet.toml lists are open
resource "aws_vpc_security_group_egress_rule" "worker" {
  for_each = {
    "tcp-80-0.0.0.0/0" = {
      cidr_ipv4      = "0.0.0.0/0"
      prefix_list_id = null
      description    = "plain HTTP pages and package mirrors"
      ip_protocol    = "tcp"
      from_port      = 80
      to_port        = 80
    }
    "tcp-443-0.0.0.0/0" = {
      cidr_ipv4      = "0.0.0.0/0"
      prefix_list_id = null
      description    = "SSM, Hatchet gRPC, API calls, HTTPS pages"
      ip_protocol    = "tcp"
      from_port      = 443
      to_port        = 443
    }
  }

  security_group_id = aws_security_group.worker.id
  description       = each.value.description
  cidr_ipv4         = each.value.cidr_ipv4
  prefix_list_id    = each.value.prefix_list_id
  ip_protocol       = each.value.ip_protocol
  from_port         = each.value.from_port
  to_port           = each.value.to_port

  tags = {
    Name = "valet-production-${each.key}"
  }
}
