//! Takes orders, and carries the drain out step by step.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use valet_protocol::Config;
use valet_protocol::config::User;
use valet_protocol::local_api::State;

use super::plan::{self, Budget, Step, Times};
use super::requests::{DrainRequests, SavedDrain};
use crate::drain::command::DrainCommand;
use crate::host::{Host, HostFor};
use crate::persist;
use crate::state::part::Drain;
use crate::state::{Deadline, DrainSource, DrainStage, DrainState, HostState};

/// Takes orders until the agent exits. A drain that an earlier process had begun goes on first.
pub async fn run(host: HostFor<Drain>, mut orders: Receiver<DrainCommand>) {
    let mut part = DrainController::new(host.clone());
    part.restore();
    loop {
        tokio::select! {
            Some(order) = orders.recv() => part.take(order),
            () = part.due() => part.go_on(),
            () = host.ending().cancelled() => return,
        }
    }
}

struct DrainController {
    host: HostFor<Drain>,
    budget: Budget,
    requests: DrainRequests,
    times: Option<Times>,
    /// The state in which the drain found the host.
    before: State,
}

impl DrainController {
    fn new(host: HostFor<Drain>) -> Self {
        Self {
            budget: Budget::new(&host.config),
            host,
            requests: DrainRequests::default(),
            times: None,
            before: State::Starting,
        }
    }

    /// Goes on with what was saved.
    fn restore(&mut self) {
        let Some(saved) = persist::read::<SavedDrain>(&self.host.config, persist::DRAIN) else {
            return;
        };
        self.requests = DrainRequests::restored(saved.requests);
        if self.requests.is_empty() {
            return;
        }
        self.begin(
            saved.began,
            "resuming a drain that began before the agent restarted",
        );
        if saved.aborting {
            self.abort();
        }
        if saved.stopping {
            self.idle();
        }
    }

    fn take(&mut self, order: DrainCommand) {
        let draining = !self.requests.is_empty();
        let Some(cause) = self.requests.take(order) else {
            return;
        };
        match (draining, self.requests.is_empty()) {
            (false, _) => self.begin(Timestamp::now(), &cause),
            (true, false) => self.update(&cause),
            (true, true) => self.end(&cause),
        }
    }

