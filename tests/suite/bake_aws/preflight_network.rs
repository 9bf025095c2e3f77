//! What preflight finds of a network and of keys that others made, and around the image.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::preflight_world::{
    at_line, codes, edit, existing_network, found, network, only_after, ready,
};

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

#[test]
fn a_region_that_is_switched_off_is_found() {
    let Some(world) = ready() else { return };
    let findings = only_after(&world, &["region-disabled"], |world| {
        world.control("account", Some(json!({ "regions_off": ["us-east-1"] })));
    });
    assert_eq!(
        at_line(&world, &findings, "region-disabled"),
        ["region = \"us-east-1\""]
    );
    let message = "account 123456789012 has us-east-1 switched off";
    assert!(
        findings.iter().any(|it| it["message"] == message),
        "{findings:#?}"
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

    // Without the variable of the process: a file that Terraform reads, or roles that are there.
    world.python("iam = client('iam'); [iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=it['Arn']) for it in iam.list_open_id_connect_providers()['OpenIDConnectProviderList']]");
    assert_eq!(codes_with(""), Vec::<String>::new());
    let module = world.folder.path().join("generated/production/terraform");
    fs::create_dir_all(&module).expect("made");
    let variables = module.join("ci.auto.tfvars");
    fs::write(&variables, "github_repository = \"example/fleet\"\n").expect("written");
    assert_eq!(codes_with(""), ["preflight.oidc-provider"]);
    fs::write(&variables, "github_repository = null\n").expect("written");
    assert_eq!(codes_with(""), Vec::<String>::new());
    world.python("client('iam').create_role(RoleName='valet-production-ci-bake', AssumeRolePolicyDocument='{\"Version\": \"2012-10-17\", \"Statement\": []}')");
    assert!(codes_with("").contains(&"preflight.oidc-provider".to_owned()));
}
