//! The configuration of `valet-worker`, of `[worker]`, `[secrets]` and `[instances]`. The agent has
//! no defaults of its own: each is here, with its reason.

use std::collections::BTreeMap;

use valet_protocol::config::{
    AdsPower, Api, Config, DrainSettings, Group, Hatchet, Heal, Heartbeat, LaunchHook, Metrics,
    NoVnc, Notices, Paths, Proxy, Rotation, Runtime, ScaleInProtection, Secret, SecretReadTime,
    SecretStore, Services, Start, Tls, User, Xvfb,
};
use valet_protocol::{Seconds, units};

use super::identity::Identity;
use super::instances::Instances;
use super::network::Network;
use super::worker::Worker;
use crate::{derive, fleet};

/// What else of the environment the agent has to know.
pub struct Context<'a> {
    pub identity: &'a Identity,
    pub instances: &'a Instances,
    pub worker: &'a Worker,
    pub network: &'a Network,
}

/// Seconds without a task after which an instance may be scaled in again. All Auto Scaling calls of an account share one
/// rate limit, and a host makes two in this time at most: 80 a minute in a fleet of 200.
const PROTECTION_IDLE_SECONDS: u32 = 300;

/// The display of the X server, as its unit has it.
const X_SOCKET: &str = "/tmp/.X11-unix/X99";

/// Connections to the local API: one for each task of the largest instances, and some for people.
const CONNECTIONS: u32 = 256;

/// How long a rebalance recommendation keeps a host from new work. The group starts a replacement
/// at once and ends this instance when it is in service, which takes minutes; where none can be
/// had, the host is worth more at work.
const REBALANCE_SECONDS: u32 = 900;

/// How long before a scheduled maintenance the drain begins, beside what it takes at most. EC2
/// announces the beginning of a window, and keeps to it within minutes.
const BEFORE_MAINTENANCE_SECONDS: u32 = 600;

/// Disk in use at which a host is replaced. The alarm disk-high has told people at 85 %.
const DISK_PERCENT: u32 = 95;

pub fn resolve(
    worker: &fleet::Worker,
    secrets: &BTreeMap<String, fleet::Secret>,
    ctx: &Context<'_>,
) -> Config {
    let fleet::Worker {
        heartbeat:
            fleet::Heartbeat {
                url,
                interval_seconds: heartbeat_interval,
                // The API's own business.
                offline_after_seconds: _,
            },
        metrics:
            fleet::Metrics {
                namespace,
                interval_seconds: metrics_interval,
                instance_series,
                port,
            },
        drain,
        self_heal:
            fleet::SelfHeal {
                memory_percent,
                restart_limit,
            },
        runtime,
        adspower,
        hatchet,
        novnc,
    } = worker;
    let identity = ctx.identity;
    Config {
        fleet: identity.fleet.clone(),
        environment: identity.environment.clone(),
        region: Some(identity.region.clone()),
        log_levels: None,
        proxy: ctx.network.proxy.as_ref().map(|proxy| Proxy {
            url: proxy.url.clone(),
            no_proxy: proxy.no_proxy.clone(),
        }),
        group: Group {
            name: identity.group.clone(),
            hook: ctx.worker.hook.clone(),
            hook_seconds: ctx.worker.lifecycle_hook_seconds,
            launch_hook: Some(LaunchHook {
                name: ctx.worker.launch_hook.clone(),
                seconds: ctx.worker.launch_hook_seconds,
            }),
            scale_in_protection: Some(ScaleInProtection {
                idle_seconds: Seconds::whole(PROTECTION_IDLE_SECONDS),
            }),
        },
        paths: Paths {
            runtime_directory: "/run/valet".to_owned(),
            state_directory: "/var/lib/valet-worker".to_owned(),
            socket: "/run/valet/agent.sock".to_owned(),
        },
        api: Api {
            operators_group: units::OPERATORS_GROUP.to_owned(),
            connections: CONNECTIONS,
        },
        start: start(),
        runtime: of_runtime(runtime, ctx),
        services: services(adspower, novnc),
        heal: Heal {
            restart_limit: restart_limit.get(),
            window_seconds: Seconds::whole(600),
            backoff_seconds: Seconds::whole(5),
            memory_percent: memory_percent.get(),
            disk_percent: DISK_PERCENT,
        },
        drain: of_drain(drain),
        notices: Notices {
            interval_seconds: Seconds::whole(5),
            timeout_seconds: Seconds::whole(1),
            rebalance_seconds: Seconds::whole(if ctx.instances.capacity_rebalance {
                REBALANCE_SECONDS
            } else {
                0
            }),
        },
        heartbeat: Heartbeat {
            url: url.clone(),
            interval_seconds: Seconds::whole(heartbeat_interval.get()),
        },
        metrics: Metrics {
            namespace: namespace.clone(),
            interval_seconds: Seconds::whole(metrics_interval.get()),
            instance_series: *instance_series,
            port: port.map(|port| of_port(port.get())),
        },
        hatchet: of_hatchet(hatchet),
        rotation: Rotation {
            interval_seconds: Seconds::whole(300),
        },
        secrets: secrets
            .iter()
            .map(|(name, secret)| (name.clone(), of_secret(name, secret, identity)))
            .collect(),
    }
}