    /// Resolves when `go_on` has something to do.
    async fn due(&self) {
        let mut current = self.host.subscribe();
        loop {
            let step = self.step(&current.borrow_and_update());
            let Next::Wait(until) = step else {
                return;
            };
            let until = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // The host holds the sender.
                _ = current.changed() => {}
                () = until => {}
            }
        }
    }

    fn go_on(&mut self) {
        match self.host.read(|current| self.step(current)) {
            Next::Wait(_) | Next::Step(Step::Wait(_)) => {}
            Next::Paused => self.paused(),
            Next::Refresh => self.take(DrainCommand::Drain {
                source: DrainSource::Refresh,
                cause: "secrets changed".to_owned(),
                deadline: Some(Deadline::within(REFRESH)),
            }),
            Next::Refreshed => self.take(DrainCommand::Withdraw {
                source: DrainSource::Refresh,
                cause: "the programs that use the changed secrets were restarted".to_owned(),
            }),
            Next::Restarted => self.restarted(),
            Next::Step(Step::Abort) => self.abort(),
            Next::Step(Step::Idle) => self.idle(),
            Next::Step(Step::Finish) => self.finish(),
        }
    }

    fn step(&self, current: &HostState) -> Next {
        let (Some(drain), Some(times)) = (&current.drain, &self.times) else {
            let refresh = !current.stale.is_empty()
                && current.state == State::Ready
                && current.refresh_permitted;
            return if refresh {
                Next::Refresh
            } else {
                Next::Wait(None)
            };
        };
        if times.paused.is_none() && paused(current) {
            return Next::Paused;
        }
        if self.requests.contains(DrainSource::Refresh) && current.stale.is_empty() {
            return Next::Refreshed;
        }
        let services_restarted = !self.requests.contains(DrainSource::RestartServices)
            || current.services_restarted == Some(drain.began);
        if drain.finished() && self.requests.only_restarts() && services_restarted {
            return Next::Restarted;
        }
        match plan::next(current, drain, times, &self.budget, Instant::now()) {
            Step::Wait(until) => Next::Wait(until),
            step => Next::Step(step),
        }
    }

    fn begin(&mut self, began: Timestamp, cause: &str) {
        self.before = self.host.read(|current| current.state);
        self.times = Some(Times {
            began: Instant::now(),
            paused: None,
            aborted: None,
            stopping: None,
        });
        self.host.update(|current| {
            *current.drain_mut() = Some(DrainState {
                causes: self.requests.causes(),
                began,
                deadline: self.requests.deadline(),
                aborting: false,
                stage: DrainStage::Tasks,
            });
            true
        });
        self.host.transition(State::Draining, cause);
        self.save();
        self.log("drain started", cause);
    }

    fn update(&mut self, cause: &str) {
        self.host.update(|current| {
            if let Some(drain) = current.drain_mut() {
                drain.causes = self.requests.causes();
                drain.deadline = self.requests.deadline();
                // What had stopped short of the runtime, for somebody who only wanted a restart.
                if drain.stage == DrainStage::Idle {
                    drain.stage = DrainStage::Tasks;
                }
            }
            true
        });
        self.settle_state(cause);
        self.save();
        self.log("drain updated", cause);
    }

    /// Nobody requests any more: the host works again.
    fn end(&mut self, cause: &str) {
        self.times = None;
        let mut to = State::Starting;
        self.host.update(|current| {
            let stopped = current
                .drain_mut()
                .take()
                .is_some_and(|drain| drain.stage >= DrainStage::Stopping);
            if stopped {
                // That of the runtime that ends; the next one has to say who it is.
                *current.registration_mut() = None;
            } else if self.before != State::Stopped {
                to = self.before;
            }
            true
        });
        persist::forget(&self.host.config, persist::DRAIN);
        self.host.transition(to, cause);
    }

    /// What was to be restarted has stopped, or runs again: the host goes back to work.
    fn restarted(&mut self) {
        for source in [DrainSource::RestartRuntime, DrainSource::RestartServices] {
            self.take(DrainCommand::Withdraw {
                source,
                cause: "restarted by order of the control plane".to_owned(),
            });
        }
    }

    fn paused(&mut self) {
        if let Some(times) = &mut self.times {
            times.paused = Some(Instant::now());
        }
        tracing::info!("worker paused in Hatchet");
    }

    fn abort(&mut self) {
        if let Some(times) = &mut self.times {
            times.aborted = Some(Instant::now());
        }
        let leases = self.host.read(|current| current.leases);
        self.change(|drain| drain.aborting = true);
        self.save();
        tracing::info!(leases, "drain deadline reached: running tasks are aborted");
    }

    /// No task runs. The runtime stops, unless it was only AdsPower that was to be started again.
    fn idle(&mut self) {
        let only_refresh = self.requests.only(DrainSource::Refresh);
        self.host.update(|current| {
            let keep_runtime = only_refresh && !current.stale.contains(&User::Runtime);
            if let Some(drain) = current.drain_mut() {
                drain.stage = if keep_runtime {
                    DrainStage::Idle
                } else {
                    DrainStage::Stopping
                };
            }
            true
        });
        if let Some(times) = &mut self.times {
            times.stopping = Some(Instant::now());
        }
        self.save();
        let leases = self.host.read(|current| current.leases);
        tracing::info!(leases, "no task runs: the runtime may stop");
    }

    fn finish(&mut self) {
        if !self.host.read(|current| current.runtime.is_stopped()) {
            tracing::warn!("the runtime did not stop within runtime.stop_seconds");
        }
        self.change(|drain| drain.stage = DrainStage::Finished);
        self.settle_state("drain finished");
        self.save();
        tracing::info!("drain finished");
    }

    /// The state of a host whose drain is over.
    fn settle_state(&self, cause: &str) {
        let finished =
            |current: &HostState| current.drain.as_ref().is_some_and(DrainState::finished);
        if !self.host.read(finished) {
            return;
        }
        if self.requests.contains(DrainSource::Sick) {
            let causes = self.requests.causes();
            let sick = causes.get(&DrainSource::Sick).map_or(cause, String::as_str);
            self.host.transition(State::Unhealthy, sick);
        } else {
            self.host.transition(State::Stopped, cause);
        }
    }

    fn change(&self, change: impl FnOnce(&mut DrainState)) {
        self.host.update(|current| {
            current.drain_mut().as_mut().map(change);
            true
        });
    }

    /// So that an agent that is killed now goes on with the same drain.
    fn save(&self) {
        let requests = self.requests.to_saved();
        if requests.is_empty() {
            persist::forget(&self.host.config, persist::DRAIN);
            return;
        }
        let saved = self.host.read(|current| {
            current.drain.as_ref().map(|drain| SavedDrain {
                requests,
                began: drain.began,
                aborting: drain.aborting,
                stopping: drain.stage >= DrainStage::Stopping,
            })
        });
        if let Some(saved) = saved {
            persist::write(&self.host.config, persist::DRAIN, &saved);
        }
    }

    fn log(&self, what: &str, cause: &str) {
        let deadline = self
            .requests
            .deadline()
            .map(|deadline| deadline.at.to_string());
        let leases = self.host.read(|current| current.leases);
        tracing::info!(cause, deadline, leases, "{what}");
    }
}

