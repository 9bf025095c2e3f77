//! `[worker]`, as far as Terraform and the image need it.

use serde::Serialize;

use crate::fleet;

/// What the infrastructure and the image have to know of the agent.
#[derive(Clone, Debug, Serialize)]
pub struct Worker {
    /// The CloudWatch namespace that the agents publish in.
    pub namespace: String,
    /// Seconds between two reports of an agent.
    pub metrics_interval_seconds: u32,
    /// Seconds that the terminate lifecycle hook holds an instance.
    pub lifecycle_hook_seconds: u32,
    /// Seconds that systemd waits for the agent to stop.
    pub stop_timeout_seconds: u32,
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

/// What follows the drain on a host before it ends: the last metrics and the hook's completion.
const AFTER_DRAIN_SECONDS: u32 = 40;

/// EC2 Auto Scaling's bounds for a lifecycle hook's heartbeat timeout.
const HOOK_SECONDS: std::ops::RangeInclusive<u32> = 30..=7200;

pub fn resolve(worker: &fleet::Worker) -> Worker {
    let fleet::Worker {
        // These configure the agent alone.
        heartbeat: _,
        self_heal: _,
        hatchet: _,
        runtime: fleet::Runtime { command, user },
        adspower,
        metrics: fleet::Metrics {
            namespace,
            interval_seconds,
        },
        drain,
        novnc: fleet::NoVnc { port },
    } = worker;
    let needed = drain.seconds() + AFTER_DRAIN_SECONDS;
    Worker {
        namespace: namespace.clone(),
        metrics_interval_seconds: interval_seconds.get(),
        lifecycle_hook_seconds: drain.lifecycle_hook_seconds.map_or(
            needed.clamp(*HOOK_SECONDS.start(), *HOOK_SECONDS.end()),
            fleet::Bounded::get,
        ),
        stop_timeout_seconds: drain
            .stop_timeout_seconds
            .map_or(needed, fleet::Bounded::get),
        novnc_port: port.get(),
        runtime_command: command.clone(),
        runtime_user: user.clone(),
        adspower_user: adspower.user.clone(),
        adspower_port: adspower.port.get(),
    }
}
