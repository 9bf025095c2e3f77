//! The drain: the one place that takes orders and decides what becomes of the host's work.

mod asks;
mod plan;

use jiff::Timestamp;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use valet_protocol::config::User;
use valet_protocol::local_api::State;

use crate::host::{Host, Shared};
use crate::kept;
use crate::orders::{Order, Source};
use crate::state::{Drain, Facts, Stage};
use asks::{Asks, Kept};
use plan::{Budget, Step, Times};

/// Takes orders until the agent ends. A drain that an earlier process had begun goes on first.
pub async fn run(host: Shared, mut orders: Receiver<Order>) {
    let mut part = Part::new(host.clone());
    part.restore();
    loop {
        tokio::select! {
            Some(order) = orders.recv() => part.take(order),
            () = part.due() => part.go_on(),
            () = host.ending().cancelled() => return,
        }
    }
}

struct Part {
    host: Shared,
    budget: Budget,
    asks: Asks,
    times: Option<Times>,
    /// The state in which the drain found the host.
    before: State,
}

impl Part {
    fn new(host: Shared) -> Self {
        Self {
            budget: Budget::new(&host.config),
            host,
            asks: Asks::default(),
            times: None,
            before: State::Starting,
        }
    }

    /// Goes on with what was kept.
    fn restore(&mut self) {
        let Some(kept) = kept::read::<Kept>(&self.host.config, kept::DRAIN) else {
            return;
        };
        self.asks = Asks::restored(kept.asks);
        if self.asks.is_empty() {
            return;
        }
        self.begin(
            kept.began,
            "an earlier process of the agent had begun to drain",
        );
        if kept.aborting {
            self.abort();
        }
        if kept.stopping {
            self.idle();
        }
    }

    fn take(&mut self, order: Order) {
        let draining = !self.asks.is_empty();
        let Some(cause) = self.asks.take(order) else {
            return;
        };
        match (draining, self.asks.is_empty()) {
            (false, _) => self.begin(Timestamp::now(), &cause),
            (true, false) => self.update(&cause),
            (true, true) => self.end(&cause),
        }
    }

