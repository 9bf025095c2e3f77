//! `/etc/valet/worker.toml`, which `valet-worker configure` writes at each start of a host, from the image's part and
//! the environment's ([`crate::instance`]). `valet-gen` renders both.
//!
//! Every key is said: the defaults are `valet-gen`'s, so that a file shows all that an agent lives
//! by. A key that is not known is an error.

mod error;
mod proxy;
mod ranges;
mod secret;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Seconds;
use crate::instance::{self, InstanceSettings};
pub use error::ConfigError;
pub use proxy::{Proxy, ProxyError};
pub use secret::{Secret, SecretReadTime, SecretStore, User};

/// Where the agent reads the file.
pub const PATH: &str = "/etc/valet/worker.toml";

/// The agent's configuration.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The fleet's name.
    pub fleet: String,
    /// The environment's name.
    pub environment: String,
    /// The AWS region of every client. The metadata service is asked only where this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What is logged, by target and level, such as `info,valet_worker=debug`; `info` when left out. It is
    /// read again at SIGHUP. The environment's `VALET_LOG` wins when the agent starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_levels: Option<String>,
    /// The way out of the host. Left out: straight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    pub group: Group,
    pub paths: Paths,
    pub api: Api,
    pub start: Start,
    pub runtime: Runtime,
    pub services: Services,
    pub heal: Heal,
    pub drain: DrainSettings,
    pub notices: Notices,
    pub heartbeat: Heartbeat,
    pub metrics: Metrics,
    pub hatchet: Hatchet,
    pub rotation: Rotation,
    /// What the host cannot do without, by name.
    pub secrets: BTreeMap<String, Secret>,
}

/// The Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name, which is also the fleet-level dimension of every metric.
    pub name: String,
    /// The name of its terminate lifecycle hook.
    pub hook: String,
    /// The terminate hook's heartbeat timeout in seconds. The agent extends the hook at a third of
    /// it while tasks run.
    #[schemars(range(min = 30, max = 7200))]
    pub hook_seconds: u32,
    /// Its launch lifecycle hook. Left out: the group has none, and an instance is in service as
    /// soon as it boots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_hook: Option<LaunchHook>,
    /// Scale-in protection of busy instances. Left out: the agent never protects its instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_in_protection: Option<ScaleInProtection>,
}

/// The launch lifecycle hook: the agent completes it with CONTINUE when the host is ready, and with
/// ABANDON when the start fails, so that the group replaces the instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchHook {
    pub name: String,
    /// The hook's heartbeat timeout in seconds. A host that waits, for example for a secret's value,
    /// extends the hook at a third of it. AWS ends the wait for good after 48 hours or 100 times
    /// this, whichever is sooner.
    #[schemars(range(min = 30, max = 7200))]
    pub seconds: u32,
}

/// Scale-in protection (`SetInstanceProtection`): on from the first lease, off again after some
/// idle time, and only while the instance is `InService`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleInProtection {
    /// Seconds without a lease after which the instance may be scaled in. Protection changes at most
    /// twice in this time, because all Auto Scaling calls of an account share one rate limit.
    pub idle_seconds: Seconds,
}

/// Where the agent reads and writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// In memory: secrets, the socket, and what a restarted agent has to know, all of which a boot
    /// ends. Systemd makes it and keeps it over restarts of the agent.
    pub runtime_directory: String,
    /// On disk. Its file system is the one that is watched for room.
    pub state_directory: String,
    /// The socket of the local API.
    pub socket: String,
}

/// The local API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// The group whose members may give orders, besides root and the agent's own user.
    pub operators_group: String,
    /// Connections at a time; what is above them is answered 503.
    #[schemars(range(min = 2, max = 4096))]
    pub connections: u32,
}

/// How long each step of a start may take.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    pub identity_seconds: Seconds,
    pub secrets_seconds: Seconds,
    pub services_seconds: Seconds,
    /// Until the runtime has said who it is.
    pub runtime_seconds: Seconds,
}

/// The browser-automation program.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// Its unit.
    pub unit: String,
    /// What the unit runs: a program and its arguments.
    pub command: Vec<String>,
    /// The user it runs as, who alone may hold leases.
    pub user: String,
    /// Tasks at a time, by instance type.
    pub slots: BTreeMap<String, u32>,
    /// Tasks at a time on a type that is not listed.
    pub slots_otherwise: u32,
    /// Seconds before the first restart; each further one doubles them.
    pub backoff_seconds: Seconds,
    /// The longest pause between two restarts.
    pub longest_backoff_seconds: Seconds,
    /// Seconds after which a stopping runtime is killed, and no longer than what is
    /// left of a drain.
    pub stop_seconds: Seconds,
}

/// What the host runs for the runtime.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// Seconds between two looks.
    pub interval_seconds: Seconds,
    /// Seconds that a look may take.
    pub timeout_seconds: Seconds,
    /// Looks in a row that must fail before a service counts as down.
    #[schemars(range(min = 1, max = 100))]
    pub failures: u32,
    /// Looks in a row that must succeed before it counts as up again.
    #[schemars(range(min = 1, max = 100))]
    pub successes: u32,
    pub adspower: AdsPower,
    pub xvfb: Xvfb,
    pub novnc: NoVnc,
}

