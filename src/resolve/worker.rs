//! `[worker]`, as far as Terraform and the image need it. The rest is the agent's own: `agent.rs`.

use serde::Serialize;

use crate::catalog::resource_names;
use crate::{derive, fleet};

/// What the infrastructure and the image have to know of the agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worker {
    /// The CloudWatch namespace that the agents publish in.
    pub namespace: String,
    /// Seconds between two reports of an agent.
    pub metrics_interval_seconds: u32,
    /// Whether the agents publish a series of each metric for each instance.
    pub instance_series: bool,
    /// The terminate lifecycle hook.
    pub hook: String,
    /// The terminate lifecycle hook's heartbeat timeout, in seconds.
    pub lifecycle_hook_seconds: u32,
    /// The launch lifecycle hook.
    pub launch_hook: String,
    /// The launch lifecycle hook's heartbeat timeout, in seconds.
    pub launch_hook_seconds: u32,
    /// Seconds that systemd waits for the agent to stop.
    pub stop_timeout_seconds: u32,
    /// Seconds that systemd waits for the runtime to stop. The agent stops it without tasks, or when
    /// they have been given back: then within the safety margin.
    pub runtime_stop_seconds: u32,
    pub novnc_port: u32,
    /// The browser-automation program and its arguments.
    pub runtime_command: Vec<String>,
    /// The user that it runs as.
    pub runtime_user: String,
    /// The user that AdsPower runs as.
    pub adspower_user: String,
    /// The port of AdsPower's API.
    pub adspower_port: u32,
}

pub fn resolve(worker: &fleet::Worker, prefix: &str) -> Worker {
    let fleet::Worker {
        // These configure the agent alone.
        heartbeat: _,
        self_heal: _,
        hatchet: _,
        runtime: fleet::Runtime { command, user },
        adspower,
        metrics:
            fleet::Metrics {
                namespace,
                interval_seconds,
                instance_series,
                // The agent's alone.
                port: _,
            },
        drain,
        novnc: fleet::NoVnc { port },
    } = worker;
    Worker {
        namespace: namespace.clone(),
        hook: resource_names::DRAIN_HOOK.with(prefix),
        launch_hook: resource_names::LAUNCH_HOOK.with(prefix),
        launch_hook_seconds: derive::drain::LAUNCH_HOOK_SECONDS,
        runtime_stop_seconds: derive::drain::runtime_stop_seconds(drain),
        metrics_interval_seconds: interval_seconds.get(),
        instance_series: *instance_series,
        lifecycle_hook_seconds: derive::drain::lifecycle_hook_seconds(drain),
        stop_timeout_seconds: derive::drain::stop_timeout_seconds(drain),
        novnc_port: port.get(),
        runtime_command: command.clone(),
        runtime_user: user.clone(),
        adspower_user: adspower.user.clone(),
        adspower_port: adspower.port.get(),
    }
}