    /// Resolves when `go_on` has something to do.
    async fn due(&self) {
        let mut facts = self.host.watch();
        loop {
            let step = self.step(&facts.borrow_and_update());
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
                _ = facts.changed() => {}
                () = until => {}
            }
        }
    }

    fn go_on(&mut self) {
        match self.host.look(|facts| self.step(facts)) {
            Next::Wait(_) | Next::Step(Step::Wait(_)) => {}
            Next::Paused => self.paused(),
            Next::Refresh => self.take(Order::Drain {
                source: Source::Refresh,
                cause: "secrets have changed".to_owned(),
                deadline: None,
            }),
            Next::Refreshed => self.take(Order::Withdraw {
                source: Source::Refresh,
                cause: "who uses the changed secrets has been started anew".to_owned(),
            }),
            Next::Step(Step::Abort) => self.abort(),
            Next::Step(Step::Idle) => self.idle(),
            Next::Step(Step::Finish) => self.finish(),
        }
    }

    fn step(&self, facts: &Facts) -> Next {
        let (Some(drain), Some(times)) = (&facts.drain, &self.times) else {
            let refresh = !facts.stale.is_empty() && facts.state == State::Ready;
            return if refresh {
                Next::Refresh
            } else {
                Next::Wait(None)
            };
        };
        if times.paused.is_none() && paused(facts) {
            return Next::Paused;
        }
        if self.asks.contains(Source::Refresh) && facts.stale.is_empty() {
            return Next::Refreshed;
        }
        match plan::next(facts, drain, times, &self.budget, Instant::now()) {
            Step::Wait(until) => Next::Wait(until),
            step => Next::Step(step),
        }
    }

    fn begin(&mut self, began: Timestamp, cause: &str) {
        self.before = self.host.look(|facts| facts.state);
        self.times = Some(Times {
            began: Instant::now(),
            paused: None,
            aborted: None,
            stopping: None,
        });
        self.host.change(|facts| {
            facts.drain = Some(Drain {
                causes: self.asks.causes(),
                began,
                deadline: self.asks.deadline(),
                aborting: false,
                stage: Stage::Tasks,
            });
            true
        });
        self.host.transition(State::Draining, cause);
        self.keep();
        self.log("the drain begins", cause);
    }

    fn update(&mut self, cause: &str) {
        self.host.change(|facts| {
            if let Some(drain) = &mut facts.drain {
                drain.causes = self.asks.causes();
                drain.deadline = self.asks.deadline();
                // What had stopped short of the runtime, for somebody who only wanted a restart.
                if drain.stage == Stage::Idle {
                    drain.stage = Stage::Tasks;
                }
            }
            true
        });
        self.settle_state(cause);
        self.keep();
        self.log("the drain has another cause", cause);
    }

    /// Nobody asks any more: the host works again.
    fn end(&mut self, cause: &str) {
        self.times = None;
        let mut to = State::Starting;
        self.host.change(|facts| {
            let stopped = facts
                .drain
                .take()
                .is_some_and(|drain| drain.stage >= Stage::Stopping);
            if stopped {
                // That of the runtime that ends; the next one has to say who it is.
                facts.runtime.registration = None;
            } else if self.before != State::Stopped {
                to = self.before;
            }
            true
        });
        kept::forget(&self.host.config, kept::DRAIN);
        self.host.transition(to, cause);
    }

    fn paused(&mut self) {
        if let Some(times) = &mut self.times {
            times.paused = Some(Instant::now());
        }
        tracing::info!("the worker is paused in Hatchet");
    }

    fn abort(&mut self) {
        if let Some(times) = &mut self.times {
            times.aborted = Some(Instant::now());
        }
        let leases = self.host.look(|facts| facts.leases);
        self.change(|drain| drain.aborting = true);
        self.keep();
        tracing::info!(
            leases,
            "the deadline is there: tasks that run are given back"
        );
    }

    /// No task runs. The runtime stops, unless it was only AdsPower that was to be started anew.
    fn idle(&mut self) {
        let only_refresh = self.asks.only(Source::Refresh);
        self.host.change(|facts| {
            let keep_runtime = only_refresh && !facts.stale.contains(&User::Runtime);
            if let Some(drain) = &mut facts.drain {
                drain.stage = if keep_runtime {
                    Stage::Idle
                } else {
                    Stage::Stopping
                };
            }
            true
        });
        if let Some(times) = &mut self.times {
            times.stopping = Some(Instant::now());
        }
        self.keep();
        let leases = self.host.look(|facts| facts.leases);
        tracing::info!(leases, "the runtime may stop");
    }

    fn finish(&mut self) {
        if !self.host.look(|facts| facts.runtime.is_stopped()) {
            tracing::warn!("the runtime has not stopped in its time");
        }
        self.change(|drain| drain.stage = Stage::Finished);
        self.settle_state("the drain is over");
        self.keep();
        tracing::info!("the drain is over");
    }

    /// The state of a host whose drain is over.
    fn settle_state(&self, cause: &str) {
        let finished = |facts: &Facts| facts.drain.as_ref().is_some_and(Drain::finished);
        if !self.host.look(finished) {
            return;
        }
        if self.asks.contains(Source::Sick) {
            let causes = self.asks.causes();
            let sick = causes.get(&Source::Sick).map_or(cause, String::as_str);
            self.host.transition(State::Unhealthy, sick);
        } else {
            self.host.transition(State::Stopped, cause);
        }
    }

    fn change(&self, change: impl FnOnce(&mut Drain)) {
        self.host.change(|facts| {
            facts.drain.as_mut().map(change);
            true
        });
    }

    /// So that an agent that is killed now goes on with the same drain.
    fn keep(&self) {
        let asks = self.asks.keep();
        if asks.is_empty() {
            kept::forget(&self.host.config, kept::DRAIN);
            return;
        }
        let kept = self.host.look(|facts| {
            facts.drain.as_ref().map(|drain| Kept {
                asks,
                began: drain.began,
                aborting: drain.aborting,
                stopping: drain.stage >= Stage::Stopping,
            })
        });
        if let Some(kept) = kept {
            kept::write(&self.host.config, kept::DRAIN, &kept);
        }
    }

    fn log(&self, what: &str, cause: &str) {
        let deadline = self.asks.deadline().map(|deadline| deadline.at.to_string());
        let leases = self.host.look(|facts| facts.leases);
        tracing::info!(cause, deadline, leases, "{what}");
    }
}

/// What the part does next.
enum Next {
    Wait(Option<Instant>),
    /// Hatchet has paused the worker.
    Paused,
    /// Secrets have changed under a program.
    Refresh,
    /// The programs have been started anew.
    Refreshed,
    Step(Step),
}

/// Whether Hatchet has paused the very worker that is registered.
fn paused(facts: &Facts) -> bool {
    let registered = facts.runtime.registration.as_ref();
    registered
        .is_some_and(|registered| facts.hatchet.paused.as_ref() == Some(&registered.worker_id))
}

/// Waits until the host may end: SIGTERM asked for it, the runtime has stopped, and those outside
/// who have to know have been told, for as long as that may take.
pub async fn ended(host: &Host) {
    let over = |facts: &Facts| {
        let drain = facts.drain.as_ref();
        drain.is_some_and(|drain| drain.finished() && drain.causes.contains_key(&Source::Stop))
    };
    host.until(over).await;
    let told = host.until(|facts| {
        let group = facts.drain.as_ref().is_none_or(|drain| {
            !drain.causes.contains_key(&Source::Group) || facts.group.completed
        });
        let hatchet =
            facts.hatchet.paused.is_none() || facts.hatchet.unsubscribed == facts.hatchet.paused;
        group && hatchet
    });
    if tokio::time::timeout(TELLING, told).await.is_err() {
        tracing::warn!("Hatchet or the group could not be told of the end in time");
    }
}

/// How long telling may take.
const TELLING: std::time::Duration = std::time::Duration::from_secs(10);
