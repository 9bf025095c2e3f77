//! The plan of a drain: what is to be done next, by the state and the time.
//!
//! 1. No lease is given any more; Hatchet pauses the worker (`hatchet` does).
//! 2. The runtime stays connected while its tasks run, and for the few seconds in which Hatchet
//!    may still assign one: the runtime refuses it retryably, for want of a lease. A runtime that
//!    gets SIGTERM stops its heartbeats, and Hatchet would start its tasks a second time.
//! 3. Without a lease, the runtime is stopped.
//! 4. At the deadline the runtime has to end its tasks retryably, and is stopped a moment
//!    later, whatever it does.

use std::time::Duration;

use tokio::time::Instant;
use valet_protocol::Config;

use crate::state::{DrainStage, DrainState, HostState};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait for a change of state, at the latest until this time.
    Wait(Option<Instant>),
    /// Tell the runtime to end its tasks.
    Abort,
    /// No task runs and none can come.
    Idle,
    /// The runtime has been stopped.
    Finish,
}

/// When things happened in this drain, by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub began: Instant,
    /// When Hatchet was seen to have paused the worker.
    pub paused: Option<Instant>,
    pub aborted: Option<Instant>,
    /// When the runtime was to stop.
    pub stopping: Option<Instant>,
}

/// Times of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// For assignments that were under way when the worker was paused.
    late_assignments: Duration,
    /// For them when Hatchet cannot be told: until it notices by itself that every assignment
    /// comes back.
    unpaused: Duration,
    /// For the runtime to end its tasks once it was told to.
    abort: Duration,
    /// For the runtime to stop. systemd kills it before that; but while the host goes down, systemd
    /// waits for us first.
    stop: Duration,
}

/// How much longer than systemd we wait for the runtime to stop.
const GRACE: Duration = Duration::from_secs(2);

impl Budget {
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let drain = &config.drain;
        let late_assignments = drain.late_assignments_seconds.duration();
        Self {
            late_assignments,
            unpaused: late_assignments * 4,
            // Half of the margin is the runtime's own time to stop, and a quarter is left over.
            abort: drain.margin_seconds.duration() / 4,
            stop: config.runtime.stop_seconds.duration() + GRACE,
        }
    }
}

/// What is to be done now.
#[must_use]
pub fn next(
    current: &HostState,
    drain: &DrainState,
    times: &Times,
    budget: &Budget,
    now: Instant,
) -> Step {
    match drain.stage {
        DrainStage::Tasks => {}
        DrainStage::Stopping if current.runtime.is_stopped() => return Step::Finish,
        DrainStage::Stopping => {
            let until = times.stopping.map(|stopping| stopping + budget.stop);
            return match until {
                Some(until) if until <= now => Step::Finish,
                until => Step::Wait(until),
            };
        }
        DrainStage::Idle | DrainStage::Finished => return Step::Wait(None),
    }
    if let Some(aborted) = times.aborted {
        return after_abort(current.leases, aborted + budget.abort, now);
    }
    let deadline = drain.deadline.map(|deadline| deadline.instant);
    if deadline.is_some_and(|deadline| deadline <= now) {
        return Step::Abort;
    }
    if current.leases > 0 {
        return Step::Wait(deadline);
    }
    let settled = settled(current, times, budget);
    if settled <= now {
        Step::Idle
    } else {
        Step::Wait(Some(
            deadline.map_or(settled, |deadline| deadline.min(settled)),
        ))
    }
}

fn after_abort(leases: u32, timeout: Instant, now: Instant) -> Step {
    if leases == 0 || timeout <= now {
        Step::Idle
    } else {
        Step::Wait(Some(timeout))
    }
}

/// When no assignment is on its way any more.
fn settled(current: &HostState, times: &Times, budget: &Budget) -> Instant {
    if current.runtime.is_stopped() {
        return times.began;
    }
    // Not paused, too, is the worker of a runtime that has not registered with this process of the
    // agent: it may have run tasks under the one before, and be about to say so.
    let settled = match times.paused {
        Some(paused) => paused + budget.late_assignments,
        None => times.began + budget.unpaused,
    };
    // A task goes on when its connection breaks, and its runtime asks for the lease again.
    match current.lease_lost {
        Some(lost) => settled.max(lost + RECONNECT),
        None => settled,
    }
}

