//! A time by which something has to be over.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// A deadline. The agent lives by the monotonic clock, so that a jump of the other one moves
/// nothing; `at` is for people and for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    pub instant: Instant,
    pub at: Timestamp,
}

impl Deadline {
    /// This long from now.
    #[must_use]
    pub fn within(left: Duration) -> Self {
        let at = SignedDuration::try_from(left)
            .ok()
            .and_then(|left| Timestamp::now().checked_add(left).ok())
            .unwrap_or(Timestamp::MAX);
        Self {
            instant: Instant::now() + left,
            at,
        }
    }

    /// `margin` before the announced time, and never later. A time further away than `most` is a
    /// wrong clock, and is taken for `most`.
    #[must_use]
    pub fn before(time: Timestamp, margin: Duration, most: Duration) -> Self {
        let left = Duration::try_from(time.duration_since(Timestamp::now())).unwrap_or_default();
        Self::within(left.min(most).saturating_sub(margin))
    }

    /// What is left, or nothing.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.instant.saturating_duration_since(Instant::now())
    }

    /// For a file that the agent reads after a restart in the same boot.
    #[must_use]
    pub fn to_saved(&self) -> SavedDeadline {
        SavedDeadline {
            monotonic_milliseconds: monotonic().saturating_add(self.left()).as_millis() as u64,
            at: self.at,
        }
    }
}

/// A deadline in a file. The monotonic clock goes on over a restart of the agent; only a boot sets
/// it back, and that empties the folder that the file is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SavedDeadline {
    pub monotonic_milliseconds: u64,
    pub at: Timestamp,
}

impl SavedDeadline {
    /// The same deadline in this process.
    #[must_use]
    pub fn restore(&self) -> Deadline {
        let left = Duration::from_millis(self.monotonic_milliseconds).saturating_sub(monotonic());
        Deadline {
            instant: Instant::now() + left,
            at: self.at,
        }
    }
}

/// The monotonic clock, which every process of this boot reads alike.
fn monotonic() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}