/// A first boot makes its way to the endpoints while the rest of the machine starts; a browser's
/// first start reads it from a volume that is still cold.
fn start() -> Start {
    Start {
        identity_seconds: Seconds::whole(60),
        secrets_seconds: Seconds::whole(120),
        services_seconds: Seconds::whole(180),
        runtime_seconds: Seconds::whole(120),
    }
}

fn of_runtime(runtime: &fleet::Runtime, ctx: &Context<'_>) -> Runtime {
    let fleet::Runtime { command, user } = runtime;
    let types = &ctx.instances.types;
    Runtime {
        unit: units::RUNTIME.to_owned(),
        command: command.clone(),
        user: user.clone(),
        slots: types
            .iter()
            .map(|choice| (choice.instance_type.clone(), choice.slots))
            .collect(),
        slots_otherwise: ctx.instances.slots_per_unit,
        backoff_seconds: Seconds::whole(1),
        longest_backoff_seconds: Seconds::whole(60),
        stop_seconds: Seconds::whole(ctx.worker.runtime_stop_seconds),
    }
}

fn services(adspower: &fleet::AdsPower, novnc: &fleet::NoVnc) -> Services {
    let fleet::AdsPower { port, user } = adspower;
    Services {
        interval_seconds: Seconds::whole(5),
        timeout_seconds: Seconds::whole(3),
        failures: 3,
        successes: 2,
        adspower: AdsPower {
            unit: units::ADSPOWER.to_owned(),
            user: user.clone(),
            port: of_port(port.get()),
        },
        xvfb: Xvfb {
            unit: units::XVFB.to_owned(),
            socket: X_SOCKET.to_owned(),
        },
        novnc: NoVnc {
            unit: units::NOVNC.to_owned(),
            vnc_unit: units::VNC.to_owned(),
            port: of_port(novnc.port.get()),
        },
    }
}

fn of_port(port: u32) -> u16 {
    u16::try_from(port).expect("the type of a port in fleet.toml is bounded")
}

fn of_drain(drain: &fleet::DrainTimeouts) -> DrainSettings {
    DrainSettings {
        task_seconds: Seconds::whole(drain.task_seconds.get()),
        group_seconds: Some(Seconds::whole(derive::drain::group_seconds(drain))),
        spot_seconds: drain
            .spot_seconds
            .map(|seconds| Seconds::whole(seconds.get())),
        margin_seconds: Seconds::whole(drain.safety_margin_seconds.get()),
        // Hatchet's scheduler honours a pause within one to three seconds.
        late_assignments_seconds: Seconds::whole(3),
        maintenance_lead_seconds: Seconds::whole(
            derive::drain::maintenance_seconds(drain)
                + drain.safety_margin_seconds.get()
                + BEFORE_MAINTENANCE_SECONDS,
        ),
    }
}

fn of_hatchet(hatchet: &fleet::Hatchet) -> Hatchet {
    let fleet::Hatchet { tasks, labels, tls } = hatchet;
    Hatchet {
        tasks: tasks.clone(),
        labels: labels.clone(),
        tls: match tls {
            fleet::Tls::Tls => Tls::Tls,
            fleet::Tls::Mtls => Tls::Mtls,
            fleet::Tls::None => Tls::None,
        },
    }
}

fn of_secret(name: &str, secret: &fleet::Secret, identity: &Identity) -> Secret {
    let fleet::Secret {
        store,
        read,
        // People's business.
        rotate_after_days: _,
    } = secret;
    Secret {
        store: match store {
            fleet::SecretStore::Ssm => SecretStore::Ssm,
            fleet::SecretStore::SecretsManager => SecretStore::SecretsManager,
        },
        key: derive::secrets::key(&identity.path, name),
        read: match read {
            fleet::SecretReadTime::Boot => SecretReadTime::Boot,
            fleet::SecretReadTime::Runtime => SecretReadTime::Runtime,
        },
        used_by: users(name),
    }
}

/// Who gets a secret: nobody who does not need it.
fn users(name: &str) -> Vec<User> {
    if name == derive::secrets::API_KEY {
        // Heartbeats are the agent's.
        vec![User::Agent]
    } else if name.starts_with("HATCHET_") {
        vec![User::Agent, User::Runtime]
    } else if name.starts_with("ADSPOWER_") {
        // The agent and the runtime are clients of its API.
        vec![User::Agent, User::Runtime, User::AdsPower]
    } else {
        vec![User::Runtime]
    }
}

#[cfg(test)]
mod tests {
    use valet_protocol::config::User;

    use super::users;

    #[test]
    fn a_secret_reaches_nobody_who_does_not_need_it() {
        assert_eq!(users("WORKER_API_KEY"), [User::Agent]);
        assert_eq!(users("DATABASE_URL"), [User::Runtime]);
        assert!(!users("HATCHET_CLIENT_TOKEN").contains(&User::AdsPower));
        assert!(users("ADSPOWER_API_TOKEN").contains(&User::AdsPower));
    }
}
