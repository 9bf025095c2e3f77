//! When the agents of a fleet ask Hatchet for the queue, without talking to each other.
//!
//! Hatchet allows ten `task-stats` requests a second from one address, and a fleet behind one NAT
//! gateway has one address. So a fleet asks about once in two seconds, whatever its size: a cycle lasts
//! `metrics.interval_seconds`, and at least 2 s for each of the N instances, and each agent asks once a
//! cycle, at a time that is a hash of its instance id. No list of the fleet is needed, only its size.
//!
//! Times of a hash may fall together. Of 1,000 instances, with one request in two seconds on average,
//! more than ten in the same second happen less than once in a million years.

use std::time::Duration;

/// Seconds of a cycle for each instance, at least.
const SHARE: Duration = Duration::from_secs(2);

/// The size that is assumed until the group has said it: the agent asks every 15 minutes.
const UNKNOWN: u32 = 450;

/// One instance's place in the cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PollSlot {
    /// Instances in the fleet, at least 1.
    pub size: u32,
    /// Its time in the cycle, from 0 to below 1.
    pub phase: f64,
}

impl PollSlot {
    /// The place of an instance in a fleet of this size; nothing is known of it where none is given.
    #[must_use]
    pub fn new(instance: &str, size: Option<u32>) -> Self {
        Self {
            size: size.unwrap_or(UNKNOWN).max(1),
            phase: phase(instance),
        }
    }

    /// Time from one of its requests to the next.
    #[must_use]
    pub fn cycle(self, interval: Duration) -> Duration {
        interval.max(SHARE * self.size)
    }

    /// Time until its next request, from this time since 1970; never nothing.
    #[must_use]
    pub fn until_turn(self, now: Duration, interval: Duration) -> Duration {
        let cycle = self.cycle(interval);
        let begin = cycle.mul_f64(self.phase).as_nanos();
        let cycle = cycle.as_nanos().max(1);
        let left = (begin + cycle - now.as_nanos() % cycle) % cycle;
        let left = if left == 0 { cycle } else { left };
        Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX))
    }
}

/// A number from 0 to below 1 that is the same for the same instance: FNV-1a, mixed once more so that
/// ids that differ in their last digit lie far apart.
#[must_use]
pub fn phase(instance: &str) -> f64 {
    let hash = instance
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = mixed ^ (mixed >> 33);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// How many requests a fleet of this size makes in each second of an hour.
    fn by_second(size: u32) -> BTreeMap<u64, u32> {
        let start = Duration::from_hours(500_000);
        let mut seconds = BTreeMap::new();
        for number in 0..size {
            let place = PollSlot::new(&format!("i-{number:017x}"), Some(size));
            let mut now = start;
            while now < start + 60 * MINUTE {
                now += place.until_turn(now, MINUTE);
                *seconds.entry(now.as_secs()).or_default() += 1;
            }
        }
        seconds
    }

    #[test]
    fn no_second_comes_near_hatchets_limit_whatever_the_size() {
        for size in [1, 2, 7, 29, 30, 31, 60, 100, 333, 1000, 3000] {
            let seconds = by_second(size);
            let most = seconds.values().max().copied().unwrap_or_default();
            assert!(most <= 7, "{size}: {most} in one second");
            let asked: u32 = seconds.values().sum();
            assert!(asked <= 1800 + 2 * size, "{size}: {asked} in an hour");
        }
    }

    #[test]
    fn a_small_fleet_has_a_value_in_every_minute() {
        for size in [1, 2, 30] {
            let minutes: std::collections::BTreeSet<u64> = by_second(size)
                .into_keys()
                .map(|second| second / 60)
                .collect();
            assert!(minutes.len() >= 60, "{size}: {}", minutes.len());
        }
    }

    #[test]
    fn cycles_grow_with_the_fleet() {
        let cycle = |size| PollSlot::new("i-1", size).cycle(MINUTE).as_secs();
        assert_eq!(
            [1, 30, 31, 300].map(|size| cycle(Some(size))),
            [60, 60, 62, 600]
        );
        assert_eq!(cycle(None), 900);
    }

    #[test]
    fn a_turn_that_begins_now_is_over() {
        let place = PollSlot {
            size: 1,
            phase: 0.0,
        };
        assert_eq!(place.until_turn(MINUTE * 3, MINUTE), MINUTE);
    }
}
