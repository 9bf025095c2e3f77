//! Whether Hatchet gave tasks of this host away while the agent could not look.
//!
//! Hatchet gives a worker's tasks to others 30 s after its last heartbeat, and tells the worker nothing. While a silence
//! lasts, whoever reaches Hatchet sees it. A host that was cut off reaches nothing, and its runtime may be heard of again
//! before the agent looks: then nothing looks wrong any more. What remains are the slots in use, as Hatchet counts them:
//! of fewer tasks than have held their leases all the time, at least one was given away. A task that ends while the agent
//! looks makes the same difference for a moment, so the look after it has to find the same.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::rest::{FRESH, Worker};

/// Looks that find nothing, one after the other, before a possible silence is done with. Tasks are given away until the next
/// heartbeat comes; by the second look that is over.
const LOOKS: u32 = 2;

/// What the looks at one worker have shown.
#[derive(Debug)]
pub struct Silence {
    /// When it was heard of last, before the first look; when that was due, where nobody knows.
    began: Instant,
    /// The last heartbeat that Hatchet told of, by its clock.
    heard_at: Option<Timestamp>,
    /// Looks that are due since there may have been a silence.
    due: u32,
    /// Whether the last look counted fewer tasks than leases.
    is_suspected: bool,
}

impl Silence {
    /// Nothing has been seen since this time.
    #[must_use]
    pub const fn since(began: Instant) -> Self {
        Self {
            began,
            heard_at: None,
            due: 0,
            is_suspected: false,
        }
    }

    /// Takes a look, during which so many tasks held their leases all the time. Returns whether this look and the one before
    /// have found that Hatchet gave any of them away.
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
        // While it is silent, the silence itself says enough; and of a host without tasks nothing was taken.
        if self.due == 0 || !seen.connected || held == 0 {
            self.is_suspected &= held > 0;
            return false;
        }
        let are_fewer = seen.running.is_some_and(|running| running < held);
        let is_confirmed = are_fewer && self.is_suspected;
        self.is_suspected = are_fewer && !is_confirmed;
        self.due = match (is_confirmed, are_fewer) {
            (true, _) => 0,
            // The next look confirms it or not.
            (false, true) => LOOKS,
            (false, false) => self.due - 1,
        };
        is_confirmed
    }

    /// Whether another look is due soon, if tasks run.
    pub const fn is_due(&self) -> bool {
        self.due > 0
    }

    /// Whether the last look found that a task was given away, and none has confirmed it yet.
    pub const fn is_suspected(&self) -> bool {
        self.is_suspected
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

    /// What each of these looks says, after a first one and a silence of 50 s: the tasks that Hatchet counts, of two leases.
    fn after_a_silence<const N: usize>(counts: [u32; N]) -> [bool; N] {
        let mut silence = Silence::since(Instant::now());
        assert!(!silence.look(&heard(100, 2), 2), "the first look");
        let mut second = 150;
        counts.map(|running| {
            second += 4;
            silence.look(&heard(second, running), 2)
        })
    }

    #[test]
    fn a_count_below_the_leases_counts_after_a_possible_silence_alone() {
        let mut silence = Silence::since(Instant::now());
        for second in [100, 104, 124, 150] {
            assert!(!silence.look(&heard(second, 0), 2), "{second}");
        }
        assert!(!silence.is_due());
        assert!(!silence.look(&heard(180, 1), 2));
        assert!(silence.is_due() && silence.look(&heard(184, 1), 2));
        assert!(!silence.is_due() && !silence.look(&heard(188, 1), 2));
    }

    #[test]
    fn what_two_looks_running_find_was_given_away() {
        assert_eq!(after_a_silence([1, 1, 1]), [false, true, false]);
        // Tasks are given away until the next heartbeat comes: the first look may come before that.
        assert_eq!(after_a_silence([2, 1, 1, 1]), [false, false, true, false]);
    }

    #[test]
    fn an_idle_host_need_not_look_until_a_task_begins() {
        let mut silence = Silence::since(Instant::now());
        for second in [100, 160, 220] {
            assert!(!silence.look(&heard(second, 0), 0), "{second}");
        }
        // What it then reads may have been sent before a silence.
        assert!(!silence.look(&heard(224, 0), 1));
        assert!(silence.is_suspected() && silence.look(&heard(228, 0), 1));
    }

    #[test]
    fn a_task_that_ends_while_the_agent_looks_was_not_given_away() {
        assert_eq!(after_a_silence([1, 2, 2, 1]), [false; 4]);
        assert_eq!(after_a_silence([1, 2, 1, 2, 2, 1]), [false; 6]);
    }

    #[test]
    fn after_a_silence_in_which_nothing_was_given_away_nothing_is_revoked() {
        assert_eq!(after_a_silence([2, 3, 0, 0]), [false; 4]);
        // An engine that does not count proves nothing.
        let mut silence = Silence::since(Instant::now());
        silence.look(&heard(100, 2), 2);
        let uncounted = Worker {
            running: None,
            ..heard(200, 0)
        };
        assert!(!silence.look(&uncounted, 2) && !silence.look(&uncounted, 2));
    }

    #[test]
    fn the_count_is_looked_at_once_the_worker_is_heard_of_again() {
        let mut silence = Silence::since(Instant::now());
        silence.look(&heard(100, 2), 2);
        let stale = Worker {
            connected: false,
            ..heard(135, 0)
        };
        assert!(!silence.look(&stale, 2));
        assert!(!silence.look(&heard(140, 0), 2));
        assert!(silence.look(&heard(144, 0), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_look_may_come_after_a_silence_too() {
        let mut silence = Silence::since(Instant::now());
        tokio::time::advance(std::time::Duration::from_secs(31)).await;
        assert!(!silence.look(&heard(100, 1), 2));
        assert!(silence.look(&heard(104, 1), 2));
    }
}
