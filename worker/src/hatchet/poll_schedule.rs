//! How the agents of a fleet share out their questions to Hatchet, without talking to each other.
//!
//! Hatchet bears ten questions a second from one address, and a fleet behind one NAT gateway has one
//! address. So a fleet asks at most one a second, whatever its size:
//!
//! - A cycle lasts `metrics.interval_seconds`, and at least 2 s for each of the N instances.
//! - It is cut into N turns, each at least 2 s long. The instances of the group, in the order of
//!   their ids, have one turn each; the wall clock says which it is.
//! - In its turn an agent asks two questions, at the turn's begin and one second later: how its worker
//!   is, and how many tasks wait.
//!
//! So no second has two questions. Up to 30 instances every agent asks once a minute; 300 ask every
//! ten minutes, 2 s apart. Every agent publishes the same number of waiting tasks, so the fleet has at
//! least one value a minute whatever its size. Agents that count the fleet differently for a while,
//! because instances have just come or gone, may share a second.

use std::time::Duration;

/// Seconds of a turn, at least: one for each question.
const TURN: Duration = Duration::from_secs(2);

/// Between the two questions of a turn.
pub const APART: Duration = Duration::from_secs(1);

/// One instance's place in the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Instances in the fleet, at least 1.
    pub size: u32,
    /// How many of them come before this one.
    pub rank: u32,
}

/// Until the group has said how large it is, an agent behaves as one of so many: it asks every 15
/// minutes, which 450 of them may.
const UNKNOWN: u32 = 450;

impl Place {
    /// The place of an instance in a fleet of which nothing is known.
    #[must_use]
    pub fn unknown(instance: &str) -> Self {
        let sum = instance.bytes().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        Self {
            size: UNKNOWN,
            rank: sum % UNKNOWN,
        }
    }

    /// The place of an instance among these, if it is one of them.
    #[must_use]
    pub fn among(instance: &str, fleet: &std::collections::BTreeSet<String>) -> Option<Self> {
        let rank = fleet.iter().position(|other| other == instance)?;
        Some(Self {
            size: fleet.len() as u32,
            rank: rank as u32,
        })
    }

    /// Time from one of its turns to the next.
    #[must_use]
    pub fn cycle(self, interval: Duration) -> Duration {
        interval.max(TURN * self.size.max(1))
    }

    /// Time until its next turn begins, from this time since 1970; never nothing.
    #[must_use]
    pub fn until_turn(self, now: Duration, interval: Duration) -> Duration {
        let cycle = self.cycle(interval).as_nanos();
        let begin = cycle * u128::from(self.rank) / u128::from(self.size.max(1));
        let position = now.as_nanos() % cycle;
        let left = (begin + cycle - position) % cycle;
        let left = if left == 0 { cycle } else { left };
        Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// The seconds at which a fleet of this size asks during an hour.
    fn questions(size: u32) -> Vec<u64> {
        let fleet: BTreeSet<String> = (0..size).map(|number| format!("i-{number:017x}")).collect();
        let start = Duration::from_hours(500_000);
        let mut seconds = Vec::new();
        for instance in &fleet {
            let place = Place::among(instance, &fleet).unwrap();
            let mut now = start;
            while now < start + 60 * MINUTE {
                now += place.until_turn(now, MINUTE);
                seconds.push(now.as_secs());
                seconds.push((now + APART).as_secs());
            }
        }
        seconds
    }

    #[test]
    fn no_second_has_two_questions_whatever_the_size() {
        for size in [1, 2, 7, 29, 30, 31, 60, 100, 333, 1000] {
            let mut by_second = BTreeMap::<u64, u32>::new();
            for second in questions(size) {
                *by_second.entry(second).or_default() += 1;
            }
            let most = by_second.values().max().unwrap();
            assert_eq!(*most, 1, "{size}");
        }
    }

    #[test]
    fn the_fleet_has_a_value_in_every_minute_whatever_its_size() {
        for size in [1, 2, 30, 31, 100, 1000] {
            let mut minutes = BTreeMap::<u64, u32>::new();
            for second in questions(size) {
                *minutes.entry(second / 60).or_default() += 1;
            }
            assert!(minutes.len() >= 60, "{size}: {}", minutes.len());
        }
    }

    #[test]
    fn cycles_grow_with_the_fleet() {
        let cycle = |size| Place { size, rank: 0 }.cycle(MINUTE).as_secs();
        assert_eq!([1, 30, 31, 300].map(cycle), [60, 60, 62, 600]);
        assert_eq!(Place::unknown("i-1").cycle(MINUTE).as_secs(), 900);
    }

    #[test]
    fn a_turn_that_begins_now_is_over() {
        let place = Place { size: 1, rank: 0 };
        assert_eq!(place.until_turn(MINUTE * 3, MINUTE), MINUTE);
    }

    #[test]
    fn who_is_not_in_the_list_has_no_place() {
        let fleet = BTreeSet::from(["i-1".to_owned()]);
        assert_eq!(Place::among("i-2", &fleet), None);
    }
}
