//! A whole instance: every fake, the real agent as a process of its own, and the real runtime
//! with Hatchet's SDK as a unit of systemd.
//!
//! Times are compressed by configuration, not by a clock: the agent that runs is the one that ships.

pub mod agent;
pub mod checks;
pub mod configuration;
pub mod journal;
mod tls;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use tempfile::TempDir;
use valet_protocol::config::Config;
use valet_protocol::local_api::{State, Status};
use valet_protocol::units;

use crate::adspower::AdsPower;
use crate::aws::Aws;
use crate::hatchet::{Engine, Pace};
use crate::imds::{Imds, Instance};
use crate::novnc::NoVnc;
use crate::systemd::{Behind, Program, Systemd};
use crate::valet_api::ValetApi;
use crate::wait::until;
use crate::x_server::XServer;
use crate::{http, moto, node};
use agent::Agent;
use configuration::{SECRETS, Values};

/// The action of the runtime's one task.
pub const ACTION: &str = "apply:apply";

/// Slots of the runtime.
pub const SLOTS: u32 = 3;

/// Far above what anything takes that is waited for: a machine under load is slow.
pub const LIMIT: Duration = Duration::from_mins(1);

/// The harness around one agent. Everything ends with it.
pub struct Harness {
    pub imds: Imds,
    pub aws: Aws,
    pub valet_api: ValetApi,
    pub adspower: AdsPower,
    pub x_server: Arc<XServer>,
    pub novnc: NoVnc,
    pub engine: Arc<Engine>,
    pub systemd: Systemd,
    pub config: Config,
    /// The values of the secrets, which must not show anywhere.
    pub values: Values,
    /// Whether the case lets the agent's clock jump, so that its reports tell nothing by their times.
    pub clock_jumps: bool,
    /// The agent's processes, the one that runs last.
    pub agents: Vec<Agent>,
    binary: PathBuf,
    folder: TempDir,
}

impl Harness {
    /// Starts everything but the agent, whose program this is. `adjust` may change the
    /// configuration before it is written.
    ///
    /// # Errors
    ///
    /// When a part does not start, or what it needs is not on this machine; in words.
    pub async fn start(binary: &Path, adjust: impl FnOnce(&mut Config)) -> Result<Self, String> {
        Self::start_at_pace(binary, Pace::default(), adjust).await
    }

    /// The same, with another pace of the engine.
    ///
    /// # Errors
    ///
    /// As [`Harness::start`].
    pub async fn start_at_pace(
        binary: &Path,
        pace: Pace,
        adjust: impl FnOnce(&mut Config),
    ) -> Result<Self, String> {
        let engine = Engine::start(pace).await.map_err(in_words)?;
        Self::start_member(binary, Instance::default(), Arc::new(engine), adjust).await
    }

    /// The same for one instance of a fleet, whose hosts have one engine.
    ///
    /// # Errors
    ///
    /// As [`Harness::start`].
    pub async fn start_member(
        binary: &Path,
        instance: Instance,
        engine: Arc<Engine>,
        adjust: impl FnOnce(&mut Config),
    ) -> Result<Self, String> {
        let runtime = tokio::task::spawn_blocking(node::runtime);
        let runtime = runtime.await.map_err(in_words)??;
        let folder = TempDir::with_prefix("valet-harness-").map_err(in_words)?;
        for name in ["run", "state"] {
            std::fs::create_dir(folder.path().join(name)).map_err(in_words)?;
        }
        let aws = Aws::start().await.map_err(in_words)?;
        aws.set_fleet(&[(&instance.id, configuration::GROUP)]);
        let values = Values::new(&engine.token(Duration::from_hours(24 * 90)));
        let x_socket = folder.path().join("X99");
        let mut harness = Self {
            imds: Imds::start(instance).await.map_err(in_words)?,
            aws,
            valet_api: ValetApi::start(values.get("WORKER_API_KEY"))
                .await
                .map_err(in_words)?,
            adspower: AdsPower::start().await.map_err(in_words)?,
            x_server: Arc::new(XServer::start(&x_socket).map_err(in_words)?),
            novnc: NoVnc::start().await.map_err(in_words)?,
            engine,
            systemd: Systemd::start(folder.path()).await.map_err(in_words)?,
            config: configuration::of(folder.path(), &values),
            values,
            clock_jumps: false,
            agents: Vec::new(),
            binary: binary.to_owned(),
            folder,
        };
        harness.config.services.adspower.port = harness.adspower.server().address().port();
        harness.config.services.novnc.port = harness.novnc.server().address().port();
        harness.config.heartbeat.url = Some(harness.valet_api.url());
        adjust(&mut harness.config);
        harness.write_configuration()?;
        harness.keep_secrets().await?;
        harness.add_units(&runtime).await.map_err(in_words)?;
        Ok(harness)
    }

