//! What the templates of a root module are rendered with: the plan's tables, and what only
//! Terraform needs beside them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::address::Addresses;
use crate::fleet::SecretReadTime;
use crate::resolve;
use crate::resolve::{
    Access, AccountScans, Alerts, Control, Dashboard, Environment, Iam, Identity, Image, Instances,
    LogGroups, Network, Plan, Scaling, Terraform, Worker,
};

/// The context of an environment's templates.
#[derive(Debug, Serialize)]
pub struct Context<'p> {
    identity: &'p Identity,
    terraform: &'p Terraform,
    iam: &'p Iam,
    existing_key: &'p Option<String>,
    network: &'p Network,
    addresses: Addresses<'p>,
    instances: &'p Instances,
    image: &'p Image,
    /// Regions with a key of the image, made or existing.
    image_key_regions: Vec<&'p str>,
    /// Regions whose key of the image is somebody else's.
    existing_image_key_regions: Vec<&'p str>,
    scaling: &'p Scaling,
    control: &'p Option<Control>,
    worker: &'p Worker,
    secrets: SecretArguments<'p>,
    log_groups: &'p LogGroups,
    access: &'p Access,
    alerts: &'p Alerts,
    dashboard: &'p Dashboard,
    account_scans: &'p AccountScans,
}

impl<'p> Context<'p> {
    /// Without `..`: a new table does not compile until somebody decides whether Terraform sees it.
    pub fn of(environment: &'p Environment) -> Self {
        let Environment {
            identity,
            terraform,
            iam,
            existing_key,
            network,
            instances,
            image,
            scaling,
            control,
            worker,
            // In the image and in instance.json.
            agent: _,
            secrets,
            log_groups,
            access,
            alerts,
            dashboard,
            account_scans,
            cost: _,
        } = environment;
        Self {
            identity,
            terraform,
            iam,
            existing_key,
            network,
            addresses: Addresses::of(environment),
            instances,
            image,
            image_key_regions: image.keys.iter().map(|key| key.region.as_str()).collect(),
            existing_image_key_regions: image
                .keys
                .iter()
                .filter(|key| key.existing.is_some())
                .map(|key| key.region.as_str())
                .collect(),
            scaling,
            control,
            worker,
            secrets: SecretArguments::of(secrets),
            log_groups,
            access,
            alerts,
            dashboard,
            account_scans,
        }
    }
}

/// The names of secrets as arguments of `for_each`, whose values are texts.
#[derive(Debug, Serialize)]
struct SecretArguments<'p> {
    any: bool,
    parameters: Vec<&'p str>,
    secrets: Vec<&'p str>,
    /// The description of each parameter, by name.
    parameters_read: BTreeMap<&'p str, &'static str>,
    secrets_read: BTreeMap<&'p str, SecretRead>,
    /// What stands in place of a value until somebody puts one there.
    placeholder: &'static str,
    /// The staging label that keeps the placeholder's version in Secrets Manager.
    placeholder_label: &'static str,
}

/// Secrets Manager deletes versions without a staging label, at a time of its own choice.
const PLACEHOLDER_LABEL: &str = "valet-gen-placeholder";

#[derive(Debug, Serialize)]
struct SecretRead {
    read: &'static str,
    /// Days between rotations, or `never`.
    rotate_after_days: String,
}

impl<'p> SecretArguments<'p> {
    fn of(secrets: &'p resolve::Secrets) -> Self {
        let parameters = &secrets.parameters;
        let managed = &secrets.secrets;
        Self {
            any: !secrets.is_empty(),
            parameters: parameters.keys().map(String::as_str).collect(),
            secrets: managed.keys().map(String::as_str).collect(),
            parameters_read: parameters
                .iter()
                .map(|(name, read)| (name.as_str(), description(*read)))
                .collect(),
            secrets_read: managed
                .iter()
                .map(|(name, secret)| {
                    let days = secret.rotate_after_days;
                    let read = SecretRead {
                        read: description(secret.read),
                        rotate_after_days: days
                            .map_or_else(|| "never".to_owned(), |days| days.to_string()),
                    };
                    (name.as_str(), read)
                })
                .collect(),
            placeholder: valet_protocol::secrets::PLACEHOLDER,
            placeholder_label: PLACEHOLDER_LABEL,
        }
    }
}

fn description(read: SecretReadTime) -> &'static str {
    match read {
        SecretReadTime::Boot => "read when a worker starts",
        SecretReadTime::Runtime => "read again whenever it changes",
    }
}

/// What each root module's templates are rendered with.
///
/// # Panics
/// Never: plain data can be serialized.
pub fn contexts(plan: &Plan) -> Vec<Value> {
    let environments = plan.environments.iter();
    environments
        .map(|environment| serde_json::to_value(Context::of(environment)))
        .chain([serde_json::to_value(&plan.account)])
        .map(|context| context.expect("plain data can be serialized"))
        .collect()
}
