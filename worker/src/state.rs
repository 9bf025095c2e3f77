//! What is known of the host.

mod drain;
mod services;
#[cfg(test)]
mod writers_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use valet_protocol::config::User;
use valet_protocol::local_api::{Registration, State};

use crate::identity::Identity;
use crate::tasks::{RunningTask, TaskCounters};
pub use drain::{DrainStage, DrainState};
pub use services::{Health, HostFigures, ProbeResult, Service};

/// The state of the host. Each field names the parts that write it; a test holds the sources against that.
#[derive(Clone, Debug)]
pub struct HostState {
    /// Written by `Host::transition` alone.
    pub state: State,
    /// Why the state is what it is. Written by `Host::transition` and `Host::explain`.
    pub cause: String,
    /// Since when. Written by `Host::transition` alone.
    pub since: Timestamp,
    /// What the metadata service says of this instance. Written by `start`, once.
    pub identity: Option<Arc<Identity>>,
    /// Whether every secret has been fetched. Written by `secrets`.
    pub secrets_ready: bool,
    /// The version of every secret that has been fetched, by name. Written by `secrets`.
    pub secret_versions: BTreeMap<String, String>,
    /// Programs whose secrets have changed under them. Written by `secrets`; `runtime` and
    /// `services` take out whom they have started again.
    pub stale: BTreeSet<User>,
    /// Whether this host may drain now for changed secrets. Written by `hatchet`.
    pub refresh_permitted: bool,
    /// Whether every service has been up at the same time since the agent started, so that the
    /// runtime may be started. Written by `start`.
    pub prepared: bool,
    /// Written by `services`.
    pub services: BTreeMap<Service, ProbeResult>,
    /// Written by `services`.
    pub measured: HostFigures,
    /// Written by `runtime`. Its registration comes from `api`, and goes with the process: `runtime`
    /// and, when it takes the host back to work, `drain` forget it.
    pub runtime: Runtime,
    /// Tasks that run, each with its lease. Written by `api`.
    pub leases: u32,
    /// The same tasks, by the id of their lease. Written by `api`.
    pub running: BTreeMap<String, RunningTask>,
    /// When a connection closed last that held leases. Its task may run on and its runtime come back.
    /// Written by `api`.
    pub lease_lost: Option<Instant>,
    /// Written by `api`.
    pub tasks: TaskCounters,
    /// The leases that were revoked last. Written by `api`.
    pub revoked: Vec<String>,
    /// The drain under way or done. Written by `drain`.
    pub drain: Option<DrainState>,
    /// Written by `hatchet`.
    pub hatchet: Hatchet,
    /// What Hatchet said last of the tasks that wait. Written by `hatchet`.
    pub queue: Option<Queue>,
    /// What became of the metrics. Written by `metrics`.
    pub reports: MetricDelivery,
    /// Written by `group`; whether it is in service comes from `notices`.
    pub group: Group,
    /// The target lifecycle state that the metadata service said last. Written by `notices`.
    pub target_state: Option<String>,
    /// When the drain began for which the services were restarted last. Written by `services`.
    pub services_restarted: Option<Timestamp>,
    /// Interruption notices since the agent started, each counted once. Written by `notices`.
    pub interruptions: u64,
}

/// The runtime.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runtime {
    /// Whether systemd has been asked since the agent started. Before that, a runtime that an
    /// earlier process of the agent had started may run.
    pub seen: bool,
    /// Whether its unit is active.
    pub running: bool,
    /// What it said of itself; gone when it ends.
    pub registration: Option<Registration>,
    /// Restarts since the agent started.
    pub restarts: u32,
}

impl Runtime {
    /// Whether it is known not to run.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.seen && !self.running
    }
}

/// What is wanted of the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuntimeTarget {
    /// A drain neither stops a runtime that has tasks nor starts one that has ended; and an agent
    /// that starts does not know yet.
    #[default]
    AsItIs,
    Running,
    Stopped,
}

/// The worker as Hatchet sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hatchet {
    pub connection: Connection,
    /// Why the connection is not as it should be, in words; empty while it is.
    pub detail: String,
    /// When the token ends, if it does.
    pub token_expires: Option<Timestamp>,
    /// The worker id that is paused in Hatchet; a worker with another id is not.
    pub paused: Option<String>,
    /// The worker id that has been unsubscribed.
    pub unsubscribed: Option<String>,
    /// When Hatchet was seen to give the worker's tasks to others, or to have given them, having heard nothing of it for
    /// 30 s. None again once it hears of it.
    pub given_up: Option<Instant>,
    /// Whether Hatchet counted fewer tasks than hold leases when it was looked at last, after a possible silence. The next
    /// look says whether it gave any away.
    pub is_suspected: bool,
    /// When Hatchet heard of the worker last, as far as it could be asked; of a new one, when it registered.
    pub heard: Option<Instant>,
}

/// Without word of the worker for so long nobody can say whether its tasks are still its own: Hatchet gives them away 30 s
/// after the last heartbeat, and a heartbeat and a response take their time.
pub const UNHEARD: Duration = Duration::from_secs(25);

impl Hatchet {
    /// How long Hatchet may have heard nothing of the worker, where that is too long.
    #[must_use]
    pub fn unheard(&self) -> Option<Duration> {
        let silent = self.heard?.elapsed();
        (silent >= UNHEARD).then_some(silent)
    }

