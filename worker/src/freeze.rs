//! Freezes of the host: a suspended machine, a stalled disk, a stopped process.
//!
//! A worker of which Hatchet hears nothing for 30 s loses its tasks to others. After a freeze of about
//! that length the tasks of before it may run a second time, so their leases are revoked.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How often the clock is read.
pub const TICK: Duration = Duration::from_secs(1);

/// The gap between two readings that counts as a freeze. Hatchet gives tasks away 30 s after the last
/// heartbeat, which comes every 4 s: so the earliest is 26 s after the freeze began.
pub const FREEZE: Duration = Duration::from_secs(25);

/// Notices gaps in its own readings, by the boot-time clock, which goes on while the machine sleeps.
#[derive(Debug)]
pub struct FreezeDetector {
    last: Duration,
}

impl FreezeDetector {
    #[must_use]
    pub fn new() -> Self {
        Self { last: boot_time() }
    }

    /// To be called every [`TICK`]. Returns the length of a freeze that has just ended.
    pub fn tick(&mut self) -> Option<Duration> {
        self.tick_at(boot_time())
    }

    fn tick_at(&mut self, now: Duration) -> Option<Duration> {
        let gap = now.saturating_sub(self.last).saturating_sub(TICK);
        self.last = now;
        (gap >= FREEZE).then_some(gap)
    }
}

impl Default for FreezeDetector {
    fn default() -> Self {
        Self::new()
    }
}

fn boot_time() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_gap_is_a_freeze_and_it_is_reported_once() {
        let mut detector = FreezeDetector {
            last: Duration::from_secs(100),
        };
        for second in [101, 102, 110, 126] {
            assert_eq!(detector.tick_at(Duration::from_secs(second)), None);
        }
        let frozen = detector.tick_at(Duration::from_secs(126 + 31));
        assert_eq!(frozen, Some(Duration::from_secs(30)));
        assert_eq!(detector.tick_at(Duration::from_secs(158)), None);
    }
}
