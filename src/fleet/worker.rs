//! `[worker]`

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, Percent, UnprivilegedPort};

/// The agent and the programs that it supervises on every instance.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Worker {
    /// Heartbeats that the agent sends to the Valet API.
    pub heartbeat: Heartbeat,

    /// Metrics that the agent sends to CloudWatch.
    pub metrics: Metrics,

    /// How an instance gives up its work before it ends.
    pub drain: DrainTimeouts,

    /// What the agent does about a sick host.
    pub self_heal: SelfHeal,

    /// The browser-automation program, which is the Hatchet worker.
    pub runtime: Runtime,

    /// AdsPower, which opens the browser profiles.
    pub adspower: AdsPower,

    /// How the worker presents itself to Hatchet.
    pub hatchet: Hatchet,

    /// The view of the screen, reached by a Session Manager port forward.
    pub novnc: NoVnc,
}

/// Heartbeats.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Heartbeat {
    /// The `https://` address that they are posted to; none are sent when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,

    /// Seconds between two of them.
    pub interval_seconds: Bounded<5, 3600>,

    /// Seconds of silence after which the API counts a worker as offline.
    pub offline_after_seconds: Bounded<10, 86400>,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            url: None,
            interval_seconds: Bounded::new(30),
            offline_after_seconds: Bounded::new(90),
        }
    }
}

/// Metrics.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// The CloudWatch namespace; the worker's role may write to no other. At most 255 characters,
    /// and not one of AWS's own.
    pub namespace: String,

    /// Seconds between two reports; a divisor of 60, because alarms and scaling read every minute.
    pub interval_seconds: Bounded<10, 60>,

    /// Whether each instance has series of the agent's metrics of its own, beside the group's. CloudWatch
    /// charges for each: `valet-gen cost` shows the price. No alarm reads them.
    pub instance_series: bool,

    /// A port on 127.0.0.1 of each instance where Prometheus finds the agent's figures, besides the agent's
    /// socket. Every user of the instance may read them.
    pub port: Option<Bounded<1024, 65535>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            namespace: "Valet/Workers".to_owned(),
            interval_seconds: Bounded::new(60),
            instance_series: true,
            port: None,
        }
    }
}

/// How an instance gives up its work before it ends. Each cause has a budget of its own; a drain is over as soon as no task
/// runs.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DrainTimeouts {
    /// Seconds that a running task may still take when the agent is stopped or the host is sick.
    pub task_seconds: Bounded<1, 7200>,

    /// The same after a spot interruption notice, which EC2 gives 120 s ahead. Left out: until the
    /// safety margin before the interruption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_seconds: Option<Bounded<1, 120>>,

    /// The same when the Auto Scaling group ends the instance: scale-in, instance refresh, maximum
    /// lifetime. The agent extends the terminate lifecycle hook meanwhile. Left out: half an hour, or
    /// `task_seconds` where that is longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_seconds: Option<Bounded<1, 172_800>>,

    /// The same before a scheduled maintenance of EC2, which is announced days ahead. Left out: as
    /// `group_seconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance_seconds: Option<Bounded<1, 172_800>>,

    /// Seconds before an announced end at which what still runs is given back to Hatchet.
    pub safety_margin_seconds: Bounded<1, 600>,

    /// The heartbeat timeout of the group's terminate lifecycle hook in seconds: how long it waits for
    /// an agent that says nothing. Computed from the budgets when left out. EC2 Auto Scaling accepts 30
    /// to 7200, and 100 times this is the longest that the hook can be extended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_hook_seconds: Option<Bounded<30, 7200>>,

    /// Seconds that systemd waits for the agent to stop; computed from `task_seconds` and the margin
    /// when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout_seconds: Option<Bounded<10, 7200>>,
}

impl Default for DrainTimeouts {
    fn default() -> Self {
        Self {
            task_seconds: Bounded::new(60),
            spot_seconds: None,
            group_seconds: None,
            maintenance_seconds: None,
            safety_margin_seconds: Bounded::new(20),
            lifecycle_hook_seconds: None,
            stop_timeout_seconds: None,
        }
    }
}

/// What the agent does about a sick host.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SelfHeal {
    /// Memory use in percent at which the host drains and has itself replaced.
    pub memory_percent: Percent,

    /// Restarts of a service before the host drains and has itself replaced.
    pub restart_limit: Bounded<1, 100>,
}

impl Default for SelfHeal {
    fn default() -> Self {
        Self {
            memory_percent: Bounded::new(90),
            restart_limit: Bounded::new(3),
        }
    }
}

/// The browser-automation program.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Runtime {
    /// The program and its arguments, started without a shell.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,

    /// The user it runs as; never root.
    pub user: String,
}

impl Default for Runtime {
    fn default() -> Self {
        Self {
            command: ["node", "/opt/valet/runtime/main.js"]
                .map(str::to_owned)
                .to_vec(),
            user: "valet".to_owned(),
        }
    }
}

/// AdsPower. Its API listens on the loopback interface only.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdsPower {
    /// The port of its API. Its unit may not bind one below 1024.
    pub port: UnprivilegedPort,

    /// The user it runs as; neither root nor the runtime's.
    pub user: String,
}

impl Default for AdsPower {
    fn default() -> Self {
        Self {
            port: Bounded::new(50325),
            user: "adspower".to_owned(),
        }
    }
}

/// How the worker presents itself to Hatchet.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hatchet {
    /// The tasks whose queue the fleet scales by.
    pub tasks: Vec<String>,

    /// Labels of the worker. A value may hold `{region}`, `{instance_type}`, `{adspower}` and
    /// `{capacity}`, which the agent fills in.
    pub labels: BTreeMap<String, String>,

    /// How the connection to the engine is protected.
    pub tls: Tls,
}

/// How a connection is protected, as Hatchet names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    #[default]
    Tls,
    Mtls,
    None,
}

/// The view of the screen. It listens on the loopback interface only.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoVnc {
    /// Its port. Its unit may not bind one below 1024.
    pub port: UnprivilegedPort,
}

impl Default for NoVnc {
    fn default() -> Self {
        Self {
            port: Bounded::new(6080),
        }
    }
}
