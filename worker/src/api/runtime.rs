//! What the runtime says and asks: who it is, and leases for its tasks.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use valet_protocol::local_api::{LeaseRequest, Outcome, Reason, Registration, State};

use super::leases::{Connection, Kept, Leases};
use crate::host::{Host, Shared};
use crate::kept;
use crate::process;
use crate::state::{Facts, Stage};

/// How long the agent waits after its own restart for a runtime to come back, and then for each
/// lease that the runtime held.
const FOR_RUNTIME: Duration = Duration::from_mins(1);
const FOR_LEASES: Duration = Duration::from_secs(10);

/// The most slots of a runtime: far above what any instance type carries.
const MOST_SLOTS: u32 = 1000;
/// The most characters of a name that is only shown.
const LONGEST_NAME: usize = 256;

/// The runtime's side of the API.
#[derive(Debug)]
pub struct Desk {
    host: Shared,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    leases: Leases,
    /// When leases that were kept and not continued are given up.
    given_up: Instant,
}

/// Why a request is not met.
pub type Refused = (Reason, String);

impl Desk {
    /// With what was kept over a restart of the agent.
    #[must_use]
    pub fn new(host: Shared) -> Self {
        let kept: Kept = kept::read(&host.config, kept::LEASES).unwrap_or_default();
        let leases = Leases::restored(kept.leases);
        let count = leases.count();
        let registration = kept
            .registration
            .filter(|registration| process::alive(registration.pid));
        host.change(|facts| {
            facts.leases = count;
            facts.runtime.registration = registration;
            true
        });
        let inner = Inner {
            leases,
            given_up: Instant::now() + FOR_RUNTIME,
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
            "the runtime has registered"
        );
        let mut inner = self.lock();
        inner.given_up = inner.given_up.min(Instant::now() + FOR_LEASES);
        self.host.change(|facts| {
            facts.runtime.registration = Some(registration);
            true
        });
        self.keep(&inner.leases);
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
                "the runtime has more slots than this instance type carries"
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
            .any(|name| name.chars().count() > LONGEST_NAME)
        {
            let message = format!("a name has more than {LONGEST_NAME} characters");
            return Err((Reason::Malformed, message));
        }
        let mut inner = self.lock();
        let mut taken = Err((Reason::NoSlots, String::new()));
        self.host.change(|facts| {
            taken = grant(facts, &mut inner.leases, holder, request);
            facts.leases = inner.leases.count();
            taken.is_ok()
        });
        if taken.is_ok() {
            self.keep(&inner.leases);
        }
        taken
    }

    /// A task has ended. Answers whether there was such a lease.
    pub fn give_back(&self, id: &str, outcome: Outcome) -> bool {
        let mut inner = self.lock();
        if !inner.leases.give_back(id) {
            return false;
        }
        self.host.change(|facts| {
            facts.leases = inner.leases.count();
            match outcome {
                Outcome::Finished => facts.tasks.finished += 1,
                Outcome::Failed => facts.tasks.failed += 1,
            }
            true
        });
        self.keep(&inner.leases);
        true
    }

    /// A connection has closed.
    pub fn closed(&self, connection: Connection) {
        let mut inner = self.lock();
        let tasks = inner.leases.closed(connection);
        self.abandoned(&inner.leases, &tasks, "their connection has closed");
    }

    /// Gives up leases whose holder does not come back: its time is over, or the runtime has ended.
    /// Returns at the agent's end.
    pub async fn give_up_waiting(&self) {
        loop {
            let given_up = self.lock().given_up;
            let ended = self.host.until(|facts| facts.runtime.is_stopped());
            let why = tokio::select! {
                () = self.host.ending().cancelled() => return,
                () = tokio::time::sleep_until(given_up) => "nobody has continued them",
                () = ended => "the runtime has ended",
            };
            let mut inner = self.lock();
            if inner.leases.waiting() == 0 {
                return;
            }
            // It may have been moved while this waited.
            if why == "the runtime has ended" || inner.given_up <= Instant::now() {
                let tasks = inner.leases.give_up_waiting();
                self.abandoned(&inner.leases, &tasks, why);
            }
        }
    }

    fn abandoned(&self, leases: &Leases, tasks: &[String], why: &str) {
        if tasks.is_empty() {
            return;
        }
        tracing::warn!(?tasks, why, "leases were not given back");
        self.host.change(|facts| {
            facts.leases = leases.count();
            facts.tasks.abandoned += tasks.len() as u64;
            true
        });
        self.keep(leases);
    }

    fn keep(&self, leases: &Leases) {
        let kept = Kept {
            registration: self.host.look(|facts| facts.runtime.registration.clone()),
            leases: leases.keep(),
        };
        kept::write(&self.host.config, kept::LEASES, &kept);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that is held here is left half changed by a panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tasks at a time that the configuration gives this instance.
#[must_use]
pub fn allowed_slots(host: &Host) -> u32 {
    let identity = host.look(|facts| facts.identity.clone());
    let instance_type = identity.as_ref().map(|identity| &*identity.instance_type);
    host.config.slots(instance_type.unwrap_or_default())
}

fn grant(
    facts: &Facts,
    leases: &mut Leases,
    holder: Connection,
    request: LeaseRequest,
) -> Result<String, Refused> {
    let continued = request.continues.is_some();
    if let Some(id) = request.continues
        && leases.move_to(holder, &id)
    {
        return Ok(id);
    }
    admit(facts, continued)?;
    let slots = facts.slots();
    leases.take(holder, request.task, slots).ok_or_else(|| {
        let message =
            format!("all {slots} slots have their lease: another worker may have a free one");
        (Reason::NoSlots, message)
    })
}

/// Whether a task may begin, or one that runs already may be counted again.
fn admit(facts: &Facts, continued: bool) -> Result<(), Refused> {
    let refused = |reason| {
        Err((
            reason,
            format!("{}: throw retryably, another worker takes it", facts.cause),
        ))
    };
    if facts.runtime.registration.is_none() {
        let message = "say who you are first: POST /v1/runtime".to_owned();
        return Err((Reason::NotRegistered, message));
    }
    if continued
        && facts
            .drain
            .as_ref()
            .is_none_or(|drain| drain.stage < Stage::Stopping)
    {
        return Ok(());
    }
    match facts.state {
        State::Ready => {}
        State::Starting => return refused(Reason::Starting),
        State::Draining | State::Stopped => return refused(Reason::Draining),
        State::Unhealthy => return refused(Reason::Unhealthy),
    }
    if facts.drain.is_some() {
        return refused(Reason::Draining);
    }
    match facts.unwell() {
        Some(service) => {
            let message = format!(
                "{} is down: throw retryably, another worker takes it",
                service.name()
            );
            Err((Reason::Unhealthy, message))
        }
        None => Ok(()),
    }
}

fn check(registration: &Registration) -> Result<(), Refused> {
    let malformed = |message: &str| Err((Reason::Malformed, message.to_owned()));
    let id = &registration.worker_id;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if id.is_empty() || id.len() > 64 || !id.bytes().all(plain) {
        return malformed(
            "worker_id is no id of Hatchet's: letters, digits and hyphens, at most 64",
        );
    }
    if registration.pid == 0 {
        return malformed("pid is 0, which is no process");
    }
    if registration.slots == 0 || registration.slots > MOST_SLOTS {
        return malformed("slots is not from 1 to 1000");
    }
    Ok(())
}
