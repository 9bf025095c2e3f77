//! What preflight finds in an account: quotas, zones, names, services, denials.

use std::collections::BTreeSet;

use serde_json::json;

use super::preflight_world::{at_line, codes, edit, found, only_after, quotas, ready};

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
