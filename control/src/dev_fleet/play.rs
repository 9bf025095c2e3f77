//! Plays the fleet: each instance of the group is a host, for as long as AWS has it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use valet_test_kit::harness::Harness;
use valet_test_kit::hatchet::{Engine, Pace};
use valet_test_kit::identity::Signer;
use valet_test_kit::imds::Instance;
use valet_test_kit::node;

use super::group::Group;
use super::host::{self, Parts};
use super::{DevFleetError, work};
use crate::cli::print_line;

/// How often AWS is asked which instances the group has.
const INTERVAL: Duration = Duration::from_secs(2);

/// Everything around the hosts, before there is a server that they speak to.
pub struct Stage {
    pub group: Group,
    signer: Signer,
    engine: Arc<Engine>,
    agent: PathBuf,
    folder: TempDir,
}

impl Stage {
    /// Builds the agent unless it is given, installs what the runtime and the mock of AWS need, and makes the group.
    ///
    /// # Errors
    ///
    /// What did not work.
    pub async fn set(hosts: u32, agent: Option<PathBuf>) -> Result<Self, DevFleetError> {
        // All at the same time: the first start on a machine builds and downloads.
        let (agent, (), group) = tokio::try_join!(
            async {
                match agent {
                    Some(agent) => Ok(agent),
                    None => {
                        let begins = "building the agent: minutes once";
                        step(begins, "the agent", blocking(build)).await
                    }
                }
            },
            step(
                "preparing the runtime: npm installs its packages once",
                "the runtime",
                blocking(runtime)
            ),
            step(
                "starting the mock of AWS: pip installs its packages once, which takes a minute",
                "the mock of AWS",
                Group::make(hosts)
            ),
        )?;
        let folder = TempDir::with_prefix("valet-dev-fleet-")
            .map_err(|error| DevFleetError::failed("there is no folder")(error.to_string()))?;
        let signer = Signer::new(folder.path())
            .map_err(DevFleetError::failed("nothing signs identity documents"))?;
        let pace = Pace {
            round: Duration::from_millis(200),
            spreads: true,
            ..Pace::default()
        };
        let engine = Engine::start(pace).await.map_err(|error| {
            DevFleetError::failed("Hatchet's fake does not start")(error.to_string())
        })?;
        Ok(Self {
            group,
            signer,
            engine: Arc::new(engine),
            agent,
            folder,
        })
    }

    /// The certificate of what signs the instances' documents, in PEM.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn certificate(&self) -> Result<String, DevFleetError> {
        std::fs::read_to_string(self.signer.certificate()).map_err(|error| {
            DevFleetError::failed("nothing signs identity documents")(error.to_string())
        })
    }

    /// Lets the hosts come up, and speak to this server.
    #[must_use]
    pub fn play(self, server: &str, key: String) -> DevFleet {
        let parts = Parts {
            agent: self.agent,
            engine: self.engine.clone(),
            signer: self.signer,
            heartbeats: format!("{server}/api/v1/sandboxes/heartbeat"),
            key,
        };
        let (stop, stopped) = watch::channel(false);
        DevFleet {
            stop,
            working: tokio::spawn(work::keep_working(self.engine)),
            playing: tokio::spawn(play(self.group, Arc::new(parts), stopped)),
            _folder: self.folder,
        }
    }
}

/// A fleet that is played until this ends.
pub struct DevFleet {
    stop: watch::Sender<bool>,
    working: JoinHandle<()>,
    playing: JoinHandle<()>,
    _folder: TempDir,
}

impl DevFleet {
    /// Ends every host, and what they left.
    pub async fn end(self) {
        self.working.abort();
        self.stop.send_replace(true);
        let _ = self.playing.await;
    }
}

/// Does something that may take long, and says so when it begins and when it is done.
async fn step<T>(
    begins: &str,
    what: &str,
    work: impl Future<Output = Result<T, DevFleetError>>,
) -> Result<T, DevFleetError> {
    print_line(begins);
    let began = Instant::now();
    let done = work.await?;
    print_line(&format!(
        "{what} is ready, after {} s",
        began.elapsed().as_secs()
    ));
    Ok(done)
}

/// Installs what the runtime needs.
fn runtime() -> Result<(), DevFleetError> {
    let runtime = node::runtime().map(drop);
    runtime.map_err(DevFleetError::failed("the runtime cannot be installed"))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DevFleetError> + Send + 'static,
) -> Result<T, DevFleetError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| DevFleetError::failed("internal error")(error.to_string()))?
}

/// Builds the agent as this program was built, and says where it is.
fn build() -> Result<PathBuf, DevFleetError> {
    let problem = DevFleetError::failed("the agent cannot be built");
    let program = std::env::current_exe();
    let folder = program
        .ok()
        .and_then(|program| program.parent().map(Path::to_owned))
        .unwrap_or_default();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args([
            "build",
            "--quiet",
            "--package",
            "valet-worker",
            "--bin",
            "valet-worker",
        ])
        .current_dir(repository());
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    match build.status() {
        Ok(status) if status.success() => Ok(folder.join("valet-worker")),
        Ok(status) => Err(problem(format!("cargo build: {status}"))),
        Err(error) => Err(problem(format!("cargo: {error}"))),
    }
}

/// The package, in the repository that this program was built in.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Starts a host for each new instance, and ends those whose instances are gone. At the end nothing is left.
async fn play(group: Group, parts: Arc<Parts>, mut stopped: watch::Receiver<bool>) {
    let mut hosts: BTreeMap<String, Option<Harness>> = BTreeMap::new();
    let mut starting: JoinSet<(String, Result<Harness, String>)> = JoinSet::new();
    let mut ending: JoinSet<()> = JoinSet::new();
    loop {
        while let Some(Ok((id, started))) = starting.try_join_next() {
            match started {
                Ok(harness) => {
                    if let Some(host) = hosts.get_mut(&id) {
                        *host = Some(harness);
                    }
                }
                Err(problem) => print_line(&format!("{id}: {problem}")),
            }
        }
        while ending.try_join_next().is_some() {}
        if let Some(instances) = group.instances().await {
            let gone: Vec<String> = hosts
                .keys()
                .filter(|id| !instances.iter().any(|instance| instance.id == **id))
                .cloned()
                .collect();
            for id in gone {
                print_line(&format!("{id}: AWS has terminated it"));
                if let Some(Some(harness)) = hosts.remove(&id) {
                    ending.spawn(host::end(harness));
                }
            }
            for instance in instances {
                if !hosts.contains_key(&instance.id) {
                    hosts.insert(instance.id.clone(), None);
                    starting.spawn(bring_up(parts.clone(), instance));
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stopped.wait_for(|stopped| *stopped) => break,
        }
    }
    starting.shutdown().await;
    ending.shutdown().await;
    for mut harness in hosts.into_values().flatten() {
        // Before its folder is removed, so that nothing writes there any more.
        let _ = harness.agent().kill().await;
        drop(harness);
    }
}

async fn bring_up(parts: Arc<Parts>, instance: Instance) -> (String, Result<Harness, String>) {
    let began = Instant::now();
    let (id, zone) = (instance.id.clone(), instance.zone.clone());
    let started = host::start(&parts, instance).await;
    if started.is_ok() {
        let seconds = began.elapsed().as_secs();
        print_line(&format!(
            "{id} in {zone} takes tasks, {seconds} s after it was started"
        ));
    }
    (id, started)
}
