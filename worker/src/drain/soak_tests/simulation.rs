//! One instance and all around it, second by second.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use valet_protocol::config::User;
use valet_protocol::local_api::State;

use super::cut::{Looks, Report};
use super::engine::{Attempt, Engine, Worker};
use super::runtime::Running;
use crate::api::sessions::Sessions;
use crate::drain::command::DrainCommand;
use crate::host::{HostFor, Shared};
use crate::state::part::Start;
use crate::state::{DrainSource, DrainState, Health, HostState, RuntimeTarget, Service};
use crate::testing;

const SECOND: Duration = Duration::from_secs(1);

thread_local! {
    /// The time since the boot, in seconds.
    static BOOT_TIME: Cell<u64> = const { Cell::new(0) };
}

pub fn boot_time() -> Duration {
    Duration::from_secs(BOOT_TIME.get())
}

/// The agent's process on one instance.
pub struct Process {
    pub host: Shared,
    pub sessions: Arc<Sessions>,
    parts: Vec<JoinHandle<()>>,
}

impl Process {
    fn start(folder: &tempfile::TempDir) -> Self {
        let mut config = testing::config(folder.path());
        config.heartbeat.url = None;
        let (host, commands) = testing::host(config);
        let sessions = Arc::new(Sessions::with_clock(HostFor::of(&host), boot_time));
        host.edit(|current| {
            current.secrets_ready = true;
            current.prepared = true;
            true
        });
        let (waiting, revoking) = (sessions.clone(), sessions.clone());
        let parts = vec![
            tokio::spawn(crate::drain::run(HostFor::of(&host), commands)),
            tokio::spawn(async move { waiting.give_up_waiting().await }),
            tokio::spawn(async move { revoking.revoke_after_freezes().await }),
        ];
        Self {
            host,
            sessions,
            parts,
        }
    }

    pub fn kill(&mut self) {
        for part in self.parts.drain(..) {
            part.abort();
        }
    }
}

/// What stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Host,
    Runtime,
    Agent,
}

/// A freeze.
#[derive(Clone, Copy, Debug)]
pub struct Frozen {
    pub who: Who,
    pub since: u64,
    pub until: u64,
    pub monotonic_goes_on: bool,
}

/// What happened, for whoever reads the test's output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub kills: u32,
    pub freezes: u32,
    pub cuts: u32,
    replacements: u32,
}

/// The instance and all around it.
pub struct Simulation {
    pub random: fastrand::Rng,
    pub now: u64,
    pub engine: Engine,
    pub agent: Process,
    pub counts: Counts,
    pub frozen: Option<Frozen>,
    /// Faults that end by themselves.
    pub unwell_until: u64,
    pub undo: Vec<(u64, DrainCommand)>,
    pub folder: tempfile::TempDir,
    /// Whether the runtime's client notices freezes by itself: those before 0.1 of it did not, and the agent has to.
    pub client_notices: bool,
    pub worker: Worker,
    /// Whether the runtime's process lives, and the second when it is up.
    pub runtime_up: Option<u64>,
    pub connection: u64,
    /// When the runtime's client has a connection again.
    pub back: u64,
    pub running: BTreeMap<String, Running>,
    /// What the engine has sent to a runtime that stands still, which reads it when it goes on.
    pub unread: Vec<Attempt>,
    /// Until when the runtime's client gives back whatever it reads, after a freeze that it noticed.
    pub gives_back_until: u64,
    /// Until when there is no way between host and engine.
    pub cut_until: Option<u64>,
    /// What the runtime has to tell the engine after that.
    pub unsent: Vec<Report>,
    pub looks: Option<Looks>,
    /// Leases that an agent revoked before it was killed: the runtime has heard of it.
    pub revoked: Vec<String>,
}