/// AdsPower, whose API listens on loopback.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdsPower {
    pub unit: String,
    pub user: String,
    pub port: u16,
}

/// The X server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Xvfb {
    pub unit: String,
    /// Its Unix socket.
    pub socket: String,
}

/// The screen in a browser, which listens on loopback.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoVnc {
    pub unit: String,
    /// The unit that shows it the screen.
    pub vnc_unit: String,
    pub port: u16,
}

/// What the agent does about a sick host.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heal {
    /// Restarts of a service or of the runtime within `window_seconds` before the host drains and
    /// has itself replaced.
    #[schemars(range(min = 1, max = 100))]
    pub restart_limit: u32,
    pub window_seconds: Seconds,
    /// Seconds before the second restart of a service; each further one doubles them.
    pub backoff_seconds: Seconds,
    /// Memory in use at which the host drains and has itself replaced.
    #[schemars(range(min = 1, max = 100))]
    pub memory_percent: u32,
    /// The same of the file system that `paths.state_directory` is on.
    #[schemars(range(min = 1, max = 100))]
    pub disk_percent: u32,
}

/// How long running tasks may take once the host drains, by cause.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrainSettings {
    /// Seconds that running tasks have when the agent is stopped or the host is unhealthy.
    pub task_seconds: Seconds,
    /// Seconds that running tasks have when the Auto Scaling group ends the instance: scale-in,
    /// instance refresh, maximum lifetime. The terminate hook is extended meanwhile, for 48 hours or
    /// 100 times `group.hook_seconds` at most. Left out: `task_seconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_seconds: Option<Seconds>,
    /// Seconds that running tasks have after a spot interruption notice, and never longer than
    /// until `margin_seconds` before its time. Left out: until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spot_seconds: Option<Seconds>,
    /// Seconds before an announced end at which running tasks are aborted.
    pub margin_seconds: Seconds,
    /// Seconds after the pause in Hatchet during which it may still assign a task; the runtime stays
    /// connected meanwhile.
    pub late_assignments_seconds: Seconds,
    /// Seconds before a scheduled maintenance event at which the drain begins. Tasks have until
    /// `margin_seconds` before the event.
    pub maintenance_lead_seconds: Seconds,
}

impl DrainSettings {
    /// The budget when the Auto Scaling group ends the instance.
    #[must_use]
    pub fn group(&self) -> Seconds {
        self.group_seconds.unwrap_or(self.task_seconds)
    }
}

/// The notices of the metadata service.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notices {
    /// Seconds between two looks.
    pub interval_seconds: Seconds,
    /// Seconds that one question may take.
    pub timeout_seconds: Seconds,
    /// Seconds for which a rebalance recommendation keeps the host from new work, when nothing
    /// follows from it. 0: the group does not replace on a recommendation, so it is ignored.
    pub rebalance_seconds: Seconds,
}

/// Heartbeats.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The address that they are posted to; none are sent when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub interval_seconds: Seconds,
}

/// Metrics.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// The CloudWatch namespace, the only one that the instance's role may write to.
    pub namespace: String,
    pub interval_seconds: Seconds,
    /// Whether each instance has series of its own beside the group's. CloudWatch charges for every
    /// series, so a large fleet may do without.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub instance_series: bool,
    /// A port on 127.0.0.1 that serves `GET /metrics` for Prometheus. Left out: only the socket does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_yes(value: &bool) -> bool {
    *value
}

/// How the worker presents itself to Hatchet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hatchet {
    /// The tasks whose queue the fleet scales by.
    pub tasks: Vec<String>,
    /// Labels; `{region}`, `{instance_type}`, `{adspower}` and `{capacity}` are filled in.
    pub labels: BTreeMap<String, String>,
    pub tls: Tls,
}

/// How the connection to Hatchet is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    Tls,
    Mtls,
    None,
}

/// How changed secrets are noticed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Seconds between two looks at the versions of the secrets that are read at run time. Each
    /// pause is up to a fifth shorter or longer, so that a fleet does not ask all at once.
    pub interval_seconds: Seconds,
}

/// The schema of the file, as worker.schema.json has it.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Config)
}

impl Config {
    /// Reads the file's text.
    ///
    /// # Errors
    ///
    /// The parser's message, with line and column, when it is no TOML, lacks a key, has one too
    /// many, or a value is of the wrong kind or out of range.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)?;
        ranges::check(&config)?;
        Ok(config)
    }

    /// Puts the text of the image's part and of the instance's settings together.
    ///
    /// # Errors
    ///
    /// As [`Config::parse`], of each of the two.
    pub fn of_parts(image: &str, settings: &str) -> Result<Self, ConfigError> {
        let image = toml::from_str(image)?;
        let settings = InstanceSettings::parse(settings)?;
        let config = instance::join(image, settings.agent);
        ranges::check(&config)?;
        Ok(config)
    }

    /// Tasks at a time on an instance of this type.
    #[must_use]
    pub fn slots(&self, instance_type: &str) -> u32 {
        self.runtime
            .slots
            .get(instance_type)
            .copied()
            .unwrap_or(self.runtime.slots_otherwise)
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
