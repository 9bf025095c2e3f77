"""The VPC, its ways out, and who may talk to whom."""

from aws import all_of, client, tags_of


def check(fleet, facts):
    wanted = fleet["network"]
    vpcs = [v for v in all_of("ec2", "describe_vpcs", "Vpcs") if tags_of(v).get("Fleet") == fleet.name]
    facts.equal("the VPC's range", [v["CidrBlock"] for v in vpcs], [wanted["cidr_block"]])
    vpc = vpcs[0]["VpcId"]
    in_vpc = [{"Name": "vpc-id", "Values": [vpc]}]

    subnets = all_of("ec2", "describe_subnets", "Subnets", Filters=in_vpc)
    private = [s for s in subnets if tags_of(s)["Tier"] == "private"]
    facts.equal("zones", sorted(s["AvailabilityZone"] for s in private), wanted["availability_zones"])
    facts.true("no subnet gives out public addresses", not any(s["MapPublicIpOnLaunch"] for s in subnets))

    gateways = all_of("ec2", "describe_nat_gateways", "NatGateways", Filters=in_vpc)
    facts.equal("NAT gateways", len(gateways), 1)
    public = [s["SubnetId"] for s in subnets if tags_of(s)["Tier"] == "public"]
    facts.true("the NAT gateway stands in a public subnet", gateways[0]["SubnetId"] in public)
    for table in all_of("ec2", "describe_route_tables", "RouteTables", Filters=in_vpc):
        check_routes(table, private, gateways[0]["NatGatewayId"], facts)

    check_groups(fleet, all_of("ec2", "describe_security_groups", "SecurityGroups", Filters=in_vpc), facts)
    check_endpoints(fleet, all_of("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=in_vpc), private, facts)

    flow_logs = all_of("ec2", "describe_flow_logs", "FlowLogs")
    facts.equal("flow logs", [(f["ResourceId"], f["TrafficType"]) for f in flow_logs], [(vpc, "ALL")])
    facts.true("flow logs have a group of their own", flow_logs[0]["LogDestination"].endswith(f":log-group:{fleet.path}/flow-logs"))


def check_routes(table, private, nat_gateway, facts):
    of_workers = {s["SubnetId"] for s in private} & {a.get("SubnetId") for a in table["Associations"]}
    if not of_workers:
        return
    default = [r for r in table["Routes"] if r.get("DestinationCidrBlock") == "0.0.0.0/0"]
    facts.equal("the workers' default route", [r.get("NatGatewayId") for r in default], [nat_gateway])
    facts.true("no internet gateway in a worker's table", not any("igw-" in str(r) for r in table["Routes"]))


def check_groups(fleet, groups, facts):
    named = {g["GroupName"]: g for g in groups}
    worker, endpoints = named[f"{fleet.prefix}-worker"], named[f"{fleet.prefix}-endpoints"]
    facts.equal("what may connect to a worker", worker["IpPermissions"], [])
    facts.equal(
        "what a worker may connect to",
        sorted((r["IpProtocol"], r["FromPort"], r["ToPort"], c["CidrIp"]) for r, c in ranges(worker)),
        sorted(("tcp", e["port"], e.get("to_port", e["port"]), "0.0.0.0/0") for e in fleet["network"]["egress"]),
    )
    facts.equal(
        "what each of these is for",
        sorted(c["Description"] for _, c in ranges(worker)),
        sorted(e["description"] for e in fleet["network"]["egress"]),
    )
    incoming = [(r["FromPort"], r["ToPort"], sorted(p["GroupId"] for p in r["UserIdGroupPairs"]), r["IpRanges"])
                for r in endpoints["IpPermissions"]]
    bake = client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{fleet.prefix}-bake"]}])
    clients = sorted(g["GroupId"] for g in [worker, *bake["SecurityGroups"]])
    facts.equal("what may connect to an endpoint", incoming, [(443, 443, clients, [])])
    default = named["default"]
    facts.equal("the default group", default["IpPermissions"] + default["IpPermissionsEgress"], [])
    for group in groups:
        open_to_all = [r for r in group["IpPermissions"] if "0.0.0.0/0" in str(r) or "::/0" in str(r)]
        facts.equal(f"what {group['GroupName']} lets in from everywhere", open_to_all, [])


def ranges(group):
    return [(rule, address) for rule in group["IpPermissionsEgress"] for address in rule["IpRanges"]]


def check_endpoints(fleet, endpoints, private, facts):
    region = fleet["fleet"]["region"]
    services = sorted(e["ServiceName"] for e in endpoints)
    facts.equal("endpoints", services, sorted(f"com.amazonaws.{region}.{s}" for s in fleet["network"]["vpc_endpoints"]))
    for endpoint in endpoints:
        name = endpoint["ServiceName"]
        facts.true(f"{name} has a policy of its own", "aws:PrincipalAccount" in endpoint["PolicyDocument"])
        if endpoint["VpcEndpointType"] == "Interface":
            facts.true(f"{name} answers to the service's own name", endpoint["PrivateDnsEnabled"])
            facts.equal(f"subnets of {name}", sorted(endpoint["SubnetIds"]), sorted(s["SubnetId"] for s in private))
        else:
            facts.equal(f"route tables of {name}", len(endpoint["RouteTableIds"]), len(private))
