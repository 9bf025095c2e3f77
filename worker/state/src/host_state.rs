//! What is known of the host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;
use valet_protocol::config::User;
use valet_protocol::local_api::State;

use crate::{
    DrainStage, DrainState, Group, Hatchet, Health, HostFigures, Identity, MetricDelivery,
    ProbeResult, Queue, RunningTask, Runtime, RuntimeTarget, Service, TaskCounters,
};

/// The state of the host.
///
/// Whoever has a copy may do with it what he likes. The one that the parts share is changed by
/// [`StateMut`](crate::StateMut) alone, whose file says which part writes which fact.
#[derive(Clone, Debug)]
pub struct HostState {
    pub state: State,
    /// Why the state is what it is.
    pub cause: String,
    /// Since when it is that.
    pub since: Timestamp,
    /// What the metadata service says of this instance.
    pub identity: Option<Arc<Identity>>,
    /// Whether every secret has been fetched.
    pub secrets_ready: bool,
    /// The version of every secret that has been fetched, by name.
    pub secret_versions: BTreeMap<String, String>,
    /// Programs whose secrets have changed under them, and that have not been started again.
    pub stale: BTreeSet<User>,
    /// Whether this host may drain now for changed secrets.
    pub refresh_permitted: bool,
    /// Whether every service has been up at the same time since the agent started, so that the
    /// runtime may be started.
    pub prepared: bool,
    pub services: BTreeMap<Service, ProbeResult>,
    pub measured: HostFigures,
    pub runtime: Runtime,
    /// Tasks that run, each with its lease.
    pub leases: u32,
    /// The same tasks, by the id of their lease.
    pub running: BTreeMap<String, RunningTask>,
    /// When a connection closed last that held leases. Its task may run on and its runtime come back.
    pub lease_lost: Option<Instant>,
    pub tasks: TaskCounters,
    /// The leases that were revoked last.
    pub revoked: Vec<String>,
    /// The drain under way or done.
    pub drain: Option<DrainState>,
    pub hatchet: Hatchet,
    /// What Hatchet said last of the tasks that wait.
    pub queue: Option<Queue>,
    /// What became of the metrics.
    pub reports: MetricDelivery,
    pub group: Group,
    /// The target lifecycle state that the metadata service said last.
    pub target_state: Option<String>,
    /// When the drain began for which the services were restarted last.
    pub services_restarted: Option<Timestamp>,
    /// Interruption notices since the agent started, each counted once.
    pub interruptions: u64,
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
