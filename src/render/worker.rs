//! What the agent lives by, in two parts: the image's, which is TOML, and the environment's, which comes with the
//! instance's user data and is JSON. Both are written by the types that the agent reads them with.

use valet_protocol::instance::{
    self, CloudWatchSettings, FORMAT, ImageSettings, InstanceSettings, NetworkSettings,
    UnitSettings,
};

use super::engine::{Engine, RenderError};
use super::format::FileSet;
use super::provenance;
use crate::resolve::{Environment, Network, Plan};

/// The path of the image's part below the environment's folder. The image has it at [`instance::IMAGE_PATH`].
pub const IMAGE_PATH: &str = "image/files/etc/valet/image.toml";

/// Renders the image's part of every environment.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every format has this signature; this one cannot fail"
)]
pub fn render(_: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let name = &environment.identity.environment;
        let mut text = provenance::of_image("#", "the image's part of what the agent lives by");
        let values = toml::to_string(&image_settings(environment));
        text.push_str(&values.expect("plain data has a text"));
        files.insert(format!("{name}/{IMAGE_PATH}"), text);
    }
    Ok(())
}

/// The part that is in the image.
fn image_settings(environment: &Environment) -> ImageSettings {
    let (image, _) = instance::split(environment.agent.clone());
    image
}

/// The part that comes with the instance's user data.
pub fn instance_settings(environment: &Environment) -> InstanceSettings {
    let (_, agent) = instance::split(environment.agent.clone());
    let worker = &environment.worker;
    InstanceSettings {
        format: FORMAT,
        agent,
        units: UnitSettings {
            worker_stop_seconds: worker.stop_timeout_seconds,
            runtime_stop_seconds: worker.runtime_stop_seconds,
        },
        network: NetworkSettings {
            resolvers: resolvers(&environment.network),
        },
        cloudwatch: CloudWatchSettings {
            namespace: worker.namespace.clone(),
            interval_seconds: worker.metrics_interval_seconds,
            system_log_group: environment.log_groups.system.name.clone(),
            worker_log_group: environment.log_groups.worker.name.clone(),
        },
    }
}

/// Where the VPC's resolver is: at the second address of the VPC, or in an existing one at some private address.
fn resolvers(network: &Network) -> Vec<String> {
    match &network.created {
        Some(created) => vec![created.cidr_block.clone()],
        None => [
            "10.0.0.0/8",
            "100.64.0.0/10",
            "172.16.0.0/12",
            "192.168.0.0/16",
        ]
        .map(str::to_owned)
        .to_vec(),
    }
}
