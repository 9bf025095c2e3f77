//! Hours of a fleet's life with random faults, seeded: the agent's drain, leases and files as they are, with a
//! model of Hatchet's engine, of the runtime and of systemd around them, by a clock that is moved by hand.
//!
//! The ledger is the engine's: in the end every task ran to its end once, however often it was given back.
//! A short soak runs in every test run; `VALET_SOAK_DEEP=1` plays 24 hours for each of 20 seeds.
//!
//! How the engine behaves is what the real one (0.90) was seen to do: it still sends tasks for two seconds after
//! a pause, and none for five after a resume. Durations of tasks and rates of faults are guesses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use valet_protocol::config::User;
use valet_protocol::local_api::{LeaseRequest, Registration, State, TaskOutcome};

use crate::api::sessions::Sessions;
use crate::deadline::Deadline;
use crate::drain::command::{DrainCommand, DrainSource};
use crate::host::{Host, Shared};
use crate::http_client::HttpClient;
use crate::state::{DrainState, Health, HostState, RuntimeTarget, Service};
use crate::testing;

const SLOTS: u32 = 4;
const SECOND: Duration = Duration::from_secs(1);

/// A task, as the engine knows it.
#[derive(Clone, Debug, Default)]
struct Task {
    completions: u32,
    given_back: u32,
    assigned: bool,
    /// Not sent again before this second.
    not_before: u64,
}

/// The engine's view: its ledger, and whether it sends tasks to the one worker.
#[derive(Debug, Default)]
struct Engine {
    tasks: Vec<Task>,
    /// The second since when the worker has been paused, or not.
    since: u64,
    paused: bool,
}

impl Engine {
    fn set_paused(&mut self, paused: bool, now: u64) {
        if self.paused != paused {
            (self.paused, self.since) = (paused, now);
        }
    }

    fn sends(&self, now: u64) -> bool {
        let delay = if self.paused { 2 } else { 5 };
        (now < self.since + delay) == self.paused
    }

    fn next(&mut self, now: u64) -> Option<usize> {
        let due = |task: &Task| !task.assigned && task.completions == 0 && task.not_before <= now;
        let next = self.tasks.iter().position(due)?;
        self.tasks[next].assigned = true;
        Some(next)
    }

    fn give_back(&mut self, task: usize, not_before: u64) {
        let task = &mut self.tasks[task];
        task.assigned = false;
        task.given_back += 1;
        task.not_before = not_before;
    }
}

/// The agent's process on one instance.
struct Process {
    host: Shared,
    sessions: Arc<Sessions>,
    parts: Vec<JoinHandle<()>>,
}

impl Process {
    fn start(folder: &tempfile::TempDir) -> Self {
        let mut config = testing::config(folder.path());
        config.heartbeat.url = None;
        let nowhere = "127.0.0.1:9".parse().expect("an address");
        let (host, commands) = Host::new(config, testing::aws(nowhere), HttpClient::new());
        let sessions = Arc::new(Sessions::new(host.clone()));
        host.update(|current| {
            current.secrets_ready = true;
            current.prepared = true;
            true
        });
        let waiting = sessions.clone();
        let parts = vec![
            tokio::spawn(super::run(host.clone(), commands)),
            tokio::spawn(async move { waiting.give_up_waiting().await }),
        ];
        Self {
            host,
            sessions,
            parts,
        }
    }

    fn kill(&mut self) {
        for part in self.parts.drain(..) {
            part.abort();
        }
    }
}

/// A task that the runtime runs.
struct Running {
    task: usize,
    ends: u64,
}

