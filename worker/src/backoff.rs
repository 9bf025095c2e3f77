//! Pauses between restarts at something outside the host.

use std::time::Duration;

/// Exponential with full jitter: the n-th pause is anything up to `first * 2^n`, and never more than
/// the longest. A fleet that lost the same service at the same moment does not come back to it at
/// the same moment.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// The pause after one more failure.
    pub fn pause(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.ceiling().mul_f64(fastrand::f64())
    }

    /// The most that the last pause could have been.
    #[must_use]
    pub fn ceiling(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }

    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// It worked.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_differ() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
        let ceilings: Vec<u64> = (0..8)
            .map(|_| {
                let pause = backoff.pause();
                assert!(pause <= backoff.ceiling());
                backoff.ceiling().as_secs()
            })
            .collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 60, 60]);
        for _ in 0..100 {
            backoff.pause();
        }
        assert_eq!(backoff.ceiling().as_secs(), 60);
        let pauses: std::collections::BTreeSet<Duration> =
            (0..100).map(|_| backoff.pause()).collect();
        assert!(pauses.len() > 50, "a herd");
        backoff.reset();
        backoff.pause();
        assert_eq!(backoff.ceiling().as_secs(), 1);
    }
}
