//! Tasks that run, and figures of those that have ended.

use jiff::{SignedDuration, Timestamp};
use valet_protocol::heartbeat_v2::SessionOutcome;

/// A task that holds a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningTask {
    /// Its name or id, as the runtime said it.
    pub name: Option<String>,
    pub started: Timestamp,
}

/// Counters since the agent started. They only grow: whoever reports a difference keeps what it
/// reported last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TaskCounters {
    pub finished: u64,
    pub failed: u64,
    /// Their connection closed before they gave their lease back.
    pub abandoned: u64,
    /// Their lease was revoked, because Hatchet had given them to another worker.
    pub revoked: u64,
    /// How long tasks held their lease, whatever their outcome.
    pub durations: DurationHistogram,
}

impl TaskCounters {
    /// Counts a task that has ended.
    pub fn count(&mut self, outcome: SessionOutcome, lasted: SignedDuration) {
        let counter = match outcome {
            SessionOutcome::Finished => &mut self.finished,
            SessionOutcome::Failed => &mut self.failed,
            SessionOutcome::Abandoned => &mut self.abandoned,
            SessionOutcome::Revoked => &mut self.revoked,
        };
        *counter += 1;
        self.durations.add(lasted.as_secs_f64());
    }
}

/// The upper bounds of the histogram's buckets in seconds. Browser tasks take from seconds to hours.
pub const BUCKETS: [f64; 11] = [
    1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0,
];

/// Durations by bucket, as Prometheus has them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DurationHistogram {
    /// Of each bucket alone, not of those below it.
    counts: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

impl DurationHistogram {
    /// Adds a duration. A clock that was set back makes none negative.
    pub fn add(&mut self, seconds: f64) {
        let seconds = seconds.max(0.0);
        self.count += 1;
        self.seconds += seconds;
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            self.counts[bucket] += 1;
        }
    }

    /// Each bucket's bound and how many durations are within it.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut within = 0;
        BUCKETS
            .into_iter()
            .zip(self.counts)
            .map(move |(bound, count)| {
                within += count;
                (bound, within)
            })
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their sum in seconds.
    #[must_use]
    pub const fn seconds(&self) -> f64 {
        self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_its_bucket_and_in_all_above() {
        let mut tasks = TaskCounters::default();
        for seconds in [0, 5, 6, 7201, -3] {
            tasks.count(SessionOutcome::Finished, SignedDuration::from_secs(seconds));
        }
        let within: Vec<u64> = tasks
            .durations
            .cumulative()
            .map(|(_, count)| count)
            .collect();
        assert_eq!(within, [2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
        assert_eq!((tasks.durations.count(), tasks.finished), (5, 5));
        assert!((tasks.durations.seconds() - 7212.0).abs() < f64::EPSILON);
    }
}
