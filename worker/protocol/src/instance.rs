//! What a host gets at its start, because its image does not have it.
//!
//! An image belongs to no environment: one AMI goes from staging to production. Everything that differs between two
//! environments with the same image comes in the instance's user data, which cloud-init writes to [`SETTINGS_PATH`].
//! `valet-worker configure`, run as root before any service, makes the files of it that programs read. What belongs to
//! the image lies in [`IMAGE_PATH`]; both together are the agent's [`Config`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Seconds;
use crate::config::{
    Api, Config, ConfigError, DrainSettings, Group, Hatchet, Heal, Heartbeat, Metrics, Notices,
    Paths, Proxy, Rotation, Runtime, Secret, Services, Start,
};

/// Where cloud-init writes the settings of user data.
pub const SETTINGS_PATH: &str = "/etc/valet/instance.json";

/// Where the image has its part of the agent's configuration.
pub const IMAGE_PATH: &str = "/etc/valet/image.toml";

/// Where the image has the CloudWatch agent's configuration with placeholders.
pub const CLOUDWATCH_TEMPLATE_PATH: &str = "/etc/valet/amazon-cloudwatch-agent.json";

/// Where the CloudWatch agent reads its configuration.
pub const CLOUDWATCH_PATH: &str =
    "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json";

/// The format of the settings. Another number is refused: the image is older or newer than what launches it.
pub const FORMAT: u32 = 1;

/// The largest settings in bytes: EC2 takes 16 KB of user data.
pub const MAX_BYTES: u64 = 16 * 1024;

/// The settings of an instance. Nothing secret: whoever may describe the instance can read them.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSettings {
    /// 1.
    #[schemars(range(min = 1, max = 1))]
    pub format: u32,
    pub agent: AgentSettings,
    pub units: UnitSettings,
    pub network: NetworkSettings,
    pub cloudwatch: CloudWatchSettings,
}

/// The environment's part of the agent's configuration; each key as in worker.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentSettings {
    pub fleet: String,
    pub environment: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_levels: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    pub group: Group,
    pub start: Start,
    pub runtime: RuntimeSettings,
    pub heal: Heal,
    pub drain: DrainSettings,
    pub notices: Notices,
    pub heartbeat: Heartbeat,
    pub metrics: Metrics,
    pub hatchet: Hatchet,
    pub rotation: Rotation,
    pub secrets: BTreeMap<String, Secret>,
}

/// The environment's part of `[runtime]`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuntimeSettings {
    /// Tasks at a time, by instance type.
    pub slots: BTreeMap<String, u32>,
    /// Tasks at a time on a type that is not listed.
    pub slots_otherwise: u32,
    pub backoff_seconds: Seconds,
    pub longest_backoff_seconds: Seconds,
    pub stop_seconds: Seconds,
}

/// What systemd has to know of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitSettings {
    /// Seconds that systemd waits for the agent to stop.
    #[schemars(range(min = 1, max = 86400))]
    pub worker_stop_seconds: u32,
    /// Seconds that systemd waits for the runtime to stop.
    #[schemars(range(min = 1, max = 86400))]
    pub runtime_stop_seconds: u32,
}

/// What the firewall of the host has to know of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// Ranges of IPv4 addresses, such as `10.40.0.0/16`, in which the resolver of the VPC is.
    pub resolvers: Vec<String>,
}

/// What the CloudWatch agent has to know of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudWatchSettings {
    pub namespace: String,
    /// Seconds between two measurements.
    #[schemars(range(min = 1, max = 86400))]
    pub interval_seconds: u32,
    /// The log group of what the system writes.
    pub system_log_group: String,
    /// The log group of what the fleet's own programs write.
    pub worker_log_group: String,
}

/// The image's part of the agent's configuration.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    pub paths: Paths,
    pub api: Api,
    pub runtime: RuntimeProgram,
    pub services: Services,
}

/// The image's part of `[runtime]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuntimeProgram {
    pub unit: String,
    pub command: Vec<String>,
    pub user: String,
}

