//! The way between the host and Hatchet, which may be cut, and the agent's looks at its worker on it.

use jiff::{SignedDuration, Timestamp};

use super::engine::Attempt;
use super::simulation::{Simulation, boot_time};
use crate::hatchet::own_worker::{self, NextLook, Watch, lease_ids};
use crate::hatchet::rest::{FRESH, RestError, Worker};
use crate::host::HostFor;

/// Seconds between two looks: of an idle host, while tasks run, and soon.
const IDLE: u64 = 60;
const BUSY: u64 = 15;
const SOON: u64 = 5;

/// Seconds after the last heartbeat after which a worker is inactive.
const INACTIVE: i64 = 5;

/// What the runtime has to tell the engine, and what of it waits for the end of a cut.
#[derive(Clone, Copy, Debug)]
pub enum Report {
    Completed(Attempt),
    Failed(Attempt),
}

/// The agent's looks at its worker.
pub struct Looks {
    watch: Watch,
    /// The runtime's registration that they are about.
    worker: u32,
    last: u64,
    next: NextLook,
}

impl Simulation {
    /// The worker's id in the engine, by which the agent knows it.
    pub fn worker_id(&self) -> String {
        format!("worker-{}", self.worker)
    }

    pub fn is_cut(&self) -> bool {
        self.cut_until.is_some_and(|until| self.now < until)
    }

    /// The end of a cut: what waited for it arrives.
    pub fn mend(&mut self) {
        if self.is_cut() || self.frozen.is_some() {
            return;
        }
        for report in std::mem::take(&mut self.unsent) {
            self.arrive(report);
        }
    }

    /// The runtime tells the engine how an attempt ended.
    pub fn report(&mut self, report: Report) {
        if self.is_cut() {
            self.unsent.push(report);
        } else {
            self.arrive(report);
        }
    }

    fn arrive(&mut self, report: Report) {
        match report {
            Report::Completed(attempt) => self.engine.complete(attempt),
            Report::Failed(attempt) => self.engine.fail(attempt, self.now),
        }
    }

    /// The agent looks at its worker, when a look is due.
    pub fn look(&mut self) {
        let host = HostFor::of(&self.agent.host);
        let registered = host.read(|current| current.runtime.registration.is_some());
        if !registered {
            self.looks = None;
            return;
        }
        let (now, worker) = (self.now, self.worker);
        let is_new = self
            .looks
            .as_ref()
            .is_none_or(|looks| looks.worker != worker);
        let looks = self.looks.take().filter(|_| !is_new);
        let mut looks = looks.unwrap_or_else(|| Looks {
            watch: own_worker::begin(&host, Some(&self.worker_id()), boot_time)
                .expect("it has registered"),
            worker,
            last: 0,
            next: NextLook::Soon,
        });
        let is_busy = host.read(|current| current.leases > 0);
        let pause = match looks.next {
            NextLook::Soon => SOON,
            NextLook::SoonIfBusy if is_busy => SOON,
            NextLook::Usual if is_busy => BUSY,
            NextLook::SoonIfBusy | NextLook::Usual => IDLE,
        };
        if now >= looks.last + pause {
            let before = host.read(lease_ids);
            let answer = self.answer();
            looks.last = now;
            looks.next = looks.watch.take(&host, &before, &answer);
        }
        self.looks = Some(looks);
    }

    /// What the engine says of the worker.
    fn answer(&self) -> Result<Worker, RestError> {
        if self.is_cut() {
            return Err(RestError::Other("no way to Hatchet".to_owned()));
        }
        let (heard, running) = self.engine.seen(self.worker).ok_or(RestError::Unknown)?;
        let silent = SignedDuration::from_secs(self.now as i64 - heard as i64);
        let is_active = silent.as_secs() < INACTIVE;
        Ok(Worker {
            connected: is_active,
            paused: is_active.then_some(self.engine.is_paused()),
            given_up: !is_active && silent >= FRESH,
            heard_at: Timestamp::from_second(heard as i64).ok(),
            silent: Some(silent),
            running: Some(running),
        })
    }
}
