//! Whether Hatchet gave tasks of this host away while the agent could not look.
//!
//! Hatchet gives a worker's tasks to others 30 s after its last heartbeat, and tells the worker nothing. While a silence
//! lasts, whoever reaches Hatchet sees it. A host that was cut off reaches nothing, and its runtime may be heard of again
//! before the agent looks: then nothing looks wrong any more. What remains are the slots in use, as Hatchet counts them:
//! of fewer tasks than have held their leases all the time, at least one was given away.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::rest::{FRESH, Worker};

/// Looks at the count after a possible silence. Tasks are given away until the next heartbeat comes; by the second look
/// that is over.
const LOOKS: u32 = 2;

/// What the looks at one worker have shown.
#[derive(Debug)]
pub struct Silence {
    /// When the first look was due.
    began: Instant,
    /// The last heartbeat that Hatchet told of, by its clock.
    heard_at: Option<Timestamp>,
    /// Looks that are due since there may have been a silence.
    due: u32,
}

impl Silence {
    /// Nothing has been seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            heard_at: None,
            due: 0,
        }
    }

    /// Takes a look, during which so many tasks held their leases all the time. Returns whether Hatchet has given any of them
    /// away.
    pub fn look(&mut self, seen: &Worker, held: u32) -> bool {
        let Some(heard_at) = seen.heard_at else {
            return false;
        };
        let before = self.heard_at.replace(heard_at);
        // Between heartbeats that are closer there was no silence of that length, whatever was not looked at.
        let unseen = match before {
            Some(before) => heard_at.duration_since(before),
            None => SignedDuration::try_from(self.began.elapsed()).unwrap_or(FRESH),
        };
        if unseen >= FRESH {
            self.due = LOOKS;
        }
        // While it is silent, the silence itself says enough.
        if self.due == 0 || !seen.connected {
            return false;
        }
        self.due -= 1;
        seen.running.is_some_and(|running| running < held)
    }

    /// Whether another look is due soon.
    pub const fn is_due(&self) -> bool {
        self.due > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker that was heard of in this second, with so many tasks.
    fn heard(second: i64, running: u32) -> Worker {
        Worker {
            connected: true,
            heard_at: Some(Timestamp::from_second(second).unwrap()),
            running: Some(running),
            ..Worker::default()
        }
    }

    #[test]
    fn a_count_below_the_leases_counts_after_a_possible_silence_alone() {
        let mut silence = Silence::new();
        assert!(!silence.look(&heard(100, 0), 2), "the first look");
        for second in [104, 124, 150] {
            assert!(!silence.look(&heard(second, 0), 2), "{second}");
        }
        assert!(silence.look(&heard(180, 1), 2));
        assert!(silence.is_due() && silence.look(&heard(184, 1), 2));
        assert!(!silence.is_due() && !silence.look(&heard(188, 1), 2));
    }

    #[test]
    fn after_a_silence_in_which_nothing_was_given_away_nothing_is_revoked() {
        let mut silence = Silence::new();
        silence.look(&heard(100, 2), 2);
        assert!(!silence.look(&heard(145, 2), 2));
        assert!(!silence.look(&heard(149, 3), 2));
        // An engine that does not count proves nothing.
        let uncounted = Worker {
            running: None,
            ..heard(200, 0)
        };
        assert!(!silence.look(&uncounted, 2));
    }

    #[test]
    fn the_count_is_looked_at_once_the_worker_is_heard_of_again() {
        let mut silence = Silence::new();
        silence.look(&heard(100, 2), 2);
        let stale = Worker {
            connected: false,
            ..heard(135, 0)
        };
        assert!(!silence.look(&stale, 2));
        assert!(silence.look(&heard(140, 0), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_look_may_come_after_a_silence_too() {
        let mut silence = Silence::new();
        tokio::time::advance(std::time::Duration::from_secs(31)).await;
        assert!(silence.look(&heard(100, 1), 2));
    }
}