    /// The folder of this harness.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the agent's configuration is.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder().join("worker.toml")
    }

    /// Writes the configuration as it is now.
    ///
    /// # Errors
    ///
    /// When it cannot be written; in words.
    pub fn write_configuration(&self) -> Result<(), String> {
        let text = toml::to_string(&self.config).map_err(in_words)?;
        std::fs::write(self.configuration(), text).map_err(in_words)
    }

    /// Puts every secret where the configuration says it is.
    async fn keep_secrets(&self) -> Result<(), String> {
        for (name, _) in SECRETS {
            if self.config.secrets.contains_key(*name) {
                self.put_secret(name, self.values.get(name)).await?;
            }
        }
        Ok(())
    }

    /// Puts a value into the store of this secret.
    ///
    /// # Errors
    ///
    /// When moto does not take it; in words.
    pub async fn put_secret(&self, name: &str, value: &str) -> Result<(), String> {
        let moto = moto::shared().await?;
        let secret = self.config.secrets.get(name);
        let secret = secret.ok_or_else(|| format!("the configuration has no secret {name}"))?;
        match secret.store {
            valet_protocol::config::SecretStore::Ssm => {
                moto.put_parameter(&secret.key, value).await
            }
            valet_protocol::config::SecretStore::SecretsManager => {
                match moto.create_secret(&secret.key, value).await {
                    Ok(()) => Ok(()),
                    Err(_) => moto.put_secret(&secret.key, value).await,
                }
            }
        }
    }

    async fn add_units(&self, runtime: &Path) -> io::Result<()> {
        let systemd = &self.systemd;
        let adspower = Behind::Server(Arc::clone(self.adspower.server()));
        let novnc = Behind::Server(Arc::clone(self.novnc.server()));
        let x_server = Behind::XServer(Arc::clone(&self.x_server));
        for (unit, behind) in [
            (units::ADSPOWER, adspower),
            (units::NOVNC, novnc),
            (units::XVFB, x_server),
            (units::VNC, Behind::Nothing),
            (units::BROWSERS, Behind::Nothing),
        ] {
            systemd.add(unit, behind).await?;
            systemd.start_unit(unit).await?;
        }
        let runtime = self.runtime_unit(runtime);
        systemd.add(units::RUNTIME, Behind::Program(runtime)).await
    }

    /// The unit as the image has it: the socket's place, and the secrets from the file that the
    /// agent writes.
    fn runtime_unit(&self, runtime: &Path) -> Program {
        let text = |path: &Path| path.display().to_string();
        let folder = self.folder();
        let environment = [
            ("VALET_SOCKET", self.config.paths.socket.clone()),
            ("HATCHET_CLIENT_TLS_STRATEGY", "none".to_owned()),
            ("RUNTIME_SLOTS", SLOTS.to_string()),
            ("RUNTIME_JOURNAL", text(&self.journal_file())),
            ("RUNTIME_CRASH", text(&folder.join("crash"))),
        ];
        Program {
            command: vec!["node".to_owned(), text(runtime)],
            environment: environment
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            environment_file: Some(folder.join("run/runtime.env")),
            log: folder.join("runtime.log"),
            stop_limit: self.config.runtime.stop_seconds.duration(),
        }
    }

    /// Lets the runtime end with an error whenever it starts, or start again.
    ///
    /// # Errors
    ///
    /// When the mark cannot be made.
    pub fn let_runtime_crash(&self, crashes: bool) -> io::Result<()> {
        let mark = self.folder().join("crash");
        if crashes {
            std::fs::write(mark, "")
        } else {
            std::fs::remove_file(mark)
        }
    }

    /// From the next start of the agent on, its program is this.
    pub fn set_program(&mut self, binary: PathBuf) {
        self.binary = binary;
    }

    /// Starts the agent.
    ///
    /// # Errors
    ///
    /// When its program cannot be started; in words.
    pub fn run_agent(&mut self) -> Result<(), String> {
        self.run_agent_with(&[])
    }

    /// Starts the agent with more in its environment.
    ///
    /// # Errors
    ///
    /// As [`Harness::run_agent`].
    pub fn run_agent_with(&mut self, more: &[(&str, &str)]) -> Result<(), String> {
        let mut environment = self.environment()?;
        environment.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let agent = Agent::start(
            &self.binary,
            &self.configuration(),
            self.folder(),
            &environment,
        );
        self.agents.push(agent.map_err(in_words)?);
        Ok(())
    }

    /// The environment that leads the agent's program to the fakes.
    ///
    /// # Errors
    ///
    /// When moto does not run.
    pub fn environment(&self) -> Result<Vec<(&'static str, String)>, String> {
        let moto = moto::started().ok_or("moto does not run")?.url();
        Ok(vec![
            ("AWS_ENDPOINT_URL", moto.to_owned()),
            ("AWS_ENDPOINT_URL_CLOUDWATCH", self.aws.url()),
            ("AWS_ENDPOINT_URL_AUTO_SCALING", self.aws.url()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.imds.url()),
            ("DBUS_SYSTEM_BUS_ADDRESS", self.systemd.address().to_owned()),
        ])
    }

    /// The agent that runs, or ran last.
    ///
    /// # Panics
    ///
    /// Before the first was started.
    pub fn agent(&mut self) -> &mut Agent {
        self.agents.last_mut().expect("an agent was started")
    }

    /// Asks the agent how it is; nothing while nobody answers.
    pub async fn status(&self) -> Option<Status> {
        let answer = self.ask(Method::GET, "/v1/status", "").await.ok()?;
        serde_json::from_str(&answer.body).ok()
    }

    /// Asks the agent's socket, over a connection of its own.
    ///
    /// # Errors
    ///
    /// When nobody answers; in words.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: &str,
    ) -> Result<http::HttpResponse, String> {
        let socket = Path::new(&self.config.paths.socket);
        http::send_to_socket(method, socket, path, body.to_owned()).await
    }

    /// Waits until the agent says that it is in this state, and says how long that took.
    ///
    /// # Panics
    ///
    /// When it does not come to that; with the agent's log.
    pub async fn reaches(&self, state: State) -> Duration {
        let began = std::time::Instant::now();
        loop {
            let status = self.status().await;
            if status.as_ref().is_some_and(|status| status.state == state) {
                return began.elapsed();
            }
            assert!(
                began.elapsed() < LIMIT,
                "not {} after {LIMIT:?} but {status:#?}\n{}",
                state.as_str(),
                self.agent_log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts the agent and waits until the host takes tasks.
    ///
    /// # Panics
    ///
    /// When it does not come to that.
    pub async fn get_ready(&mut self) {
        self.run_agent().expect("the agent starts");
        self.reaches(State::Ready).await;
        until(LIMIT, "Hatchet sees the worker", || {
            let workers = self.engine.workers();
            workers.iter().any(|worker| worker.status == "ACTIVE")
        })
        .await;
    }

    /// What the agent has logged, all of its processes.
    #[must_use]
    pub fn agent_log(&self) -> String {
        std::fs::read_to_string(self.folder().join("agent.log")).unwrap_or_default()
    }

    /// What the runtime has printed.
    #[must_use]
    pub fn runtime_log(&self) -> String {
        std::fs::read_to_string(self.folder().join("runtime.log")).unwrap_or_default()
    }
}

/// Takes a secret out of its store.
///
/// # Errors
///
/// When there is none; in words.
pub async fn remove_parameter(key: &str) -> Result<(), String> {
    moto::shared().await?.delete_parameter(key).await
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
