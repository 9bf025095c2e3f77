//! What preflight finds in an account, and what it does not find where all is well.

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
fn ready() -> Option<World> {
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

fn edit(world: &World, from: &str, to: &str) {
    let fleet = world.folder.path().join("fleet.toml");
    let text = fs::read_to_string(&fleet).expect("a fleet");
    assert!(text.contains(from), "{from}");
    fs::write(&fleet, text.replacen(from, to, 1)).expect("written");
}

/// The findings, by code.
fn found(world: &World) -> Vec<Value> {
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
    diagnostics
}

fn codes(findings: &[Value]) -> BTreeSet<&str> {
    findings
        .iter()
        .filter_map(|it| it["code"].as_str()?.strip_prefix("preflight."))
        .collect()
}

/// None of the codes is found before `change`, and all of them, and no other, afterwards.
fn only_after(world: &World, wanted: &[&str], change: impl FnOnce(&World)) -> Vec<Value> {
    let before = found(world);
    change(world);
    let after = found(world);
    let new: BTreeSet<&str> = codes(&after).difference(&codes(&before)).copied().collect();
    assert_eq!(new, wanted.iter().copied().collect(), "{after:#?}");
    after
}

/// What a finding says, by the line that it points at.
fn at_line(world: &World, findings: &[Value], code: &str) -> Vec<String> {
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

#[test]
fn an_account_that_is_ready_has_no_finding_and_is_not_changed() {
    let Some(world) = ready() else { return };
    let before = world.changes().len();
    let run = world.run(&["preflight"]);
    assert_eq!(
        run.parts(),
        (
            Some(0),
            "account 123456789012: 27 checks, nothing found\n",
            ""
        )
    );
    assert_eq!(world.changes().len(), before, "{:?}", world.changes());
}

/// Everything that is asked stands in the policy that is printed, but for dry runs.
#[test]
fn the_policy_allows_all_that_is_asked() {
    let Some(world) = ready() else { return };
    existing_network(&world);
    edit(
        &world,
        "[secrets]",
        "[encryption]\nkms_key = \"arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555\"\n\n[secrets]",
    );
    let run = world.run(&["preflight", "--record", "trace.json"]);
    assert!(world.folder.path().join("trace.json").exists(), "{run:#?}");
    let trace: Value = serde_json::from_str(
        &fs::read_to_string(world.folder.path().join("trace.json")).expect("a trace"),
    )
    .expect("JSON");
    let policy: Value =
        serde_json::from_str(&world.run(&["preflight", "--policy"]).success()).expect("JSON");
    let allowed: BTreeSet<&str> = policy["Statement"][0]["Action"]
        .as_array()
        .expect("actions")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let calls = trace["calls"].as_array().expect("calls");
    assert!(calls.len() > 40, "{}", calls.len());
    for call in calls
        .iter()
        .filter(|call| call["input"].get("DryRun").is_none())
    {
        let (service, operation) = (
            call["service"].as_str().expect("a service"),
            call["operation"].as_str().expect("one"),
        );
        let action = match operation {
            "HeadBucket" => "s3:ListBucket".to_owned(),
            _ => format!("{service}:{operation}"),
        };
        assert!(allowed.contains(action.as_str()), "{action}");
    }
}

#[test]
fn quotas_that_are_too_small_are_found() {
    let Some(world) = ready() else { return };
    let findings = only_after(
        &world,
        &["vcpu-quota", "address-quota", "vpc-quota"],
        |world| {
            world.control(
            "account",
            Some(json!({ "quotas": { "L-1216C47A": 4, "L-34B43A08": 8, "L-0263D0A3": 0, "L-F678F1CE": 2 } })),
        );
        },
    );
    let messages: Vec<&str> = findings
        .iter()
        .filter(|it| it["code"] == "preflight.vcpu-quota")
        .filter_map(|it| it["message"].as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "the account may run 4 vCPUs of Standard (A, C, D, H, I, M, R, T, Z) on demand in us-east-1, and the fleet needs up to 8",
            "the account may run 8 vCPUs of Standard (A, C, D, H, I, M, R, T, Z) as spot in us-east-1, and the fleet needs up to 12",
        ]
    );
    // What others run counts.
    world.control("account", Some(json!({ "quotas": { "L-1216C47A": 10, "L-34B43A08": 16, "L-0263D0A3": 5, "L-F678F1CE": 5 } })));
    let findings = only_after(&world, &["vcpu-quota"], |world| {
        world.python("ec2 = client('ec2'); ec2.run_instances(ImageId=ec2.describe_images(Owners=['self'])['Images'][0]['ImageId'], InstanceType='m5.xlarge', MinCount=1, MaxCount=1)");
    });
    assert!(
        findings[0]["message"]
            .as_str()
            .is_some_and(|it| it.contains("10 vCPUs") && it.contains("of which others use 4")),
        "{findings:#?}"
    );
}

#[test]
fn zones_types_and_nat_gateways_are_held_against_the_region() {
    let Some(world) = ready() else { return };
    // us-east-1e is old, and has none of the newer types.
    let findings = only_after(&world, &["type-in-few-zones", "nat-quota"], |world| {
        edit(
            world,
            "[network]",
            "[network]\navailability_zones = [\"us-east-1a\", \"us-east-1e\"]",
        );
        world.control(
            "account",
            Some(json!({ "quotas": quotas(&[("L-FE5A380F", 0)]) })),
        );
    });
    assert!(
        at_line(&world, &findings, "type-in-few-zones")
            .contains(&"{ instance_type = \"m7i.large\" },".to_owned()),
        "{findings:#?}"
    );
    let findings = only_after(&world, &["type-not-offered"], |world| {
        edit(world, "\"us-east-1a\", \"us-east-1e\"", "\"us-east-1e\"");
    });
    assert!(
        at_line(&world, &findings, "type-not-offered")
            .contains(&"{ instance_type = \"m7i.large\" },".to_owned()),
        "{findings:#?}"
    );
    let findings = only_after(&world, &["zone-missing"], |world| {
        world.control("account", Some(json!({ "zones": ["us-east-1a"] })));
    });
    assert_eq!(
        at_line(&world, &findings, "zone-missing"),
        ["availability_zones = [\"us-east-1e\"]"]
    );
}

/// The quotas of an account that is large enough, with others in their place.
fn quotas(others: &[(&str, u32)]) -> Value {
    let mut all = json!({ "L-1216C47A": 256, "L-34B43A08": 256 });
    for (code, value) in others {
        all[*code] = json!(value);
    }
    all
}

#[test]
fn names_that_others_have_are_found() {
    let Some(world) = ready() else { return };
    let findings = only_after(
        &world,
        &["name-taken", "secret-deleted", "secret-placeholder"],
        |world| {
            edit(
                world,
                "[alerts]",
                "WORKER_API_KEY = { store = \"secretsmanager\", read = \"boot\" }\nOTHER_KEY = { store = \"secretsmanager\", read = \"boot\" }\n\n[alerts]",
            );
            world.python(
            "
trust = '{\"Version\": \"2012-10-17\", \"Statement\": []}'
iam = client('iam')
iam.create_role(RoleName='valet-production-worker', AssumeRolePolicyDocument=trust)
iam.create_instance_profile(InstanceProfileName='valet-production-worker')
iam.create_policy(PolicyName='valet-production-operators', PolicyDocument='{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:ListBucket\", \"Resource\": \"*\"}]}')
client('logs').create_log_group(logGroupName='/valet/production/system')
kms = client('kms')
kms.create_alias(AliasName='alias/valet-production', TargetKeyId=kms.create_key()['KeyMetadata']['KeyId'])
client('ec2').create_launch_template(LaunchTemplateName='valet-production-worker-fixed', LaunchTemplateData={'InstanceType': 'm5.large'})
client('s3').create_bucket(Bucket='valet-production-session-123456789012')
ssm = client('ssm')
ssm.put_parameter(Name='/valet/production/HATCHET_CLIENT_TOKEN', Value='x', Type='SecureString')
ssm.create_document(Name='valet-production-session', DocumentType='Session', DocumentFormat='JSON', Content='{\"schemaVersion\": \"1.0\", \"sessionType\": \"Standard_Stream\", \"description\": \"\"}')
secrets = client('secretsmanager')
secrets.create_secret(Name='/valet/production/WORKER_API_KEY', SecretString='x')
secrets.delete_secret(SecretId='/valet/production/WORKER_API_KEY', RecoveryWindowInDays=7)
secrets.create_secret(Name='/valet/production/OTHER_KEY', SecretString='x')
# The fleet's own, which Terraform has made before, is not taken.
iam.create_role(RoleName='valet-production-flow-logs', AssumeRolePolicyDocument=trust, Tags=[{'Key': key, 'Value': value} for key, value in OWN.items()])
",
        );
        },
    );
    let mut taken: Vec<&str> = findings
        .iter()
        .filter(|it| it["code"] == "preflight.name-taken")
        .filter_map(|it| it["message"].as_str()?.split('`').nth(1))
        .collect();
    taken.sort_unstable();
    assert_eq!(
        taken,
        [
            "/valet/production/HATCHET_CLIENT_TOKEN",
            "/valet/production/OTHER_KEY",
            "/valet/production/system",
            "alias/valet-production",
            "valet-production-operators",
            "valet-production-session",
            "valet-production-session-123456789012",
            "valet-production-worker",
            "valet-production-worker",
            "valet-production-worker-fixed",
        ]
    );
    assert_eq!(
        at_line(&world, &findings, "secret-deleted"),
        ["WORKER_API_KEY = { store = \"secretsmanager\", read = \"boot\" }"]
    );
    assert_eq!(
        at_line(&world, &findings, "secret-placeholder"),
        ["HATCHET_CLIENT_TOKEN = { store = \"ssm\", read = \"boot\" }"]
    );
}

#[test]
fn services_of_which_there_is_one_are_found() {
    let Some(world) = ready() else { return };
    only_after(
        &world,
        &["detector-exists", "trail-exists", "inspector-exists"],
        |world| {
            world.python(
            "
client('guardduty').create_detector(Enable=True)
client('s3').create_bucket(Bucket='somebodys-trail')
client('cloudtrail').create_trail(Name='somebodys', S3BucketName='somebodys-trail', IsMultiRegionTrail=True)
",
        );
            world.control("account", Some(json!({ "inspector": true })));
        },
    );
    only_after(&world, &["trail-quota"], |world| {
        world.python("for number in range(4): client('cloudtrail').create_trail(Name=f'trail{number}', S3BucketName='somebodys-trail')");
    });
    only_after(&world, &["inspector-managed"], |world| {
        world.control(
            "account",
            Some(json!({ "inspector": false, "administrator": "222222222222" })),
        );
    });
    // Those of the account's own module are no fault.
    let Some(world) = ready() else { return };
    world.python(
        "
own = dict(OWN, Environment='account')
client('guardduty').create_detector(Enable=True, Tags=own)
client('s3').create_bucket(Bucket='a-trail')
client('cloudtrail').create_trail(Name='valet-account', S3BucketName='a-trail', IsMultiRegionTrail=True)
",
    );
    world.control("account", Some(json!({ "inspector": true })));
    assert_eq!(codes(&found(&world)), BTreeSet::new());
}

#[test]
fn what_an_apply_may_not_do_is_told_before_it_does() {
    let Some(world) = ready() else { return };
    let message = "You are not authorized to perform this operation with an explicit deny in a service control policy. Encoded authorization failure message: abc";
    let findings = only_after(&world, &["denied", "service-linked-role"], |world| {
        world.control(
            "account",
            Some(json!({ "denied": { "RunInstances": message, "CreateVpc": "no" } })),
        );
        world.python("iam = client('iam'); [iam.delete_role(RoleName=name) for name in ('AWSServiceRoleForEC2Spot', 'AWSServiceRoleForImageBuilder')]");
    });
    let denied: Vec<(&str, &str)> = findings
        .iter()
        .filter(|it| it["code"] == "preflight.denied")
        .map(|it| {
            (
                it["message"].as_str().unwrap_or_default(),
                it["label"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        denied,
        [
            (
                "ec2:CreateVpc is denied by the account, so an apply cannot make the VPC",
                "UnauthorizedOperation: no"
            ),
            (
                "ec2:RunInstances is denied by a service control policy of the organization, so an apply cannot start an instance",
                "UnauthorizedOperation: You are not authorized to perform this operation with an explicit deny in a service control policy.",
            ),
        ]
    );
    let run = world.run(&["preflight", "--no-dry-run"]);
    assert!(!run.stderr.contains("preflight.denied"), "{}", run.stderr);
}

/// Makes a VPC as another team has it, and names it in fleet.toml.
fn existing_network(world: &World) {
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

fn network(world: &World) -> Value {
    serde_json::from_str(
        &fs::read_to_string(world.folder.path().join("network.json")).expect("a file"),
    )
    .expect("JSON")
}

#[test]
fn an_existing_network_is_looked_at_whole() {
    let Some(world) = ready() else { return };
    existing_network(&world);
    assert_eq!(codes(&found(&world)), BTreeSet::new());
    // A default route to an internet gateway, then none at all.
    only_after(&world, &["no-route"], |world| {
        world.python(
            "
import json
it = json.load(open('network.json'))
ec2 = client('ec2')
gateway = ec2.create_internet_gateway()['InternetGateway']['InternetGatewayId']
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=it['vpc'])
ec2.delete_route(RouteTableId=it['table'], DestinationCidrBlock='0.0.0.0/0')
ec2.create_route(RouteTableId=it['table'], DestinationCidrBlock='0.0.0.0/0', GatewayId=gateway)
",
        );
    });
    let findings = only_after(&world, &["endpoint-missing"], |world| {
        world.python(
            "
import json
it = json.load(open('network.json'))
ec2 = client('ec2')
ec2.delete_route(RouteTableId=it['table'], DestinationCidrBlock='0.0.0.0/0')
for service in ('ssm', 'ssmmessages', 'ec2', 'logs', 'monitoring', 'autoscaling', 'kms'):
    ec2.create_vpc_endpoint(VpcId=it['vpc'], ServiceName=f'com.amazonaws.us-east-1.{service}', VpcEndpointType='Interface', PrivateDnsEnabled=True)
",
        );
    });
    let message = findings
        .iter()
        .find_map(|it| it["message"].as_str().filter(|it| it.contains("endpoint")));
    assert!(
        message.is_some_and(|it| it.ends_with("has no way out, and its VPC no endpoint for s3")),
        "{message:?}"
    );
    world.python(
        "
import json
it = json.load(open('network.json'))
client('ec2').create_vpc_endpoint(VpcId=it['vpc'], ServiceName='com.amazonaws.us-east-1.s3', VpcEndpointType='Gateway', RouteTableIds=[it['table']])
",
    );
    assert_eq!(codes(&found(&world)), BTreeSet::new());
    only_after(
        &world,
        &["subnet", "subnet-full", "security-group", "vpc-dns"],
        |world| {
            let it = network(world);
            let first = it["subnets"][0].as_str().expect("an id");
            edit(world, first, "subnet-0123456789abcdef0");
            edit(
                world,
                it["group"].as_str().expect("an id"),
                "sg-0123456789abcdef0",
            );
            edit(world, "# max_size = 10", "max_size = 600");
            world.control(
                "account",
                Some(json!({ "quotas": { "L-1216C47A": 99999, "L-34B43A08": 99999 } })),
            );
            // The route is there again, so that nothing else is found.
            world.python("import json; client('ec2').modify_vpc_attribute(VpcId=json.load(open('network.json'))['vpc'], EnableDnsHostnames={'Value': False})");
        },
    );
    only_after(&world, &["vpc-missing"], |world| {
        let it = network(world);
        edit(
            world,
            it["vpc"].as_str().expect("an id"),
            "vpc-0123456789abcdef0",
        );
    });
}

#[test]
fn keys_of_others_are_looked_at() {
    let Some(world) = ready() else { return };
    world.python(
        "
kms = client('kms')
policy = '{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"logs.us-east-1.amazonaws.com\"}, \"Action\": \"kms:*\", \"Resource\": \"*\"}]}'
key = kms.create_key(Policy=policy)['KeyMetadata']
open('key', 'w').write(key['Arn'])
",
    );
    let key = fs::read_to_string(world.folder.path().join("key")).expect("a key");
    edit(
        &world,
        "[secrets]",
        &format!("[encryption]\nkms_key = \"{key}\"\n\n[secrets]"),
    );
    assert_eq!(codes(&found(&world)), BTreeSet::new());
    let findings = only_after(
        &world,
        &["key-usable", "key-grants", "key-policy"].map(|it| {
            if it == "key-usable" {
                "key-unusable"
            } else {
                it
            }
        }),
        |world| {
            world.control("account", Some(json!({ "denied": { "CreateGrant": "not authorized to perform: kms:CreateGrant" } })));
            world.python("kms = client('kms'); key = open('key').read(); kms.disable_key(KeyId=key.split('/')[1]); kms.put_key_policy(KeyId=key, PolicyName='default', Policy='{\"Version\": \"2012-10-17\", \"Statement\": []}')");
        },
    );
    let unusable = findings
        .iter()
        .find(|it| it["code"] == "preflight.key-unusable")
        .expect("found");
    assert_eq!(
        unusable["message"],
        "the key cannot encrypt: its state is Disabled"
    );
    assert_eq!(
        at_line(&world, &findings, "key-unusable"),
        [format!("kms_key = \"{key}\"")]
    );
}

#[test]
fn the_image_the_inventory_and_the_account_are_looked_at() {
    let Some(world) = ready() else { return };
    only_after(&world, &["inventory-association"], |world| {
        let association = json!([{ "AssociationId": "1", "Targets": [{ "Key": "InstanceIds", "Values": ["*"] }] }]);
        world.control("account", Some(json!({ "associations": association })));
    });
    // One that is limited to a tag disturbs nobody.
    let limited = json!([{ "AssociationId": "1", "Targets": [{ "Key": "tag:Inventory", "Values": ["yes"] }] }]);
    world.control("account", Some(json!({ "associations": limited })));
    assert_eq!(codes(&found(&world)), BTreeSet::new());
    only_after(&world, &["image-unusable"], |world| {
        world.python("ec2 = client('ec2'); [ec2.deregister_image(ImageId=it['ImageId']) for it in ec2.describe_images(Owners=['self'])['Images']]");
    });
    only_after(&world, &["image-missing"], |world| {
        world.python("client('ssm').delete_parameter(Name='/valet/production/ami')");
    });
    only_after(&world, &["other-account"], |world| {
        edit(
            world,
            "[terraform]",
            "[terraform]\nallowed_account_ids = [\"222222222222\"]",
        );
    });
}

/// Each question, denied once: what is not known for it is named, and nothing passes in silence.
#[test]
fn a_question_that_is_denied_is_told() {
    let Some(world) = ready() else { return };
    existing_network(&world);
    let calls = world.control("calls", None).as_array().map_or(0, Vec::len);
    assert_eq!(codes(&found(&world)), BTreeSet::new());
    let asked: BTreeSet<(String, String)> = world
        .control("calls", None)
        .as_array()
        .into_iter()
        .flatten()
        .skip(calls)
        .filter_map(|call| {
            Some((
                call["service"].as_str()?.to_owned(),
                call["operation"].as_str()?.to_owned(),
            ))
        })
        .filter(|(service, _)| service != "sts")
        .collect();
    assert!(asked.len() >= 25, "{asked:?}");
    for (service, operation) in asked {
        let rule = json!([{ "service": service, "operation": operation, "do": "error",
            "code": "AccessDeniedException", "status": 403, "message": "User: arn:aws:iam::123456789012:user/anna is not authorized" }]);
        world.control("rules", Some(rule));
        let findings = found(&world);
        let told = codes(&findings);
        let wanted = match (service.as_str(), operation.as_str()) {
            // A dry run that is denied is itself the finding.
            ("ec2", "RunInstances" | "CreateLaunchTemplate") => told.contains("denied"),
            ("s3", "HeadBucket") => told.contains("name-taken") || told.contains("not-checked"),
            _ => told.contains("not-checked"),
        };
        assert!(wanted, "{service}:{operation}: {findings:#?}");
    }
    // The whole text, once.
    world.control(
        "rules",
        Some(json!([{ "service": "ssm", "operation": "ListAssociations", "do": "error", "code": "AccessDeniedException", "status": 400, "message": "no" }])),
    );
    let run = world.run(&["preflight"]);
    assert_eq!(
        run.parts(),
        (
            Some(1),
            "",
            "warning[preflight.not-checked]: not checked: inventory associations\n  --> fleet.toml:11:10\n   |\n11 | region = \"us-east-1\"\n   |          ^^^^^^^^^^^ ssm:ListAssociations: AccessDeniedException: no\n   |\n   = help: allow ssm:ListAssociations to whoever runs this; `valet-gen preflight --policy` prints all that is asked\n\n1 warning\n"
        )
    );
}

/// An account that answers nothing for a while: it is over in time, and says what is not known.
#[test]
fn an_account_that_is_slow_is_told_in_time() {
    let Some(world) = ready() else { return };
    world.control("rules", Some(json!([{ "service": "ec2", "do": "error", "code": "RequestLimitExceeded", "status": 503 }])));
    let began = std::time::Instant::now();
    let findings = found(&world);
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    assert_eq!(codes(&findings), BTreeSet::from(["not-checked"]));
    // Pauses between two attempts, and the second is answered.
    world.control("rules", Some(json!([{ "service": "ec2", "do": "error", "code": "RequestLimitExceeded", "status": 503, "times": 3 }])));
    assert_eq!(codes(&found(&world)), BTreeSet::new());
}

#[test]
fn a_trace_answers_for_the_account_without_telling_whose_it_is() {
    let Some(world) = ready() else { return };
    edit(
        &world,
        "[terraform]",
        "[terraform]\nallowed_account_ids = [\"222222222222\"]",
    );
    world.control(
        "account",
        Some(json!({ "denied": { "CreateVpc": "User: arn:aws:sts::123456789012:assumed-role/Admin/anna@example.org is not authorized" } })),
    );
    let live = world.run(&["preflight", "--format", "json", "--record", "trace.json"]);
    assert_eq!(live.code, Some(1));
    let trace = fs::read_to_string(world.folder.path().join("trace.json")).expect("a trace");
    for private in ["123456789012", "222222222222", "anna", "testing"] {
        assert!(!trace.contains(private), "{private}");
    }
    let replayed = world.run(&["preflight", "--format", "json", "--replay", "trace.json"]);
    assert_eq!(replayed.code, Some(1));
    let codes_of = |run: &str| {
        let document: Value = serde_json::from_str(run).expect("JSON");
        let list = document["diagnostics"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        list.iter()
            .map(|it| (it["code"].clone(), it["start"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(codes_of(&live.stdout), codes_of(&replayed.stdout));
    // An account is not asked.
    let calls = world.control("calls", None).as_array().map_or(0, Vec::len);
    world.run(&["preflight", "--replay", "trace.json"]);
    assert_eq!(
        world.control("calls", None).as_array().map_or(0, Vec::len),
        calls
    );
    // Written for the tests that have no SDK, where somebody asks for it.
    if let Some(path) = std::env::var_os("VALET_KEEP_TRACE") {
        fs::write(path, trace).expect("written");
    }
}

/// Before anything is made, `bake` asks what would make it fail.
#[test]
fn a_bake_asks_first() {
    let Some(world) = ready() else { return };
    let before = world.changes().len();
    world.control(
        "account",
        Some(json!({ "quotas": { "L-1216C47A": 1, "L-34B43A08": 256 } })),
    );
    let run = world.bake(&[]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stderr.lines().next(),
        Some(
            "error[preflight.vcpu-quota]: the account may run 1 vCPUs of Standard (A, C, D, H, I, M, R, T, Z) on demand in us-east-1, uses 0, and a build host needs 2"
        )
    );
    assert!(
        run.stderr.ends_with("error: bake: the account is not ready; nothing was made\n  help: mend what is named above, or give a reason to go on with --skip-preflight\n"),
        "{}",
        run.stderr
    );
    assert_eq!(world.changes().len(), before);
    let run = world.bake(&["--skip-preflight", "the quota is being raised"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("preflight     skipped: the quota is being raised\n")
    );
}

/// Terraform makes roles that trust GitHub's provider where its variable names a repository.
#[test]
fn the_provider_that_roles_trust_is_looked_for() {
    let Some(world) = ready() else { return };
    let codes_with = |repository: &str| {
        let mut command = world.command(&["preflight", "--format", "json"]);
        let output = command.env("TF_VAR_github_repository", repository).output();
        let text = String::from_utf8(output.expect("valet-gen runs").stdout).expect("UTF-8");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let list = document["diagnostics"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        list.iter()
            .map(|it| it["code"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes_with(""), Vec::<String>::new());
    assert_eq!(codes_with("example/fleet"), ["preflight.oidc-provider"]);
    world.python("client('iam').create_open_id_connect_provider(Url='https://token.actions.githubusercontent.com', ClientIDList=['sts.amazonaws.com'])");
    assert_eq!(codes_with("example/fleet"), Vec::<String>::new());
}