/// Divides a configuration into the image's part and the environment's.
#[must_use]
pub fn split(config: Config) -> (ImageSettings, AgentSettings) {
    let Config {
        fleet,
        environment,
        region,
        log_levels,
        proxy,
        group,
        paths,
        api,
        start,
        runtime:
            Runtime {
                unit,
                command,
                user,
                slots,
                slots_otherwise,
                backoff_seconds,
                longest_backoff_seconds,
                stop_seconds,
            },
        services,
        heal,
        drain,
        notices,
        heartbeat,
        metrics,
        hatchet,
        rotation,
        secrets,
    } = config;
    let image = ImageSettings {
        paths,
        api,
        runtime: RuntimeProgram {
            unit,
            command,
            user,
        },
        services,
    };
    let agent = AgentSettings {
        fleet,
        environment,
        region,
        log_levels,
        proxy,
        group,
        start,
        runtime: RuntimeSettings {
            slots,
            slots_otherwise,
            backoff_seconds,
            longest_backoff_seconds,
            stop_seconds,
        },
        heal,
        drain,
        notices,
        heartbeat,
        metrics,
        hatchet,
        rotation,
        secrets,
    };
    (image, agent)
}

/// Puts both parts together.
#[must_use]
pub fn join(image: ImageSettings, agent: AgentSettings) -> Config {
    let RuntimeProgram {
        unit,
        command,
        user,
    } = image.runtime;
    let RuntimeSettings {
        slots,
        slots_otherwise,
        backoff_seconds,
        longest_backoff_seconds,
        stop_seconds,
    } = agent.runtime;
    Config {
        fleet: agent.fleet,
        environment: agent.environment,
        region: agent.region,
        log_levels: agent.log_levels,
        proxy: agent.proxy,
        group: agent.group,
        paths: image.paths,
        api: image.api,
        start: agent.start,
        runtime: Runtime {
            unit,
            command,
            user,
            slots,
            slots_otherwise,
            backoff_seconds,
            longest_backoff_seconds,
            stop_seconds,
        },
        services: image.services,
        heal: agent.heal,
        drain: agent.drain,
        notices: agent.notices,
        heartbeat: agent.heartbeat,
        metrics: agent.metrics,
        hatchet: agent.hatchet,
        rotation: agent.rotation,
        secrets: agent.secrets,
    }
}

/// The placeholders of the CloudWatch agent's configuration, each a whole value of it.
pub mod placeholder {
    pub const NAMESPACE: &str = "{valet:namespace}";
    pub const INTERVAL_SECONDS: &str = "{valet:interval_seconds}";
    pub const SYSTEM_LOG_GROUP: &str = "{valet:system_log_group}";
    pub const WORKER_LOG_GROUP: &str = "{valet:worker_log_group}";
}

impl CloudWatchSettings {
    /// Puts the settings in the place of the placeholders.
    pub fn fill(&self, configuration: &mut Value) {
        match configuration {
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(item)),
            Value::Object(entries) => entries.values_mut().for_each(|value| self.fill(value)),
            Value::String(text) => {
                *configuration = match text.as_str() {
                    placeholder::NAMESPACE => self.namespace.clone().into(),
                    placeholder::INTERVAL_SECONDS => self.interval_seconds.into(),
                    placeholder::SYSTEM_LOG_GROUP => self.system_log_group.clone().into(),
                    placeholder::WORKER_LOG_GROUP => self.worker_log_group.clone().into(),
                    _ => return,
                };
            }
            _ => {}
        }
    }
}

/// The schema of the settings, as instance.schema.json has it.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(InstanceSettings)
}

impl InstanceSettings {
    /// Reads the settings' text.
    ///
    /// # Errors
    /// The parser's message, with line and column, when it is no JSON, has another format, lacks a key, has one too
    /// many, or a value is of the wrong kind or out of range.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        // Of another format, a missing key would be a riddle.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(ConfigError::Format {
                found: format,
                understood: FORMAT,
            });
        }
        let settings: Self = serde_json::from_str(text)?;
        let UnitSettings {
            worker_stop_seconds,
            runtime_stop_seconds,
        } = settings.units;
        let seconds = [
            ("units.worker_stop_seconds", worker_stop_seconds),
            ("units.runtime_stop_seconds", runtime_stop_seconds),
            (
                "cloudwatch.interval_seconds",
                settings.cloudwatch.interval_seconds,
            ),
        ];
        for (key, value) in seconds {
            if !(1..=86_400).contains(&value) {
                return Err(ConfigError::OutOfRange {
                    key,
                    value,
                    least: 1,
                    most: 86_400,
                });
            }
        }
        for range in &settings.network.resolvers {
            if !is_range(range) {
                return Err(ConfigError::Resolver(range.clone()));
            }
        }
        Ok(settings)
    }
}

/// Whether a text is a range of IPv4 addresses, such as `10.40.0.0/16`.
fn is_range(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let is_length = length.len() <= 2 && length.parse::<u8>().is_ok_and(|length| length <= 32);
    is_length && address.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
#[path = "instance_tests.rs"]
mod tests;
