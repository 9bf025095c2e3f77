//! From the state to metric values.

use jiff::Timestamp;
use valet_protocol::WorkerMetric;
use valet_protocol::local_api::State;

use crate::state::{Connection, Health, HostState, Service};

/// A value of a metric at a time, which goes into each of the metric's series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub metric: WorkerMetric,
    pub value: f64,
    pub at: Timestamp,
}

/// What was reported last of figures that only grow, or that come at their own times.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastReported {
    finished: u64,
    failed: u64,
    interruptions: u64,
    queue: Option<Timestamp>,
}

impl LastReported {
    /// The values of now, in the registry's order. A metric of which nothing is known yet is left
    /// out: 0 would be a statement.
    pub fn collect(&mut self, current: &HostState, now: Timestamp) -> Vec<Point> {
        let mut points = Vec::with_capacity(WorkerMetric::ALL.len());
        for metric in WorkerMetric::ALL {
            let sampled = current
                .queue
                .filter(|queue| self.queue.is_none_or(|last| queue.at > last));
            let value = match metric {
                WorkerMetric::ActiveBrowserProfiles => current.measured.profiles.map(f64::from),
                WorkerMetric::AdsPowerApiStatus => status(current.health(Service::AdsPower)),
                WorkerMetric::HatchetConnectionStatus => connection(current),
                WorkerMetric::TaskCompletionRate => {
                    Some(grown(&mut self.finished, current.tasks.finished))
                }
                WorkerMetric::TaskFailureCount => {
                    let failed = current.tasks.failed + current.tasks.abandoned;
                    Some(grown(&mut self.failed, failed))
                }
                WorkerMetric::OldestTaskAge => Some(current.oldest_task_seconds(now)),
                WorkerMetric::MemoryUsagePercent => current.measured.runtime_memory_percent,
                WorkerMetric::XvfbStatus => status(current.health(Service::Xvfb)),
                WorkerMetric::SlotUtilization => utilization(current),
                WorkerMetric::SpotInterruption => {
                    Some(grown(&mut self.interruptions, current.interruptions))
                }
                WorkerMetric::QueueDepth => sampled.map(|queue| queue.depth as f64),
                WorkerMetric::QueueOldestAge => sampled.map(|queue| queue.oldest_seconds),
            };
            let at = match metric {
                WorkerMetric::QueueDepth | WorkerMetric::QueueOldestAge => {
                    sampled.map_or(now, |queue| queue.at)
                }
                _ => now,
            };
            points.extend(value.map(|value| Point { metric, value, at }));
        }
        self.queue = current.queue.map(|queue| queue.at).or(self.queue);
        points
    }
}

fn status(health: Health) -> Option<f64> {
    match health {
        Health::Unknown => None,
        Health::Up => Some(1.0),
        Health::Down => Some(0.0),
    }
}

/// A host that is up and has no worker in Hatchet is as good as one that lost its connection. Only
/// while it starts, and until Hatchet has been asked for a worker that has just come, nothing is
/// known.
fn connection(current: &HostState) -> Option<f64> {
    match current.hatchet.connection {
        Connection::Connected => Some(1.0),
        Connection::Disconnected => Some(0.0),
        Connection::Unknown => {
            let expected = matches!(current.state, State::Ready | State::Draining);
            (expected && current.runtime.registration.is_none()).then_some(0.0)
        }
    }
}

/// Of a host without a runtime nothing is used and nothing could be.
fn utilization(current: &HostState) -> Option<f64> {
    let slots = current.slots();
    (slots > 0).then(|| 100.0 * f64::from(current.leases) / f64::from(slots))
}

fn grown(last: &mut u64, now: u64) -> f64 {
    let growth = now.saturating_sub(*last);
    *last = now;
    growth as f64
}

#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
