//! Restarts: when the next one may be, and when there have been too many.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The restarts of one thing.
#[derive(Debug)]
pub struct RestartLimiter {
    first_pause: Duration,
    longest_pause: Duration,
    window: Duration,
    limit: u32,
    /// When they were made, of those in the window.
    made: VecDeque<Instant>,
}

/// What may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try.
    Now,
    /// Not before this.
    Later(Instant),
    /// It has been tried too often: it does not help.
    Enough,
}

impl RestartLimiter {
    /// At most `limit` within `window`; each waits twice as long as the one before.
    #[must_use]
    pub fn new(
        limit: u32,
        window: Duration,
        first_pause: Duration,
        longest_pause: Duration,
    ) -> Self {
        Self {
            first_pause,
            longest_pause,
            window,
            limit,
            made: VecDeque::new(),
        }
    }

    /// What may be done at this time.
    pub fn decide(&mut self, now: Instant) -> Decision {
        while self
            .made
            .front()
            .is_some_and(|made| *made + self.window <= now)
        {
            self.made.pop_front();
        }
        let Some(last) = self.made.back() else {
            return Decision::Now;
        };
        let exponent = self.made.len() as u32 - 1;
        let pause = self
            .first_pause
            .saturating_mul(2_u32.saturating_pow(exponent))
            .min(self.longest_pause);
        if now < *last + pause {
            // The last one, too, is given its time.
            return Decision::Later(*last + pause);
        }
        if self.made.len() >= self.limit as usize {
            return Decision::Enough;
        }
        Decision::Now
    }

    /// One is made.
    pub fn note(&mut self, now: Instant) {
        self.made.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Decision, RestartLimiter};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_double_up_to_the_longest_and_then_it_is_enough() {
        let start = Instant::now();
        let mut restarts = RestartLimiter::new(4, 600 * SECOND, SECOND, 3 * SECOND);
        let mut now = start;
        for pause in [1, 2, 3, 3] {
            assert_eq!(restarts.decide(now), Decision::Now);
            restarts.note(now);
            now += pause * SECOND;
            let just_before = now - Duration::from_millis(1);
            assert_eq!(restarts.decide(just_before), Decision::Later(now));
        }
        assert_eq!(restarts.decide(now), Decision::Enough);
    }

    #[test]
    fn what_is_long_ago_does_not_count() {
        let start = Instant::now();
        let mut restarts = RestartLimiter::new(1, 60 * SECOND, SECOND, SECOND);
        restarts.note(start);
        assert_eq!(restarts.decide(start + 2 * SECOND), Decision::Enough);
        assert_eq!(restarts.decide(start + 60 * SECOND), Decision::Now);
    }
}
