//! An instance: the container with the agent in it, and everything around.

use std::time::Instant;

use serde_json::Value;
use valet_protocol::Seconds;
use valet_protocol::config::{Config, SecretStore, Tls};
use valet_protocol::instance::{self, InstanceSettings};
use valet_protocol::local_api::{State, Status};
use valet_protocol::units;
use valet_test_kit::aws::Aws;
use valet_test_kit::harness::LIMIT;
use valet_test_kit::harness::configuration::Values;
use valet_test_kit::hatchet::{Engine, Pace};
use valet_test_kit::imds::{Imds, Instance};
use valet_test_kit::moto::Moto;
use valet_test_kit::valet_api::ValetApi;

use super::apart::Parts;
use super::container::{Container, Root};
use crate::baked::ENVIRONMENT;
use test_support::pipeline::repository;

/// Where the runtime notes what it does.
pub const JOURNAL: &str = "var/lib/valet/journal.jsonl";

/// An instance and what is around it.
pub struct Host {
    pub config: Config,
    pub values: Values,
    pub imds: Imds,
    pub aws: Aws,
    pub valet_api: ValetApi,
    pub engine: Engine,
    pub container: Container,
    _moto: Moto,
}

impl Host {
    /// Boots the image. `adjust` may change the configuration and the root file system before.
    pub async fn boot(parts: &Parts, adjust: impl FnOnce(&mut Config, &Root)) -> Self {
        let mut config = rendered();
        let engine = Engine::start(Pace::default()).await.expect("an engine");
        let values = values(&config, &engine);
        let valet_api = ValetApi::start(values.get("WORKER_API_KEY"));
        let valet_api = valet_api.await.expect("the API");
        shorten(&mut config);
        config.hatchet.tls = Tls::None;
        config.heartbeat.url = Some(valet_api.url());
        let instance = Instance {
            tags: None,
            kind: "m6i.large".to_owned(),
            ..Instance::default()
        };
        let aws = Aws::start().await.expect("AWS");
        aws.set_fleet(&[(&instance.id, &config.group.name)]);
        let imds = Imds::start(instance).await.expect("a metadata service");
        let moto = Moto::start().expect("moto");
        keep(&moto, &config, &values).await;

        let root = Root::new(parts);
        adjust(&mut config, &root);
        write_settings(&root, &config);
        let environment = environment(&moto, &aws, &imds);
        root.write(SURROUNDINGS, 0o644, &environment);
        for unit in [units::WORKER, units::RUNTIME] {
            let drop_in = format!("etc/systemd/system/{unit}.d/60-surroundings.conf");
            let text = format!("[Service]\nEnvironmentFile=/{SURROUNDINGS}\n");
            root.write(&drop_in, 0o644, &text);
        }
        let container = root.boot().await;
        Self {
            config,
            values,
            imds,
            aws,
            valet_api,
            engine,
            container,
            _moto: moto,
        }
    }

    /// Boots the image and waits until the host takes tasks.
    pub async fn ready(parts: &Parts) -> Self {
        let host = Self::boot(parts, |_, _| {}).await;
        host.reaches(State::Ready).await;
        host
    }

    /// What the agent says of itself, by its own command; nothing while nobody answers.
    pub fn status(&self) -> Option<Status> {
        let asked = self
            .container
            .run(&["valet-worker", "status", "--format", "json"]);
        serde_json::from_str(&asked.stdout).ok()
    }

