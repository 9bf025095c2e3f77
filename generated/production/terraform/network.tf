# Rendered by valet-gen from fleet.toml, environment production: VPC, subnets, NAT and routes.
# Change fleet.toml and run `valet-gen render`; what is edited here is overwritten.

resource "aws_vpc" "fleet" {
  cidr_block           = "10.40.0.0/16"
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = {
    Name = "valet-production"
  }
}

# The default group allows everything between its members; without rules nothing that lands in it by mistake can talk.
# Control: net.default-group-locked
resource "aws_default_security_group" "locked" {
  vpc_id = aws_vpc.fleet.id

  tags = {
    Name = "valet-production-default-locked"
  }
}

# Workers live here.
# Control: net.private-subnets
resource "aws_subnet" "private" {
  for_each = {
    "us-east-1a" = "10.40.0.0/19"
    "us-east-1b" = "10.40.32.0/19"
    "us-east-1c" = "10.40.64.0/19"
  }

  vpc_id                  = aws_vpc.fleet.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = {
    Name = "valet-production-private-${each.key}"
    Tier = "private"
  }
}

# For NAT gateways only: nothing that runs a browser is ever placed here.
resource "aws_subnet" "public" {
  for_each = {
    "us-east-1a" = "10.40.224.0/22"
    "us-east-1b" = "10.40.228.0/22"
    "us-east-1c" = "10.40.232.0/22"
  }

  vpc_id                  = aws_vpc.fleet.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = {
    Name = "valet-production-public-${each.key}"
    Tier = "public"
  }
}

resource "aws_internet_gateway" "fleet" {
  vpc_id = aws_vpc.fleet.id

  tags = {
    Name = "valet-production"
  }
}

resource "aws_eip" "nat" {
  for_each = aws_subnet.public

  domain = "vpc"

  tags = {
    Name = "valet-production-nat-${each.key}"
  }

  # An address can be used, and given back, only while the gateway is attached.
  depends_on = [aws_internet_gateway.fleet]
}

# One per zone: a zone that fails takes only its own way out with it.
resource "aws_nat_gateway" "fleet" {
  for_each = aws_subnet.public

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = each.value.id

  tags = {
    Name = "valet-production-${each.key}"
  }

  depends_on = [aws_route.public_internet]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.fleet.id

  tags = {
    Name = "valet-production-public"
  }
}

resource "aws_route" "public_internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.fleet.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  route_table_id = aws_route_table.public.id
  subnet_id      = each.value.id
}

# A table per zone, whatever nat_gateways says: changing it changes routes and no table.
resource "aws_route_table" "private" {
  for_each = aws_subnet.private

  vpc_id = aws_vpc.fleet.id

  tags = {
    Name = "valet-production-private-${each.key}"
  }
}

resource "aws_route" "private_nat" {
  for_each = aws_route_table.private

  route_table_id         = each.value.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.fleet[each.key].id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  route_table_id = aws_route_table.private[each.key].id
  subnet_id      = each.value.id
}