/// The instance and all around it.
struct Simulation {
    random: fastrand::Rng,
    now: u64,
    engine: Engine,
    folder: tempfile::TempDir,
    agent: Process,
    /// Whether the runtime's process lives, and the second when it is up.
    runtime_up: Option<u64>,
    connection: u64,
    /// When the runtime's client has a connection again.
    back: u64,
    running: BTreeMap<String, Running>,
    /// Faults that end by themselves.
    unwell_until: u64,
    undo: Vec<(u64, DrainCommand)>,
    kills: u32,
    replacements: u32,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            random: fastrand::Rng::with_seed(seed),
            now: 0,
            engine: Engine::default(),
            agent: Process::start(&folder),
            folder,
            runtime_up: None,
            connection: 1,
            back: 0,
            running: BTreeMap::new(),
            unwell_until: 0,
            undo: Vec::new(),
            kills: 0,
            replacements: 0,
        }
    }

    fn is_up(&self) -> bool {
        self.runtime_up.is_some_and(|up| up <= self.now)
    }

    fn is_connected(&self) -> bool {
        self.is_up() && self.back <= self.now
    }

    async fn second(&mut self, faults: bool, tasks: bool) {
        tokio::time::sleep(SECOND).await;
        self.now += 1;
        if tasks && self.random.u32(0..40) == 0 {
            self.engine.tasks.push(Task::default());
        }
        if faults && self.random.u32(0..150) == 0 {
            self.fault().await;
        }
        self.undo_what_is_over().await;
        self.systemd();
        self.services();
        self.reconnect();
        self.start_is_over();
        self.hatchet();
        self.run_tasks();
        self.replace();
    }

    async fn fault(&mut self) {
        let within = |random: &mut fastrand::Rng| {
            random
                .bool()
                .then(|| Duration::from_secs(random.u64(1..400)))
        };
        match self.random.u32(0..12) {
            0 | 1 => self.kill_agent(),
            2 => self.break_connection(),
            3 => self.crash_runtime(),
            4 => self.unwell_until = self.now + self.random.u64(5..120),
            5 => {
                self.agent.host.update(|current| {
                    current.stale.insert(User::Runtime);
                    current.refresh_permitted = true;
                    true
                });
            }
            6 => {
                let deadline = Some(Duration::from_secs(100));
                self.drain(DrainSource::Spot, deadline, true).await;
            }
            7 => {
                let deadline = within(&mut self.random);
                self.drain(DrainSource::Operator, deadline, true).await;
            }
            8 => {
                let deadline = within(&mut self.random);
                self.drain(DrainSource::ValetApi, deadline, true).await;
            }
            9 => self.drain(DrainSource::RestartRuntime, None, false).await,
            10 => self.drain(DrainSource::RestartServices, None, false).await,
            _ if self.random.u32(0..4) == 0 => {
                let deadline = Some(Duration::from_mins(1));
                self.drain(DrainSource::Sick, deadline, false).await;
            }
            _ => self.drain(DrainSource::Rebalance, None, true).await,
        }
    }

    async fn drain(&mut self, source: DrainSource, within: Option<Duration>, undone: bool) {
        let command = DrainCommand::Drain {
            source,
            cause: format!("{source:?} at {}", self.now),
            deadline: within.map(Deadline::within),
        };
        self.agent.host.send_command(command).await;
        if undone {
            let cause = "it is over".to_owned();
            let after = self.now + self.random.u64(1..900);
            self.undo
                .push((after, DrainCommand::Withdraw { source, cause }));
        }
    }

    async fn undo_what_is_over(&mut self) {
        let now = self.now;
        for (_, command) in self.undo.extract_if(.., |(after, _)| *after <= now) {
            self.agent.host.send_command(command).await;
        }
    }

    fn kill_agent(&mut self) {
        self.kills += 1;
        self.agent.kill();
        self.agent = Process::start(&self.folder);
        self.connection += 1;
        self.back = self.now + 1;
    }

    fn break_connection(&mut self) {
        self.agent.sessions.closed(self.connection);
        self.connection += 1;
        self.back = self.now + self.random.u64(1..4);
    }

    /// The engine hears no heartbeat any more and gives the tasks to others after 30 s.
    fn crash_runtime(&mut self) {
        self.runtime_up = None;
        self.agent.sessions.closed(self.connection);
        self.connection += 1;
        for running in std::mem::take(&mut self.running).into_values() {
            self.engine.give_back(running.task, self.now + 30);
        }
    }

    /// systemd and the part of the agent that talks to it.
    fn systemd(&mut self) {
        let (target, aborting) = self.agent.host.read(|current| {
            let aborting = current.drain.as_ref().is_some_and(|drain| drain.aborting);
            (current.runtime_wanted(), aborting)
        });
        match target {
            RuntimeTarget::Stopped if self.runtime_up.is_some() => {
                assert!(
                    self.running.is_empty() || aborting,
                    "second {}: SIGTERM with {} tasks",
                    self.now,
                    self.running.len()
                );
                self.crash_runtime();
            }
            RuntimeTarget::Running if self.runtime_up.is_none() => {
                self.runtime_up = Some(self.now + 4);
                self.back = self.now + 5;
            }
            _ => {}
        }
        let lives = self.runtime_up.is_some();
        self.agent.host.update(|current| {
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
        self.agent.host.update(|current| {
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

    /// The runtime's client: after a connection has come up it says who it is and continues its leases.
    fn reconnect(&mut self) {
        let unknown = self
            .agent
            .host
            .read(|current| current.runtime.registration.is_none());
        let lost = self
            .running
            .keys()
            .any(|id| !self.agent.sessions.is_valid(id));
        let waits = self.back == self.now;
        if !self.is_connected() || !(unknown || lost || waits) {
            return;
        }
        let registration = Registration {
            worker_id: "worker".to_owned(),
            pid: std::process::id(),
            slots: SLOTS,
        };
        self.agent
            .sessions
            .register(registration)
            .expect("it is one");
        for (id, running) in std::mem::take(&mut self.running) {
            let request = LeaseRequest {
                task: None,
                continues: Some(id.clone()),
            };
            match self.agent.sessions.lease(self.connection, request) {
                Ok(id) => {
                    self.running.insert(id, running);
                }
                Err(_) => self.engine.give_back(running.task, self.now + 2),
            }
        }
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
            self.agent.host.transition(State::Ready, "a test");
        }
    }

    /// The part of the agent that pauses the worker, with a second for the call.
    fn hatchet(&mut self) {
        let accepts = self.agent.host.read(HostState::accepts_tasks);
        self.engine.set_paused(!accepts, self.now);
        self.agent.host.update(|current| {
            let paused = (!accepts).then(|| "worker".to_owned());
            let news = current.hatchet.paused != paused;
            current.hatchet.paused = paused;
            news
        });
    }

    fn run_tasks(&mut self) {
        let abort = self
            .agent
            .host
            .read(|current| current.drain.as_ref().is_some_and(|drain| drain.aborting));
        if !self.is_connected() {
            return;
        }
        let now = self.now;
        let over: Vec<String> = self
            .running
            .iter()
            .filter(|(_, running)| abort || running.ends <= now)
            .map(|(id, _)| id.clone())
            .collect();
        for id in over {
            let running = self.running.remove(&id).expect("it runs");
            if abort {
                self.agent.sessions.give_back(&id, TaskOutcome::Failed);
                self.engine.give_back(running.task, now + 2);
            } else {
                self.agent.sessions.give_back(&id, TaskOutcome::Finished);
                self.engine.tasks[running.task].completions += 1;
            }
        }
        while self.engine.sends(now) && self.running.len() < SLOTS as usize {
            let Some(task) = self.engine.next(now) else {
                return;
            };
            match self
                .agent
                .sessions
                .lease(self.connection, LeaseRequest::default())
            {
                Ok(id) => {
                    let ends = now + self.random.u64(2..300);
                    self.running.insert(id, Running { task, ends });
                }
                Err(_) => self.engine.give_back(task, now + 2),
            }
        }
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
        self.replacements += 1;
        self.agent.kill();
        self.folder = tempfile::tempdir().expect("a folder");
        self.agent = Process::start(&self.folder);
        self.runtime_up = None;
        self.undo.clear();
    }
}

/// Plays so many hours and then gives the host time to finish what is left.
fn play(seed: u64, hours: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        testing::provider();
        let begun = Instant::now();
        let mut simulation = Simulation::new(seed);
        for _ in 0..hours * 3600 {
            simulation.second(true, true).await;
        }
        let mut left = 24 * 3600;
        while simulation.engine.tasks.iter().any(|task| task.completions == 0) {
            simulation.second(false, false).await;
            left -= 1;
            let state = simulation.agent.host.snapshot();
            assert!(left > 0, "seed {seed}: tasks are left: {:?} {:?}", state.state, state.drain);
        }
        simulation.agent.kill();
        let tasks = &simulation.engine.tasks;
        assert!(tasks.len() > 100, "{}", tasks.len());
        for (number, task) in tasks.iter().enumerate() {
            assert_eq!(task.completions, 1, "seed {seed}, task {number}: {task:?}");
        }
        let given_back: u32 = tasks.iter().map(|task| task.given_back).sum();
        eprintln!(
            "seed {seed}: {} tasks in {} h, {given_back} given back, {} kills of the agent, {} replacements",
            tasks.len(),
            begun.elapsed().as_secs() / 3600,
            simulation.kills,
            simulation.replacements
        );
        assert!(given_back > 0 && simulation.kills > 0);
    });
}

#[test]
fn every_task_of_a_random_day_is_run_once_or_given_back() {
    let (seeds, hours) = match std::env::var_os("VALET_SOAK_DEEP") {
        Some(_) => (20, 24),
        None => (2, 2),
    };
    for seed in 0..seeds {
        play(seed, hours);
    }
}
