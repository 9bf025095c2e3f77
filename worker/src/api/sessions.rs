//! What the runtime says and asks: who it is, and leases for its tasks.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use valet_protocol::heartbeat_v2::{EndedSession, SessionOutcome};
use valet_protocol::local_api::{LeaseRequest, RefusalReason, Registration, TaskOutcome};

use super::admission::{Refused, check, grant};
use super::leases::{Connection, Leases, MAX_TASK_NAME_CHARS, SavedLeases};
use crate::freeze::{self, Clock, FreezeDetector};
use crate::host::{Host, HostFor};
use crate::persist;
use crate::process;
use crate::state::part::Api;
use crate::state::{HostState, RunningTask, StateMut};

/// How long the agent waits after its own restart for a runtime to come back, and then for each
/// lease that the runtime held.
const FOR_RUNTIME: Duration = Duration::from_mins(1);
const FOR_LEASES: Duration = Duration::from_secs(10);

/// How long no lease is given after a freeze. Hatchet assigns tasks to a worker for 5 s after its last heartbeat: these
/// wait in the frozen runtime's connection, are read as soon as it thaws, and may be another worker's by then.
const LATE_ASSIGNMENTS: Duration = Duration::from_secs(5);

/// The runtime's side of the API.
#[derive(Debug)]
pub struct Sessions {
    host: HostFor<Api>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    leases: Leases,
    /// When leases that were saved and not continued are given up.
    given_up: Instant,
    freezes: FreezeDetector,
    /// When the last freeze ended.
    thawed: Option<Instant>,
    /// The last time at which Hatchet was seen to give the worker up, whose leases have been revoked.
    given_up_in_hatchet: Option<Instant>,
}

impl Inner {
    /// Whether a task that asks for a lease now may have been assigned before a freeze.
    fn assigned_before_freeze(&self) -> bool {
        self.thawed
            .is_some_and(|thawed| thawed.elapsed() < LATE_ASSIGNMENTS)
    }
}

impl Sessions {
    /// With what was saved over a restart of the agent.
    #[must_use]
    pub fn new(host: HostFor<Api>) -> Self {
        Self::with_clock(host, freeze::boot_time)
    }

    /// The same with another clock of the time since the boot.
    #[must_use]
    pub fn with_clock(host: HostFor<Api>, clock: Clock) -> Self {
        let saved: SavedLeases = persist::read(&host.config, persist::LEASES).unwrap_or_default();
        let saved = saved.valid();
        let leases = Leases::restored(&saved);
        let registration = saved
            .registration
            .filter(|registration| process::alive(registration.pid));
        host.update(|current| {
            publish(&leases, current);
            *current.registration_mut() = registration;
            true
        });
        let inner = Inner {
            leases,
            given_up: Instant::now() + FOR_RUNTIME,
            freezes: FreezeDetector::new(clock),
            thawed: None,
            given_up_in_hatchet: None,
        };
        Self {
            host,
            inner: Mutex::new(inner),
        }
    }

    /// The runtime says who it is.
    ///
    /// # Errors
    ///
    /// When it says what cannot be.
    pub fn register(&self, mut registration: Registration) -> Result<(), Refused> {
        check(&registration)?;
        self.limit(&mut registration);
        tracing::info!(
            worker_id = registration.worker_id,
            pid = registration.pid,
            slots = registration.slots,
            "runtime registered"
        );
        let mut inner = self.lock();
        inner.given_up = inner.given_up.min(Instant::now() + FOR_LEASES);
        self.host.update(|current| {
            *current.registration_mut() = Some(registration);
            true
        });
        self.save(&inner.leases);
        Ok(())
    }

    /// The host carries no more than the fleet's configuration says, whatever a runtime would like.
    fn limit(&self, registration: &mut Registration) {
        let most = allowed_slots(&self.host);
        if registration.slots > most {
            let asked = registration.slots;
            tracing::warn!(
                asked,
                most,
                "the runtime asks for more slots than runtime.slots allows on this instance type"
            );
            registration.slots = most;
        }
    }

    /// The runtime wants to run a task. Decided and counted under one lock, so that a drain that
    /// sees no lease has seen all of them.
    ///
    /// # Errors
    ///
    /// Why there is none, with what the runtime is to do.
    pub fn lease(&self, holder: Connection, request: LeaseRequest) -> Result<String, Refused> {
        if [&request.task, &request.continues]
            .into_iter()
            .flatten()
            .any(|name| name.chars().count() > MAX_TASK_NAME_CHARS)
        {
            let message = format!("a name has more than {MAX_TASK_NAME_CHARS} characters");
            return Err((RefusalReason::Malformed, message));
        }
        let mut inner = self.thawed();
        let mut taken = Err((RefusalReason::NoSlots, String::new()));
        let continues = request.continues.clone();
        let is_late = inner.assigned_before_freeze();
        self.host.update(|current| {
            taken = grant(current, &mut inner.leases, holder, request, is_late);
            publish(&inner.leases, current);
            taken.is_ok()
        });
        if let (Ok(id), Some(continued)) = (&taken, continues)
            && *id == continued
        {
            self.host.ended_sessions.take_back(&self.host.config, id);
        }
        if taken.is_ok() {
            self.save(&inner.leases);
        }
        taken
    }

    /// A task has ended. Returns whether there was such a lease.
    pub fn give_back(&self, id: &str, outcome: TaskOutcome) -> bool {
        let mut inner = self.thawed();
        let Some(task) = inner.leases.give_back(id) else {
            return false;
        };
        let outcome = match outcome {
            TaskOutcome::Finished => SessionOutcome::Finished,
            TaskOutcome::Failed => SessionOutcome::Failed,
        };
        self.ended(&inner.leases, vec![(id.to_owned(), task)], outcome);
        true
    }

