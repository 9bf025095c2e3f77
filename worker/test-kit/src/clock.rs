//! The wall clock, read in one place. Whatever the fakes measure, they measure with `Instant`;
//! a calendar time is only what a protocol asks for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Seconds since 1970.
#[must_use]
pub fn unix_seconds() -> u64 {
    since_epoch().as_secs()
}

/// This long from now, as IMDS writes a time: UTC, whole seconds, `2026-11-26T02:20:00Z`.
#[must_use]
pub fn in_text(from_now: Duration) -> String {
    let seconds = (since_epoch() + from_now).as_secs() as i64;
    Timestamp::from_second(seconds)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "tokens expire and notices name a time by the calendar; nothing here is rendered"
)]
fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