/// How long a runtime whose connection broke has to come back for its leases. Its client tries again after
/// 50 ms, and after 2 s at the latest.
const RECONNECT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use jiff::Timestamp;
    use tokio::time::Instant;
    use valet_protocol::local_api::Registration;

    use super::{Budget, Step, Times, next};
    use crate::state::{Deadline, DrainStage, DrainState, HostState};

    const SECOND: Duration = Duration::from_secs(1);
    const BUDGET: Budget = Budget {
        late_assignments: Duration::from_secs(3),
        unpaused: Duration::from_secs(12),
        abort: Duration::from_secs(5),
        stop: Duration::from_secs(12),
    };

    struct Case {
        current: HostState,
        drain: DrainState,
        times: Times,
    }

    impl Case {
        /// A drain that has just begun, with this many tasks and 100 s to go.
        fn with_leases(leases: u32) -> Self {
            let mut current = HostState::new();
            current.leases = leases;
            current.runtime.seen = true;
            current.runtime.running = true;
            current.runtime.registration = Some(Registration {
                worker_id: "w".to_owned(),
                pid: 1,
                slots: 9,
            });
            let drain = DrainState {
                causes: BTreeMap::new(),
                began: Timestamp::now(),
                deadline: Some(Deadline::within(100 * SECOND)),
                aborting: false,
                stage: DrainStage::Tasks,
            };
            let times = Times {
                began: Instant::now(),
                paused: None,
                aborted: None,
                stopping: None,
            };
            Self {
                current,
                drain,
                times,
            }
        }

        fn after(&self, time: Duration) -> Step {
            let now = self.times.began + time;
            next(&self.current, &self.drain, &self.times, &BUDGET, now)
        }
    }

    #[test]
    fn without_tasks_it_waits_for_late_assignments_only() {
        let mut case = Case::with_leases(0);
        assert!(matches!(case.after(4 * SECOND), Step::Wait(Some(_))));
        assert_eq!(case.after(12 * SECOND), Step::Idle);
        case.times.paused = Some(case.times.began + SECOND);
        assert!(matches!(case.after(3 * SECOND), Step::Wait(Some(_))));
        assert_eq!(case.after(4 * SECOND), Step::Idle);
        case.current.runtime.running = false;
        assert_eq!(case.after(Duration::ZERO), Step::Idle);
    }

    #[test]
    fn a_restarted_agent_waits_for_a_runtime_that_may_have_tasks() {
        let mut case = Case::with_leases(0);
        case.current.runtime.registration = None;
        assert!(matches!(case.after(11 * SECOND), Step::Wait(Some(_))));
        assert_eq!(case.after(12 * SECOND), Step::Idle);
        case.current.runtime.seen = false;
        case.current.runtime.running = false;
        assert!(matches!(case.after(11 * SECOND), Step::Wait(Some(_))));
        case.drain.stage = DrainStage::Stopping;
        assert_eq!(case.after(20 * SECOND), Step::Wait(None));
        case.current.runtime.seen = true;
        assert_eq!(case.after(20 * SECOND), Step::Finish);
    }

    #[test]
    fn a_runtime_with_tasks_is_never_stopped_before_the_deadline() {
        let mut case = Case::with_leases(3);
        case.times.paused = Some(case.times.began);
        for second in 0..99 {
            let deadline = case.drain.deadline.map(|deadline| deadline.instant);
            assert_eq!(case.after(second * SECOND), Step::Wait(deadline));
        }
        case.drain.deadline = None;
        assert_eq!(case.after(100_000 * SECOND), Step::Wait(None));
    }

    #[test]
    fn at_the_deadline_tasks_are_ended_and_then_the_runtime_whatever_they_do() {
        let mut case = Case::with_leases(3);
        assert_eq!(case.after(101 * SECOND), Step::Abort);
        case.times.aborted = Some(case.times.began + 101 * SECOND);
        assert!(matches!(case.after(105 * SECOND), Step::Wait(Some(_))));
        assert_eq!(case.after(106 * SECOND), Step::Idle);
        case.current.leases = 0;
        assert_eq!(case.after(102 * SECOND), Step::Idle);
    }

    #[test]
    fn a_runtime_whose_connection_broke_may_come_back_for_its_tasks() {
        let mut case = Case::with_leases(0);
        case.times.paused = Some(case.times.began);
        case.current.lease_lost = Some(case.times.began + 50 * SECOND);
        assert!(matches!(case.after(54 * SECOND), Step::Wait(Some(_))));
        assert_eq!(case.after(55 * SECOND), Step::Idle);
        case.current.runtime.running = false;
        assert_eq!(case.after(51 * SECOND), Step::Idle);
    }

    #[test]
    fn it_is_over_when_the_runtime_is() {
        let mut case = Case::with_leases(0);
        case.drain.stage = DrainStage::Stopping;
        assert_eq!(case.after(SECOND), Step::Wait(None));
        case.current.runtime.running = false;
        assert_eq!(case.after(SECOND), Step::Finish);
        // systemd stops it only after us, because the host goes down.
        case.current.runtime.running = true;
        case.times.stopping = Some(case.times.began);
        assert!(matches!(case.after(11 * SECOND), Step::Wait(Some(_))));
        assert_eq!(case.after(12 * SECOND), Step::Finish);
        case.drain.stage = DrainStage::Finished;
        assert_eq!(case.after(SECOND), Step::Wait(None));
    }
}