    /// Why nobody can say whether a task that runs is still this worker's, in words; nothing where it is known.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        let unheard = self.unheard().map(|silent| {
            let seconds = silent.as_secs();
            format!("Hatchet could not be asked for {seconds} s")
        });
        let suspected = || "Hatchet counts fewer tasks than run here".to_owned();
        unheard.or_else(|| self.is_suspected.then(suspected))
    }
}

/// What the Auto Scaling group has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub struct Group {
    /// That this instance is to be replaced. Written by `group`.
    pub marked_unhealthy: bool,
    /// That the terminate lifecycle hook is completed. Written by `group`.
    pub completed: bool,
    /// That the launch lifecycle hook is completed, or that there is none. Written by `group`.
    pub launched: bool,
    /// Whether the group's target state of this instance is `InService`. Written by `notices`.
    pub in_service: bool,
}

/// The runtime's connection to Hatchet, as Hatchet reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Nobody has registered, or Hatchet was not asked yet.
    #[default]
    Unknown,
    Connected,
    /// Hatchet does not see the worker, or cannot be reached.
    Disconnected,
}

impl Connection {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        }
    }
}

/// The tasks that wait in Hatchet, of the whole fleet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    pub depth: u64,
    /// Seconds that the oldest one has waited; 0 without any.
    pub oldest_seconds: f64,
    /// When Hatchet said so.
    pub at: Timestamp,
}

/// Values of metrics since the agent started, each counted once, whatever series it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricDelivery {
    /// Taken by CloudWatch.
    pub sent: u64,
    /// Given up: too many waited, or CloudWatch would not have them.
    pub dropped: u64,
    /// Buffer for CloudWatch.
    pub waiting: u64,
}

impl HostState {
    /// At the start, nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Starting,
            cause: "the agent has started".to_owned(),
            since: Timestamp::now(),
            identity: None,
            secrets_ready: false,
            prepared: false,
            refresh_permitted: false,
            secret_versions: BTreeMap::new(),
            stale: BTreeSet::new(),
            services: Service::ALL
                .into_iter()
                .map(|service| (service, ProbeResult::default()))
                .collect(),
            measured: HostFigures::default(),
            runtime: Runtime::default(),
            leases: 0,
            running: BTreeMap::new(),
            lease_lost: None,
            tasks: TaskCounters::default(),
            revoked: Vec::new(),
            drain: None,
            hatchet: Hatchet::default(),
            queue: None,
            reports: MetricDelivery::default(),
            group: Group::default(),
            target_state: None,
            services_restarted: None,
            interruptions: 0,
        }
    }

    /// How a service is.
    #[must_use]
    pub fn health(&self, service: Service) -> Health {
        self.services
            .get(&service)
            .map_or(Health::Unknown, |probe| probe.health)
    }

    /// Tasks that the runtime runs at a time, as it said; 0 without a runtime.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.runtime
            .registration
            .as_ref()
            .map_or(0, |registration| registration.slots)
    }

    /// How long the oldest running task has run, in seconds; 0 without any.
    #[must_use]
    pub fn oldest_task_seconds(&self, now: Timestamp) -> f64 {
        let started = self.running.values().map(|task| task.started).min();
        started.map_or(0.0, |started| {
            now.duration_since(started).as_secs_f64().max(0.0)
        })
    }

    /// What a task needs and is down. Nobody looks on at a task, so noVNC is no part of it.
    #[must_use]
    pub fn unwell(&self) -> Option<Service> {
        Service::ALL
            .into_iter()
            .filter(|service| *service != Service::NoVnc)
            .find(|service| self.health(*service) == Health::Down)
    }

    /// Tasks that the host could take now: the free slots while it is ready and well, else none.
    /// It is the `capacity` label.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        if self.state == State::Ready && self.unwell().is_none() && self.hatchet.given_up.is_none()
        {
            self.slots().saturating_sub(self.leases)
        } else {
            0
        }
    }

    /// Whether leases are given. Where they are not, the worker is paused in Hatchet, so that no
    /// task spends its retries here.
    #[must_use]
    pub fn accepts_tasks(&self) -> bool {
        // Everything that `start` waits for is there: it makes the host ready at this moment, and a
        // pause would only last for seconds longer than it is meant.
        let about_to_be_ready = self.state == State::Starting
            && self.prepared
            && self.runtime.running
            && self.runtime.registration.is_some();
        (self.state == State::Ready || about_to_be_ready)
            && self.drain.is_none()
            && self.unwell().is_none()
            && self.hatchet.given_up.is_none()
    }

    /// What is wanted of the runtime. Only a drain stops it, and only once no task runs or its
    /// deadline is over: whatever ends the host's work goes through the drain.
    #[must_use]
    pub fn runtime_wanted(&self) -> RuntimeTarget {
        match (&self.drain, self.state) {
            (Some(drain), _) if drain.stage >= DrainStage::Stopping => RuntimeTarget::Stopped,
            (None, State::Starting | State::Ready) if self.secrets_ready && self.prepared => {
                RuntimeTarget::Running
            }
            _ => RuntimeTarget::AsItIs,
        }
    }
}

impl Default for HostState {
    fn default() -> Self {
        Self::new()
    }
}
