//! `[worker]`, as far as Terraform and the image need it. The rest is the agent's own: `agent.rs`.

use serde::Serialize;

use crate::catalog::names;
use crate::fleet;

/// What the infrastructure and the image have to know of the agent.
#[derive(Clone, Debug, Serialize)]
pub struct Worker {
    /// The CloudWatch namespace that the agents publish in.
    pub namespace: String,
    /// Seconds between two reports of an agent.
    pub metrics_interval_seconds: u32,
    /// The terminate lifecycle hook.
    pub hook: String,
    /// Seconds that the terminate lifecycle hook holds an instance.
    pub lifecycle_hook_seconds: u32,
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

/// What follows the drain on a host before it ends: the last metrics and the hook's completion.
const AFTER_DRAIN_SECONDS: u32 = 40;

/// EC2 Auto Scaling's bounds for a lifecycle hook's heartbeat timeout.
const HOOK_SECONDS: std::ops::RangeInclusive<u32> = 30..=7200;

/// The longest that a runtime without tasks may take to stop.
const RUNTIME_STOP_SECONDS: u32 = 10;

pub fn resolve(worker: &fleet::Worker, prefix: &str) -> Worker {
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
    // A quarter of the margin is for ending tasks, half of it for ending the runtime.
    let half_of_margin = drain.safety_margin_seconds.get() / 2;
    Worker {
        namespace: namespace.clone(),
        hook: names::DRAIN_HOOK.with(prefix),
        runtime_stop_seconds: half_of_margin.clamp(1, RUNTIME_STOP_SECONDS),
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
