"""Makes the network that a fleet runs in without owning it, and prints the ids: the VPC's, then those of three private
subnets with a way out.
"""

import json

import boto3

ec2 = boto3.client("ec2")
vpc = ec2.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]][:3]
subnets = [
    ec2.create_subnet(VpcId=vpc, CidrBlock=f"172.20.{index}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
    for index, zone in enumerate(zones)
]
print(json.dumps([vpc, *subnets]))
