//! An account in which preflight finds nothing, and what a test changes in it.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::world::World;

/// What an account needs before anything is well: roles that AWS makes by itself, and an image.
const READY: &str = "
iam = client('iam')
trust = '{\"Version\": \"2012-10-17\", \"Statement\": []}'
for name in ('AWSServiceRoleForEC2Spot', 'AWSServiceRoleForImageBuilder'):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
image = client('ec2').copy_image(SourceImageId='ami-0ba5e0ba5e0ba5e01', SourceRegion='us-east-1', Name='an image')['ImageId']
client('ssm').put_parameter(Name='/valet/production/ami', Value=image, Type='String')
";

/// An account in which nothing is found.
pub fn ready() -> Option<World> {
    let world = World::start()?;
    edit(&world, "source = \"lock\"", "source = \"parameter\"");
    // The bucket and the group of build hosts are there as Terraform makes them, but for the bucket's tags.
    world.python(READY);
    world.python(
        "
iam = client('iam')
own = [{'Key': key, 'Value': value} for key, value in OWN.items()]
iam.tag_role(RoleName='valet-production-bake', Tags=own)
iam.tag_instance_profile(InstanceProfileName='valet-production-bake', Tags=own)
client('s3').put_bucket_tagging(Bucket='valet-production-bake-123456789012', Tagging={'TagSet': [
            {'Key': key, 'Value': value} for key, value in OWN.items()]})",
    );
    world.control(
        "account",
        Some(json!({ "quotas": { "L-1216C47A": 256, "L-34B43A08": 256 } })),
    );
    Some(world)
}

pub fn edit(world: &World, from: &str, to: &str) {
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    assert!(text.contains(from), "{from}");
    fs::write(&fleet, text.replacen(from, to, 1)).expect("written");
}

/// The findings, by code.
pub fn found(world: &World) -> Vec<Value> {
    let run = world.run(&["preflight", "--format", "json"]);
    let document: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    let diagnostics = document["diagnostics"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert_eq!(
        run.code,
        Some(i32::from(!diagnostics.is_empty())),
        "{run:#?}"
    );
    // Wherever it comes from, it says where and what to do.
    for it in &diagnostics {
        assert!(it["start"]["line"].as_u64() > Some(0), "{it:#}");
        assert!(
            it["help"].as_str().is_some_and(|help| help.len() > 10),
            "{it:#}"
        );
    }
    diagnostics
}

pub fn codes(findings: &[Value]) -> BTreeSet<&str> {
    findings
        .iter()
        .filter_map(|it| it["code"].as_str()?.strip_prefix("preflight."))
        .collect()
}

/// None of the codes is found before `change`, and all of them, and no other, afterwards.
pub fn only_after(world: &World, wanted: &[&str], change: impl FnOnce(&World)) -> Vec<Value> {
    let before = found(world);
    change(world);
    let after = found(world);
    let new: BTreeSet<&str> = codes(&after).difference(&codes(&before)).copied().collect();
    assert_eq!(new, wanted.iter().copied().collect(), "{after:#?}");
    after
}

/// What a finding says, by the line that it points at.
pub fn at_line(world: &World, findings: &[Value], code: &str) -> Vec<String> {
    let text = fs::read_to_string(world.folder.path().join("fleet.toml")).expect("a fleet");
    let of_code = findings
        .iter()
        .filter(|it| it["code"] == format!("preflight.{code}"));
    let line = |it: &Value| {
        text.lines()
            .nth(it["start"]["line"].as_u64().unwrap_or(1) as usize - 1)
    };
    of_code
        .map(|it| line(it).unwrap_or_default().trim().to_owned())
        .collect()
}

/// The quotas of an account that is large enough, with others in their place.
pub fn quotas(others: &[(&str, u32)]) -> Value {
    let mut all = json!({ "L-1216C47A": 256, "L-34B43A08": 256 });
    for (code, value) in others {
        all[*code] = json!(value);
    }
    all
}

/// Makes a VPC as another team has it, and names it in fleet.toml.
pub fn existing_network(world: &World) {
    world.python(
        "
import json
ec2 = client('ec2')
vpc = ec2.create_vpc(CidrBlock='10.9.0.0/16')['Vpc']['VpcId']
ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={'Value': True})
public = ec2.create_subnet(VpcId=vpc, CidrBlock='10.9.9.0/24', AvailabilityZone='us-east-1a')['Subnet']['SubnetId']
nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=ec2.allocate_address(Domain='vpc')['AllocationId'])['NatGateway']['NatGatewayId']
subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f'10.9.{n}.0/24', AvailabilityZone=f'us-east-1{z}')['Subnet']['SubnetId'] for n, z in enumerate('ab')]
table = ec2.create_route_table(VpcId=vpc)['RouteTable']['RouteTableId']
ec2.create_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0', NatGatewayId=nat)
[ec2.associate_route_table(RouteTableId=table, SubnetId=it) for it in subnets]
group = ec2.create_security_group(GroupName='theirs', Description='d', VpcId=vpc)['GroupId']
json.dump({'vpc': vpc, 'subnets': subnets, 'public': public, 'table': table, 'group': group}, open('network.json', 'w'))
",
    );
    let network = network(world);
    edit(
        world,
        "[network]",
        &format!(
            "[network]\n[network.existing]\nvpc_id = {}\nprivate_subnet_ids = {}\nsecurity_group_ids = [{}]\n",
            network["vpc"], network["subnets"], network["group"]
        ),
    );
}

pub fn network(world: &World) -> Value {
    serde_json::from_str(
        &fs::read_to_string(world.folder.path().join("network.json")).expect("a file"),
    )
    .expect("JSON")
}