impl Simulation {
    pub fn new(seed: u64) -> Self {
        BOOT_TIME.set(0);
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            random: fastrand::Rng::with_seed(seed),
            now: 0,
            engine: Engine::default(),
            agent: Process::start(&folder),
            counts: Counts::default(),
            frozen: None,
            unwell_until: 0,
            undo: Vec::new(),
            folder,
            client_notices: seed.is_multiple_of(2),
            worker: 0,
            runtime_up: None,
            connection: 1,
            back: 0,
            running: BTreeMap::new(),
            unread: Vec::new(),
            gives_back_until: 0,
            cut_until: None,
            unsent: Vec::new(),
            looks: None,
            revoked: Vec::new(),
        }
    }

    /// A second passes, with faults and new tasks or without.
    pub async fn second(&mut self, busy: bool) {
        let frozen = self.frozen.map(|frozen| frozen.who);
        if matches!(frozen, None | Some(Who::Runtime)) {
            tokio::time::sleep(SECOND).await;
        }
        self.now += 1;
        BOOT_TIME.set(self.now);
        if busy && self.random.u32(0..60) == 0 {
            self.engine.push(self.now);
        }
        self.engine.second(self.now);
        self.thaw().await;
        self.mend();
        if busy && self.frozen.is_none() && self.random.u32(0..200) == 0 {
            self.fault().await;
        }
        let frozen = self.frozen.map(|frozen| frozen.who);
        if matches!(frozen, None | Some(Who::Agent)) {
            self.heartbeat();
        }
        match frozen {
            None => {
                self.agent_works().await;
                self.look();
                self.reconnect();
                self.start_is_over();
                self.hatchet();
                if self.is_cut() {
                    self.engine_sends();
                }
                self.run_tasks();
                self.replace();
            }
            Some(Who::Runtime) => {
                self.engine_sends();
                self.agent_works().await;
                self.look();
            }
            Some(Who::Host) => self.engine_sends(),
            // What the runtime runs goes on, and what it asks is not answered.
            Some(Who::Agent) => {}
        }
    }

    async fn agent_works(&mut self) {
        self.undo_what_is_over().await;
        self.systemd();
        self.services();
    }

    async fn undo_what_is_over(&mut self) {
        let now = self.now;
        for (_, command) in self.undo.extract_if(.., |(after, _)| *after <= now) {
            self.agent.host.send_command(command).await;
        }
    }

    pub fn kill_agent(&mut self) {
        self.counts.kills += 1;
        let revoked = self.agent.host.read(|current| current.revoked.clone());
        self.revoked.extend(revoked);
        self.agent.kill();
        self.agent = Process::start(&self.folder);
        self.looks = None;
        self.connection += 1;
        self.back = self.now + 1;
    }

    /// systemd and the part of the agent that talks to it.
    fn systemd(&mut self) {
        let (target, aborting) = self.agent.host.read(|current| {
            let aborting = current.drain.as_ref().is_some_and(|drain| drain.aborting);
            (current.runtime_wanted(), aborting)
        });
        match target {
            RuntimeTarget::Stopped if self.runtime_up.is_some() => {
                // A task whose lease was revoked ends within the second, and is another host's or tried again.
                let revoked = self.agent.host.read(|current| current.revoked.clone());
                let is_revoked = |id: &&String| revoked.contains(id) || self.revoked.contains(id);
                let held = self.running.keys().filter(|id| !is_revoked(id));
                let held = held.count();
                assert!(
                    held == 0 || aborting,
                    "second {}: SIGTERM with {held} tasks",
                    self.now,
                );
                self.crash_runtime();
            }
            RuntimeTarget::Running if self.runtime_up.is_none() => {
                self.worker += 1;
                self.runtime_up = Some(self.now + 4);
                self.back = self.now + 5;
            }
            _ => {}
        }
        let lives = self.runtime_up.is_some();
        self.agent.host.edit(|current| {
            current.runtime.seen = true;
            current.runtime.running = lives;
            if !lives {
                current.runtime.registration = None;
                current.stale.remove(&User::Runtime);
            }
            true
        });
    }

    fn services(&mut self) {
        let well = self.unwell_until <= self.now;
        self.agent.host.edit(|current| {
            let health = if well { Health::Up } else { Health::Down };
            current
                .services
                .entry(Service::AdsPower)
                .or_default()
                .health = health;
            let finished = current.drain.as_ref().filter(|drain| drain.finished());
            current.services_restarted = finished
                .filter(|drain| drain.causes.contains_key(&DrainSource::RestartServices))
                .map(|drain| drain.began)
                .or(current.services_restarted);
            true
        });
    }

    /// What `start` waits for is there.
    fn start_is_over(&self) {
        let over = |current: &HostState| {
            current.state == State::Starting
                && current.drain.is_none()
                && current.runtime.running
                && current.runtime.registration.is_some()
        };
        if self.agent.host.read(over) {
            HostFor::<Start>::of(&self.agent.host).transition(State::Ready, "a test");
        }
    }

    /// The part of the agent that pauses the worker, with a second for the call.
    fn hatchet(&mut self) {
        if self.is_cut() {
            return;
        }
        let accepts = self.agent.host.read(HostState::accepts_tasks);
        self.engine.set_paused(!accepts, self.now);
        let worker = self.worker_id();
        self.agent.host.edit(|current| {
            let paused = (!accepts).then_some(worker);
            let news = current.hatchet.paused != paused;
            current.hatchet.paused = paused;
            news
        });
    }

    /// The group replaces a host that is unhealthy; what its runtime had was given back by then.
    fn replace(&mut self) {
        let unhealthy = self.agent.host.read(|current| {
            current.state == State::Unhealthy
                && current.drain.as_ref().is_some_and(DrainState::finished)
        });
        if !unhealthy {
            return;
        }
        assert!(
            self.running.is_empty(),
            "the host is replaced under its tasks"
        );
        self.counts.replacements += 1;
        self.agent.kill();
        self.folder = tempfile::tempdir().expect("a folder");
        self.agent = Process::start(&self.folder);
        self.looks = None;
        self.runtime_up = None;
        self.undo.clear();
    }
}
