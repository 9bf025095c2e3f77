//! What a bake asks of AWS, how long it takes and what it costs, before any of it is done.

use std::fmt::Write as _;

use serde::Serialize;
use valet_bake_aws::retention;

use crate::catalog::regional;
use crate::catalog::resource_names::IMAGE_BUILDER;
use crate::fleet::Builder;
use crate::resolve::Environment;

/// Minutes of a build with Image Builder: its build host, its test host, the snapshot. Assumed: none was timed on AWS.
const IMAGE_BUILDER_MINUTES: u32 = 45;

/// Minutes of a build with Packer: its build host, the snapshot, the first host. Assumed as well.
const PACKER_MINUTES: u32 = 30;

/// Minutes until the copies in other regions are there. Assumed as well.
const COPY_MINUTES: u32 = 15;

/// What a bake takes. The field names are part of the interface.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BakeEstimate {
    /// Each call that changes something, with what it is about. What is there already is not made again.
    pub requests: Vec<String>,
    /// An assumption: no bake was timed on AWS.
    pub minutes: u32,
    /// US dollars for the hosts of the build, on demand; `None` where the price of their type is not known in the region.
    pub usd: Option<f64>,
    /// US dollars a month for the snapshots, at the most: as if no block of the volume were empty.
    pub usd_a_month: f64,
}

impl BakeEstimate {
    pub fn new(environment: &Environment, bundle_key: &str) -> Self {
        let image = &environment.image;
        let copies = image.regions.len() as u32 - 1;
        let minutes = match image.builder {
            Builder::ImageBuilder => IMAGE_BUILDER_MINUTES,
            Builder::Packer => PACKER_MINUTES,
        } + if copies > 0 { COPY_MINUTES } else { 0 };
        let price = regional::on_demand(&image.build_instance_type, &environment.identity.region);
        let gigabytes = i64::from(environment.instances.root_volume.volume_size);
        Self {
            requests: requests(environment, bundle_key),
            minutes,
            usd: price.map(|price| price * f64::from(minutes) / 60.0),
            usd_a_month: retention::dollars(gigabytes) * f64::from(copies + 1),
        }
    }

    /// The lines of the plan, each with its name.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut name = "requests";
        for request in &self.requests {
            let _ = writeln!(text, "  {name:<16}{request}");
            name = "";
        }
        let hosts = match self.usd {
            Some(usd) => format!("{usd:.2} USD for its hosts"),
            None => "unknown for its hosts: their price is not in the catalogue".to_owned(),
        };
        let month = self.usd_a_month;
        let _ = writeln!(
            text,
            "  {:<16}about {} minutes, assumed",
            "time", self.minutes
        );
        let _ = writeln!(
            text,
            "  {:<16}{hosts}; at most {month:.2} USD a month for the snapshots",
            "cost"
        );
        text
    }
}

fn requests(environment: &Environment, bundle_key: &str) -> Vec<String> {
    let image = &environment.image;
    let prefix = &environment.identity.prefix;
    let mut requests = vec![format!("s3:PutObject {bundle_key}")];
    let mut ask = |call: &str, what: &str| requests.push(format!("{call} {what}"));
    let (home, instance_type) = (&environment.identity.region, &image.build_instance_type);
    match image.builder {
        Builder::ImageBuilder => {
            let name = IMAGE_BUILDER.with(prefix);
            for call in [
                "CreateComponent",
                "CreateImageRecipe",
                "CreateInfrastructureConfiguration",
                "CreateDistributionConfiguration",
                "CreateImage",
            ] {
                ask(&format!("imagebuilder:{call}"), &name);
            }
        }
        Builder::Packer => {
            ask("ec2:CreateKeyPair", "valet-<bake id>");
            ask(
                "ec2:RunInstances",
                &format!("{instance_type}, the build host"),
            );
            ask("ssm:StartSession", "the build host");
            ask("ec2:StopInstances", "the build host");
            ask("ec2:CreateImage", home);
            for region in image.regions.iter().filter(|region| *region != home) {
                ask("ec2:CopyImage", region);
            }
            ask("ec2:TerminateInstances", "the build host");
            ask("ec2:DeleteKeyPair", "valet-<bake id>");
            ask("s3:PutObject", "its reports");
            ask(
                "ec2:RunInstances",
                &format!("{instance_type}, the first host of the image"),
            );
            ask("ssm:SendCommand", "verify.sh on the first host");
            ask("ec2:TerminateInstances", "the first host");
        }
    }
    for region in &image.regions {
        ask("ec2:ModifyImageAttribute", &format!("IMDSv2, {region}"));
        ask("ec2:EnableImageDeprecation", region);
        ask("ec2:CreateTags", &format!("digests and status, {region}"));
    }
    if !image.share_with.is_empty() {
        let accounts = image.share_with.join(", ");
        for region in &image.regions {
            ask(
                "ec2:ModifySnapshotAttribute",
                &format!("for {accounts}, {region}"),
            );
            ask(
                "ec2:ModifyImageAttribute",
                &format!("for {accounts}, {region}"),
            );
        }
    }
    requests
}
