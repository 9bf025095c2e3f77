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
    clock: Clock,
    last: Duration,
}

/// What the time since the boot is read from.
pub type Clock = fn() -> Duration;

impl FreezeDetector {
    /// A detector by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            last: clock(),
        }
    }

    /// To be called every [`TICK`], and before anything that a freeze would forbid: what is asked right after it may come
    /// before the next tick. Returns the length of a freeze that has just ended.
    pub fn tick(&mut self) -> Option<Duration> {
        let now = (self.clock)();
        let gap = now.saturating_sub(self.last).saturating_sub(TICK);
        self.last = now;
        (gap >= FREEZE).then_some(gap)
    }
}

/// The time since the boot, by the clock that goes on while the machine sleeps.
#[must_use]
pub fn boot_time() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static NOW: Cell<u64> = const { Cell::new(100) };
    }

    fn clock() -> Duration {
        Duration::from_secs(NOW.get())
    }

    #[test]
    fn only_a_long_gap_is_a_freeze_and_it_is_reported_once() {
        let mut detector = FreezeDetector::new(clock);
        let mut tick_at = |second| {
            NOW.set(second);
            detector.tick()
        };
        for second in [101, 102, 110, 126] {
            assert_eq!(tick_at(second), None);
        }
        assert_eq!(tick_at(126 + 31), Some(Duration::from_secs(30)));
        assert_eq!(tick_at(158), None);
    }
}
