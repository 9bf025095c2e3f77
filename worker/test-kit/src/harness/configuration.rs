//! The configuration of a harness: the one that `valet-gen` renders, with times made short.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use valet_protocol::Seconds;
use valet_protocol::config::{
    AdsPower, Api, Config, DrainSettings, Group, Hatchet, Heal, Heartbeat, Metrics, NoVnc, Notices,
    Paths, Rotation, Runtime, Secret, SecretReadTime, SecretStore, Services, Start, Tls, User,
    Xvfb,
};
use valet_protocol::units;

/// The Auto Scaling group, which the instance's tags name too.
pub const GROUP: &str = "valet-workers-spot";

/// The secrets, by name, and where each is kept.
pub const SECRETS: &[(&str, SecretStore)] = &[
    ("HATCHET_CLIENT_TOKEN", SecretStore::Ssm),
    ("DATABASE_URL", SecretStore::Ssm),
    ("ADSPOWER_API_TOKEN", SecretStore::Ssm),
    ("WORKER_API_KEY", SecretStore::SecretsManager),
];

/// What the secrets hold in one harness, and nowhere else.
#[derive(Clone, Debug)]
pub struct Values {
    /// Tells the worlds of one process apart.
    pub harness: u32,
    by_name: BTreeMap<String, String>,
}

impl Values {
    /// New ones, around this token of Hatchet's. One has what a shell and systemd would trip over.
    #[must_use]
    pub fn new(token: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(1);
        let harness = MADE.fetch_add(1, Ordering::Relaxed);
        let by_name = [
            ("HATCHET_CLIENT_TOKEN", token.to_owned()),
            (
                "DATABASE_URL",
                format!("postgres://kit:pass'w\"o$rd-{harness}-s3cr3t@db/valet"),
            ),
            (
                "ADSPOWER_API_TOKEN",
                format!("adspower-s3cr3t-{harness}-key"),
            ),
            ("WORKER_API_KEY", format!("worker-s3cr3t-{harness}-key")),
        ];
        Self {
            harness,
            by_name: by_name.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }

    /// The value of this secret; empty for one that there is not.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.by_name.get(name).map_or("", String::as_str)
    }

    /// Notes another value, which must not show either.
    pub fn add(&mut self, name: &str, value: &str) {
        self.by_name.insert(name.to_owned(), value.to_owned());
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.by_name.values().map(String::as_str)
    }
}

/// The configuration of a harness in this folder. Ports and addresses are put in by the harness.
#[must_use]
pub fn of(folder: &Path, values: &Values) -> Config {
    let inside = |name: &str| folder.join(name).display().to_string();
    Config {
        fleet: "kit".to_owned(),
        environment: "test".to_owned(),
        region: Some("us-east-1".to_owned()),
        log_levels: None,
        proxy: None,
        group: Group {
            name: GROUP.to_owned(),
            hook: "valet-workers-spot-drain".to_owned(),
            hook_seconds: 30,
            launch_hook: None,
            scale_in_protection: None,
        },
        paths: Paths {
            runtime_directory: inside("run"),
            state_directory: inside("state"),
            socket: inside("run/agent.sock"),
        },
        api: Api {
            operators_group: "root".to_owned(),
            connections: 64,
        },
        start: Start {
            identity_seconds: seconds(20.0),
            secrets_seconds: seconds(20.0),
            services_seconds: seconds(20.0),
            runtime_seconds: seconds(40.0),
        },
        runtime: Runtime {
            unit: units::RUNTIME.to_owned(),
            command: vec!["node".to_owned()],
            user: "root".to_owned(),
            slots: BTreeMap::new(),
            slots_otherwise: super::SLOTS,
            backoff_seconds: seconds(0.2),
            longest_backoff_seconds: seconds(1.0),
            stop_seconds: seconds(5.0),
        },
        services: services(&inside("X99")),
        heal: Heal {
            restart_limit: 3,
            window_seconds: seconds(60.0),
            backoff_seconds: seconds(0.2),
            memory_percent: 100,
            disk_percent: 100,
        },
        drain: DrainSettings {
            task_seconds: seconds(20.0),
            group_seconds: None,
            spot_seconds: None,
            margin_seconds: seconds(4.0),
            late_assignments_seconds: seconds(1.5),
            maintenance_lead_seconds: seconds(60.0),
        },
        notices: Notices {
            interval_seconds: seconds(0.2),
            timeout_seconds: seconds(1.0),
            rebalance_seconds: seconds(30.0),
        },
        heartbeat: Heartbeat {
            url: None,
            interval_seconds: seconds(0.5),
        },
        metrics: Metrics {
            namespace: "Valet/Workers".to_owned(),
            interval_seconds: seconds(1.0),
            instance_series: true,
            port: None,
        },
        hatchet: Hatchet {
            tasks: vec!["apply".to_owned()],
            labels: labels(),
            tls: Tls::None,
        },
        rotation: Rotation {
            interval_seconds: seconds(0.5),
        },
        secrets: secrets(values.harness),
    }
}

fn services(x_socket: &str) -> Services {
    Services {
        interval_seconds: seconds(0.2),
        timeout_seconds: seconds(2.0),
        failures: 2,
        successes: 1,
        adspower: AdsPower {
            unit: units::ADSPOWER.to_owned(),
            user: "root".to_owned(),
            port: 0,
        },
        xvfb: Xvfb {
            unit: units::XVFB.to_owned(),
            socket: x_socket.to_owned(),
        },
        novnc: NoVnc {
            unit: units::NOVNC.to_owned(),
            vnc_unit: units::VNC.to_owned(),
            port: 0,
        },
    }
}

fn labels() -> BTreeMap<String, String> {
    let labels = [
        ("region", "{region}"),
        ("adspower", "{adspower}"),
        ("capacity", "{capacity}"),
    ];
    labels
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn secrets(harness: u32) -> BTreeMap<String, Secret> {
    let secret = |(name, store): &(&str, SecretStore)| {
        let (read, used_by) = match *name {
            "HATCHET_CLIENT_TOKEN" => (SecretReadTime::Runtime, vec![User::Agent, User::Runtime]),
            "ADSPOWER_API_TOKEN" => (SecretReadTime::Runtime, vec![User::Agent, User::AdsPower]),
            "WORKER_API_KEY" => (SecretReadTime::Runtime, vec![User::Agent]),
            _ => (SecretReadTime::Runtime, vec![User::Runtime]),
        };
        let key = format!("/kit/{}/{harness}/{name}", std::process::id());
        let secret = Secret {
            store: *store,
            key,
            read,
            used_by,
        };
        ((*name).to_owned(), secret)
    };
    SECRETS.iter().map(secret).collect()
}

/// A length of time.
///
/// # Panics
///
/// When it is none that the configuration takes.
#[must_use]
pub fn seconds(seconds: f64) -> Seconds {
    Seconds::try_from(seconds).expect("a length of time")
}
