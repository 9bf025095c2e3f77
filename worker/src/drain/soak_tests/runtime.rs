//! The runtime: Hatchet's worker, with the client that holds the agent's leases.

use std::time::Duration;

use valet_protocol::local_api::{LeaseRequest, Registration, TaskOutcome};

use super::cut::Report;
use super::engine::Attempt;
use super::simulation::{Simulation, Who};

/// As many as the configuration gives an instance of a type that it does not list.
const SLOTS: u32 = 2;

/// How often the runtime's SDK sends a heartbeat, in seconds.
const HEARTBEAT: u64 = 4;

/// Seconds of standstill that the runtime's client takes for a freeze.
const CLIENT_FREEZE: u64 = 25;

/// Seconds for which the client then gives back what it reads.
const CLIENT_GIVES_BACK: u64 = 5;

/// Seconds after which systemd's watchdog ends an agent that says nothing.
const WATCHDOG: u64 = 60;

/// A task that the runtime runs.
pub struct Running {
    attempt: Attempt,
    ends: u64,
}

impl Simulation {
    pub fn is_up(&self) -> bool {
        self.runtime_up.is_some_and(|up| up <= self.now)
    }

    pub fn is_connected(&self) -> bool {
        self.is_up() && self.back <= self.now
    }

    pub fn heartbeat(&mut self) {
        let phase = u64::from(self.worker) % HEARTBEAT;
        if self.is_up() && !self.is_cut() && self.now % HEARTBEAT == phase {
            self.engine.heartbeat(self.worker, self.now);
        }
    }

    pub fn break_connection(&mut self) {
        self.agent.sessions.closed(self.connection);
        self.connection += 1;
        self.back = self.now + self.random.u64(1..4);
    }

    /// Its tasks end with it. The engine hears no heartbeat any more and gives them to others.
    pub fn crash_runtime(&mut self) {
        self.runtime_up = None;
        self.agent.sessions.closed(self.connection);
        self.connection += 1;
        self.running.clear();
        self.unread.clear();
        // What it had no time to tell is lost.
        self.unsent.clear();
    }

    /// For some seconds the engine sends to a runtime that stands still.
    pub fn engine_sends(&mut self) {
        while self.is_up() && self.running.len() + self.unread.len() < SLOTS as usize {
            let Some(attempt) = self.engine.send(self.worker, self.now) else {
                return;
            };
            self.unread.push(attempt);
        }
    }

    /// The runtime's client: after a connection has come up it says who it is and continues its leases.
    pub fn reconnect(&mut self) {
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
            worker_id: self.worker_id(),
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
                Err(_) => self.report(Report::Failed(running.attempt)),
            }
        }
    }

    pub fn run_tasks(&mut self) {
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
            if !abort && self.nobody_knows(&id) {
                continue;
            }
            let Running { attempt, .. } = self.running.remove(&id).expect("it runs");
            // The question before what cannot be undone.
            if abort || !self.agent.sessions.is_valid(&id) {
                self.agent.sessions.give_back(&id, TaskOutcome::Failed);
                self.report(Report::Failed(attempt));
            } else {
                self.agent.sessions.give_back(&id, TaskOutcome::Finished);
                self.engine.carry_out(attempt);
                self.report(Report::Completed(attempt));
            }
        }
        if self.is_cut() {
            return;
        }
        for attempt in std::mem::take(&mut self.unread) {
            self.begin(attempt);
        }
        while self.running.len() < SLOTS as usize {
            let Some(attempt) = self.engine.send(self.worker, now) else {
                return;
            };
            self.begin(attempt);
        }
    }

    /// The answer to the question before what cannot be undone is that nobody knows: the task asks again.
    fn nobody_knows(&self, id: &str) -> bool {
        let is_doubted = |current: &crate::state::HostState| current.hatchet.doubt().is_some();
        self.agent.sessions.is_valid(id) && self.agent.host.read(is_doubted)
    }

    /// A task begins where the client and the agent let it.
    fn begin(&mut self, attempt: Attempt) {
        let gives_back = self.now < self.gives_back_until;
        let lease = (!gives_back).then(|| {
            let sessions = &self.agent.sessions;
            sessions.lease(self.connection, LeaseRequest::default())
        });
        if let Some(Ok(id)) = lease {
            let ends = self.now + self.random.u64(2..200);
            self.running.insert(id, Running { attempt, ends });
        } else {
            self.report(Report::Failed(attempt));
        }
    }

    /// The end of a freeze: who was frozen goes on as if nothing had been.
    pub async fn thaw(&mut self) {
        let Some(frozen) = self.frozen.filter(|frozen| frozen.until <= self.now) else {
            return;
        };
        self.frozen = None;
        let seconds = self.now - frozen.since;
        if frozen.who != Who::Runtime && frozen.monotonic_goes_on {
            tokio::time::advance(Duration::from_secs(seconds)).await;
        }
        if frozen.who != Who::Agent && self.client_notices && seconds >= CLIENT_FREEZE {
            self.gives_back_until = self.now + CLIENT_GIVES_BACK;
            for (id, running) in std::mem::take(&mut self.running) {
                self.report(Report::Failed(running.attempt));
                self.agent.sessions.give_back(&id, TaskOutcome::Failed);
            }
        }
        let watched = frozen.who != Who::Runtime && seconds > WATCHDOG;
        if watched && (frozen.who == Who::Agent || self.client_notices) && self.random.bool() {
            self.kill_agent();
        }
    }
}
