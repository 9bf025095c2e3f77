//! When the next heartbeat is due.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::RETRY_AFTER;
use jiff::{SignedDuration, Timestamp};

use crate::backoff::Backoff;

/// The longest that a response's `Retry-After` is honoured.
pub const MAX_RETRY_AFTER: Duration = Duration::from_mins(10);

/// The pauses between heartbeats.
#[derive(Debug)]
pub struct Schedule {
    interval: Duration,
    backoff: Backoff,
}

impl Schedule {
    /// After one that failed, the next is tried sooner than usual, then later and later, up to four
    /// intervals.
    #[must_use]
    pub const fn new(interval: Duration) -> Self {
        Self {
            interval,
            backoff: Backoff::new(
                Duration::from_nanos(interval.as_nanos() as u64 / 4),
                interval.saturating_mul(4),
            ),
        }
    }

    /// Takes the interval that the server would like, from 5 s to 5 minutes.
    pub fn set_interval(&mut self, seconds: u32) {
        let interval = Duration::from_secs(u64::from(seconds.clamp(5, 300)));
        if interval != self.interval {
            *self = Self::new(interval);
        }
    }

    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    /// The API has taken one. Returns the pause; pauses differ by a tenth to each side, so that hosts that
    /// started together drift apart.
    pub fn taken(&mut self) -> Duration {
        self.backoff.reset();
        self.interval.mul_f64(0.9 + 0.2 * fastrand::f64())
    }

    /// The API has not taken one. What it asks for counts; added to it is a pause of our own, so that
    /// hosts that were told the same do not come back together.
    pub fn missed(&mut self, retry_after: Option<Duration>) -> Duration {
        let shortest = self.interval / 30;
        let pause = self.backoff.pause().max(shortest);
        pause + retry_after.unwrap_or_default().min(MAX_RETRY_AFTER)
    }
}

/// How long a response asks to be left alone: `Retry-After` in seconds, or as a date (RFC 9110, 10.2.3).
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(value)
        .ok()?;
    Some(Duration::try_from(date.duration_since(now).max(SignedDuration::ZERO)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        let now: Timestamp = "2026-11-29T14:00:00Z".parse().unwrap();
        retry_after(&headers, now).map(|pause| pause.as_secs())
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Sun, 29 Nov 2026 14:01:30 GMT"), Some(90));
        assert_eq!(asked("Sun, 29 Nov 2026 13:00:00 GMT"), Some(0));
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-5"), None);
        assert_eq!(retry_after(&HeaderMap::new(), Timestamp::now()), None);
    }

    #[test]
    fn hosts_that_lost_the_api_together_come_back_apart() {
        let interval = Duration::from_secs(30);
        let mut pauses: Vec<Duration> = (0..200)
            .map(|_| {
                let mut schedule = Schedule::new(interval);
                for _ in 0..9 {
                    schedule.missed(None);
                }
                schedule.missed(None)
            })
            .collect();
        pauses.sort();
        assert!(*pauses.last().unwrap() <= 4 * interval);
        assert!(pauses[0] >= interval / 30);
        // Two minutes have 24 stretches of five seconds: none takes a quarter of the fleet.
        let most = (0..24_u64)
            .map(|number| {
                let stretch = Duration::from_secs(5 * number)..Duration::from_secs(5 * number + 5);
                pauses
                    .iter()
                    .filter(|pause| stretch.contains(*pause))
                    .count()
            })
            .max();
        assert!(most.unwrap() < 50, "{most:?}");
    }

    #[test]
    fn what_the_api_asks_for_is_honoured_within_reason() {
        let mut schedule = Schedule::new(Duration::from_secs(30));
        assert!(schedule.missed(Some(Duration::from_secs(90))) >= Duration::from_secs(90));
        let longest = schedule.missed(Some(Duration::from_hours(24)));
        assert!(longest <= MAX_RETRY_AFTER + Duration::from_mins(2));
    }
}