    /// Waits until the host is in this state, and says how long that took in seconds.
    pub async fn reaches(&self, state: State) -> f64 {
        let began = Instant::now();
        loop {
            let status = self.status();
            if status.as_ref().is_some_and(|status| status.state == state) {
                return began.elapsed().as_secs_f64();
            }
            assert!(
                began.elapsed() < LIMIT,
                "not {} after {LIMIT:?} but {status:#?}\n{}",
                state.as_str(),
                self.container.ran(&["journalctl", "--no-pager", "--boot"])
            );
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// What `/proc` says of the main process of a unit.
    pub fn process(&self, unit: &str, field: &str) -> String {
        let pid = self.container.property(unit, "MainPID");
        let status = self.container.ran(&["cat", &format!("/proc/{pid}/status")]);
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.expect("the kernel says so").trim().to_owned()
    }

    /// Seconds from the first unit to the agent's word that it is ready.
    pub fn seconds_to_ready(&self) -> f64 {
        let manager = ["systemctl", "show", "--value", "--property"];
        let began = [&manager[..], &["UserspaceTimestampMonotonic"]].concat();
        let seconds =
            |microseconds: &str| microseconds.trim().parse::<f64>().expect("a figure") / 1e6;
        let active = "ActiveEnterTimestampMonotonic";
        let active = self.container.property(units::WORKER, active);
        seconds(&active) - seconds(&self.container.ran(&began))
    }

    /// The lines of the agent's log.
    pub fn log(&self) -> Vec<Value> {
        let journal = self.container.journal(units::WORKER);
        let lines = journal.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

/// Where everything is that has another address on an instance.
pub const SURROUNDINGS: &str = "etc/surroundings";

/// Writes the image's part of a configuration, and as cloud-init does what is in the user data: the host puts both
/// together.
fn write_settings(root: &Root, config: &Config) {
    let path = repository()
        .join("generated")
        .join(ENVIRONMENT)
        .join("terraform/instance.json");
    let text = std::fs::read_to_string(path).expect("readable");
    let (image, agent) = instance::split(config.clone());
    let settings = InstanceSettings {
        agent,
        ..InstanceSettings::parse(&text).expect("settings")
    };
    let image = toml::to_string(&image).expect("TOML");
    root.write(instance::IMAGE_PATH.trim_start_matches('/'), 0o644, &image);
    let settings = serde_json::to_string(&settings).expect("JSON");
    let path = instance::SETTINGS_PATH.trim_start_matches('/');
    root.write(path, 0o644, &settings);
}

/// The configuration that the image has.
pub fn rendered() -> Config {
    let folder = repository().join("generated").join(ENVIRONMENT);
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).expect("readable");
    let image = read("image/files/etc/valet/image.toml");
    let config = Config::of_parts(&image, &read("terraform/instance.json"));
    config.expect("the agent understands it")
}

/// Pauses that a test need not wait for.
fn shorten(config: &mut Config) {
    let seconds = |seconds: f64| Seconds::try_from(seconds).expect("a length of time");
    config.services.interval_seconds = seconds(1.0);
    config.services.timeout_seconds = seconds(1.0);
    config.notices.interval_seconds = seconds(1.0);
    config.heartbeat.interval_seconds = seconds(1.0);
    config.metrics.interval_seconds = seconds(1.0);
}

/// A value for each secret of the configuration, which shows nowhere else.
fn values(config: &Config, engine: &Engine) -> Values {
    let life = std::time::Duration::from_hours(24 * 90);
    let mut values = Values::new(&engine.token(life));
    for name in config.secrets.keys() {
        if values.get(name).is_empty() {
            values.add(name, &format!("{}-s3cr3t-value", name.to_lowercase()));
        }
    }
    values
}

async fn keep(moto: &Moto, config: &Config, values: &Values) {
    for (name, secret) in &config.secrets {
        let value = values.get(name);
        let kept = match secret.store {
            SecretStore::Ssm => moto.put_parameter(&secret.key, value).await,
            SecretStore::SecretsManager => moto.create_secret(&secret.key, value).await,
        };
        kept.unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

/// Where everything is that has another address on an instance.
fn environment(moto: &Moto, aws: &Aws, imds: &Imds) -> String {
    let variables = [
        ("AWS_ENDPOINT_URL", moto.url()),
        ("AWS_ENDPOINT_URL_CLOUDWATCH", &aws.url()),
        ("AWS_ENDPOINT_URL_AUTO_SCALING", &aws.url()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &imds.url()),
        ("HATCHET_CLIENT_TLS_STRATEGY", "none"),
        ("RUNTIME_JOURNAL", &format!("/{JOURNAL}")),
    ];
    let lines = variables.map(|(name, value)| format!("{name}={value}\n"));
    lines.concat()
}