    /// Tasks have ended: counts them, keeps them for the control plane and saves the rest.
    fn ended(&self, leases: &Leases, tasks: Vec<(String, RunningTask)>, outcome: SessionOutcome) {
        let now = Timestamp::now();
        self.host.update(|current| {
            publish(leases, current);
            for (_, task) in &tasks {
                let lasted = now.duration_since(task.started);
                current.tasks_mut().count(outcome, lasted);
            }
            if outcome == SessionOutcome::Abandoned {
                *current.lease_lost_mut() = Some(Instant::now());
            }
            if outcome == SessionOutcome::Revoked {
                *current.revoked_mut() = tasks.iter().map(|(id, _)| id.clone()).collect();
            }
            true
        });
        let sessions = tasks.into_iter().map(|(id, task)| EndedSession {
            id,
            task: task.name,
            started_at: task.started,
            ended_at: now,
            outcome,
        });
        let host = &self.host;
        host.ended_sessions.record(&host.config, sessions.collect());
        self.save(leases);
    }

    /// A connection has closed.
    pub fn closed(&self, connection: Connection) {
        let mut inner = self.lock();
        let tasks = inner.leases.closed(connection);
        self.abandoned(&inner.leases, tasks, "their connection closed");
    }

    /// Gives up leases whose holder does not come back: its time is over, or the runtime has ended.
    /// Returns at the agent's end.
    pub async fn give_up_waiting(&self) {
        loop {
            let given_up = self.lock().given_up;
            let ended = self.host.wait_until(|current| current.runtime.is_stopped());
            let why = tokio::select! {
                () = self.host.ending().cancelled() => return,
                () = tokio::time::sleep_until(given_up) => "the runtime did not continue them in time",
                () = ended => "the runtime has ended",
            };
            let mut inner = self.lock();
            if inner.leases.waiting() == 0 {
                return;
            }
            // It may have been moved while this waited.
            if why == "the runtime has ended" || inner.given_up <= Instant::now() {
                let tasks = inner.leases.give_up_waiting();
                self.abandoned(&inner.leases, tasks, why);
            }
        }
    }

    /// Whether a connection holds a lease.
    pub fn holds(&self, connection: Connection) -> bool {
        self.lock().leases.held_by(connection)
    }

    /// Whether a lease is still the runtime's.
    pub fn is_valid(&self, id: &str) -> bool {
        self.thawed().leases.contains(id)
    }

    /// Revokes every lease: Hatchet may have given their tasks to other workers. The runtime is told the
    /// ids, and has to abort these tasks.
    fn revoke_all(&self, inner: &mut Inner, reason: &str) {
        let revoked = inner.leases.revoke_all();
        if revoked.is_empty() {
            return;
        }
        tracing::error!(
            reason,
            leases = revoked.len(),
            "leases are revoked, because Hatchet may run their tasks elsewhere"
        );
        self.ended(&inner.leases, revoked, SessionOutcome::Revoked);
    }

    /// Revokes the leases after each freeze of the host, and when Hatchet has given the worker up. Returns at the agent's
    /// end.
    pub async fn revoke_after_freezes(&self) {
        loop {
            tokio::select! {
                () = self.host.ending().cancelled() => return,
                () = tokio::time::sleep(freeze::TICK) => {}
            }
            drop(self.thawed());
        }
    }

    /// What is held, after the leases of before a freeze have been revoked. A runtime that thaws together with the agent
    /// may ask before the agent has noticed anything.
    fn thawed(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.lock();
        if let Some(frozen) = inner.freezes.tick() {
            inner.thawed = Some(Instant::now());
            let reason = format!("the host was frozen for {} s", frozen.as_secs());
            self.revoke_all(&mut inner, &reason);
        }
        let given_up = self.host.read(|current| current.hatchet.given_up);
        if given_up.is_some() && given_up != inner.given_up_in_hatchet {
            inner.given_up_in_hatchet = given_up;
            self.revoke_all(&mut inner, "Hatchet heard nothing of the worker for 30 s");
        }
        inner
    }

    fn abandoned(&self, leases: &Leases, left: Vec<(String, RunningTask)>, why: &str) {
        if left.is_empty() {
            return;
        }
        let name = |(id, task): &(String, RunningTask)| task.name.clone().unwrap_or(id.clone());
        let tasks: Vec<String> = left.iter().map(name).collect();
        tracing::warn!(?tasks, why, "leases ended without a release");
        self.ended(leases, left, SessionOutcome::Abandoned);
    }

    fn save(&self, leases: &Leases) {
        let registered = |current: &HostState| current.runtime.registration.clone();
        let saved = leases.to_saved(self.host.read(registered));
        persist::write(&self.host.config, persist::LEASES, &saved);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that is held here is left half changed by a panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the leases in the state.
fn publish(leases: &Leases, current: &mut StateMut<'_, Api>) {
    *current.leases_mut() = leases.count();
    *current.running_mut() = leases.running();
}

/// Tasks at a time that the configuration gives this instance.
#[must_use]
pub fn allowed_slots(host: &Host) -> u32 {
    let identity = host.read(|current| current.identity.clone());
    let instance_type = identity.as_ref().map(|identity| &*identity.instance_type);
    host.config.slots(instance_type.unwrap_or_default())
}
