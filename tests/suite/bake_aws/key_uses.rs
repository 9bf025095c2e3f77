//! The keys of an environment and of its images, and what the calls of a bake's life need of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use valet_gen::review::iam::{Statement, statements};

use super::authorized::Ask;
use super::shared::ACCOUNTS;
use super::world::World;

/// The account of the fake.
pub const OWN_ACCOUNT: &str = "123456789012";

/// Who uses a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// A role of an account whose own policy allows it as well: its account may delegate to it.
    WithPolicy(&'static str),
    /// A service-linked role: its policy says nothing of keys, so the key's has to name it.
    Linked(String),
    /// A service that acts for itself.
    Service(String),
}

/// One use of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    pub caller: Caller,
    pub ask: Ask,
}

/// What of a condition a list is: `kms:GrantOperations` has several values, which a comma separates here.
const GRANT_OPERATIONS: &str =
    "CreateGrant,Decrypt,DescribeKey,GenerateDataKeyWithoutPlaintext,ReEncryptFrom,ReEncryptTo";

/// What EC2 asks of the key of a volume or a snapshot, for whoever makes, copies or launches it.
const BY_EC2: [&str; 6] = [
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
];

/// A use, with what conditions can look at.
pub fn used(caller: &Caller, key: &str, operation: &str, context: &[(&str, String)]) -> Use {
    Use {
        caller: caller.clone(),
        ask: Ask {
            action: format!("kms:{operation}"),
            resource: key.to_owned(),
            context: context
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        },
    }
}

/// That a service of the key's region does it for somebody.
pub fn through(service: &str, key: &str) -> (&'static str, String) {
    let region = key.split(':').nth(3).expect("a region");
    (
        "kms:ViaService",
        format!("{service}.{region}.amazonaws.com"),
    )
}

/// What EC2 does with a key for somebody.
fn by_ec2(caller: &Caller, key: &str) -> Vec<Use> {
    let uses = BY_EC2.iter().map(|operation| {
        let mut context = vec![through("ec2", key)];
        if *operation == "CreateGrant" {
            context.push(("kms:GrantIsForAWSResource", "true".to_owned()));
        }
        used(caller, key, operation, &context)
    });
    uses.collect()
}

/// The keys of a life: that of the environment, and those of the image, each with its statements.
pub struct Keys {
    environment: String,
    /// The statements of each, by its ARN.
    pub policies: BTreeMap<String, Vec<Statement>>,
    /// The role of the environment's group.
    autoscaling: String,
}

impl Keys {
    /// Asks the account for them.
    pub fn read(world: &World) -> Self {
        world.python(
            "
import json
found = {}
for region in ['us-east-1', 'us-west-2']:
    kms = boto3.client('kms', region_name=region, endpoint_url=os.environ['ENDPOINT'], aws_access_key_id='a', aws_secret_access_key='b')
    for key in kms.list_keys()['Keys']:
        described = kms.describe_key(KeyId=key['KeyId'])['KeyMetadata']
        if described['Description'].startswith('valet-production: '):
            policy = kms.get_key_policy(KeyId=key['KeyId'], PolicyName='default')['Policy']
            found[described['Arn']] = [described['Description'], policy]
linked = client('iam').list_roles(PathPrefix='/aws-service-role/autoscaling.amazonaws.com/')['Roles']
json.dump({'keys': found, 'linked': [role['Arn'] for role in linked]}, open('keys.json', 'w'))
",
        );
        let text = std::fs::read_to_string(world.folder.path().join("keys.json"));
        let found: Value = serde_json::from_str(&text.expect("written")).expect("JSON");
        let mut environment = None;
        let mut policies = BTreeMap::new();
        for (arn, key) in found["keys"].as_object().expect("keys") {
            let text = |at: usize| key[at].as_str().expect("a text");
            if text(0).contains("volumes") {
                environment = Some(arn.clone());
            }
            policies.insert(arn.clone(), statements(text(1)).expect("a policy"));
        }
        assert_eq!(policies.len(), 3, "{found:#}");
        let linked = found["linked"].as_array().expect("roles");
        assert_eq!(linked.len(), 1, "{linked:?}");
        Self {
            environment: environment.expect("the environment's key"),
            policies,
            autoscaling: linked[0].as_str().expect("an ARN").to_owned(),
        }
    }

    /// Every use that the calls of a life imply. `images` are the keys that its images are encrypted with.
    pub fn uses(&self, asks: &BTreeSet<Ask>, images: &[String]) -> BTreeSet<Use> {
        let own = Caller::WithPolicy(OWN_ACCOUNT);
        let linked = Caller::Linked(self.autoscaling.clone());
        let mut uses = BTreeSet::new();
        for ask in asks {
            match ask.action.as_str() {
                "s3:PutObject" | "s3:GetObject" => {
                    for operation in ["Decrypt", "GenerateDataKey"] {
                        let context = [through("s3", &self.environment)];
                        uses.insert(used(&own, &self.environment, operation, &context));
                    }
                }
                // Its log is encrypted for the service, which names the group.
                "logs:GetLogEvents" => {
                    let (group, _) = ask.resource.split_once(":log-stream:").expect("a stream");
                    let service = Caller::Service("logs.us-east-1.amazonaws.com".to_owned());
                    for operation in ["Decrypt", "GenerateDataKey"] {
                        let context = [("kms:EncryptionContext:aws:logs:arn", group.to_owned())];
                        uses.insert(used(&service, &self.environment, operation, &context));
                    }
                }
                // Image Builder's own role makes the image and its copies.
                "imagebuilder:CreateImage" => {
                    uses.extend(images.iter().flat_map(|key| by_ec2(&own, key)));
                }
                // The group launches the image, and encrypts the volumes with the environment's key.
                "autoscaling:StartInstanceRefresh" => {
                    let home = images.iter().find(|key| key.contains(":us-east-1:"));
                    uses.extend(by_ec2(&linked, home.expect("a key")));
                    uses.extend(by_ec2(&linked, &self.environment));
                }
                "ec2:ModifySnapshotAttribute" => {
                    uses.extend(ACCOUNTS.into_iter().flat_map(|account| {
                        images.iter().flat_map(|key| by_account(account, key))
                    }));
                }
                action if action.starts_with("kms:") && ask.resource.contains(":key/") => {
                    uses.insert(Use {
                        caller: own.clone(),
                        ask: ask.clone(),
                    });
                }
                _ => {}
            }
        }
        uses
    }
}

/// What an account needs that the image is shared with.
fn by_account(account: &'static str, key: &str) -> Vec<Use> {
    let caller = Caller::WithPolicy(account);
    let grantee = format!(
        "arn:aws:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_theirs"
    );
    let mut uses = by_ec2(&caller, key);
    uses.push(used(
        &caller,
        key,
        "CreateGrant",
        &[
            ("kms:GranteePrincipal", grantee),
            ("kms:GrantOperations", GRANT_OPERATIONS.to_owned()),
        ],
    ));
    uses.extend(["ListGrants", "RevokeGrant"].map(|operation| used(&caller, key, operation, &[])));
    uses
}