/// The drain of an earlier process of the agent in this boot: its sources, each with its deadline.
#[must_use]
pub fn saved_sources(config: &Config) -> BTreeMap<DrainSource, Option<Timestamp>> {
    let saved = persist::read::<SavedDrain>(config, persist::DRAIN);
    saved.map(|saved| saved.sources()).unwrap_or_default()
}

/// What the part does next.
enum Next {
    Wait(Option<Instant>),
    /// Hatchet has paused the worker.
    Paused,
    /// Secrets have changed under a program.
    Refresh,
    /// The programs have been started again.
    Refreshed,
    /// Everything that was to be restarted has been stopped.
    Restarted,
    Step(Step),
}

/// Whether Hatchet has paused the very worker that is registered.
fn paused(current: &HostState) -> bool {
    let registered = current.runtime.registration.as_ref();
    registered
        .is_some_and(|registered| current.hatchet.paused.as_ref() == Some(&registered.worker_id))
}

/// Waits until the host may end: SIGTERM asked for it, the runtime has stopped, and those outside
/// who have to know have been told, for as long as that may take.
pub async fn ended(host: &Host) {
    let over = |current: &HostState| {
        let drain = current.drain.as_ref();
        drain.is_some_and(|drain| drain.finished() && drain.causes.contains_key(&DrainSource::Stop))
    };
    host.wait_until(over).await;
    let told = host.wait_until(|current| {
        let group = current.drain.as_ref().is_none_or(|drain| {
            !drain.causes.contains_key(&DrainSource::Group) || current.group.completed
        });
        let hatchet = current.hatchet.paused.is_none()
            || current.hatchet.unsubscribed == current.hatchet.paused;
        group && hatchet
    });
    if tokio::time::timeout(TELLING, told).await.is_err() {
        tracing::warn!("Hatchet or the Auto Scaling group could not be notified within 10 s");
    }
}

/// How long running tasks have when their host is refreshed for changed secrets.
const REFRESH: std::time::Duration = std::time::Duration::from_hours(24);

/// How long telling may take.
const TELLING: std::time::Duration = std::time::Duration::from_secs(10);
