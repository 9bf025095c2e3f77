//! What the schedules leave of the group's bounds, minute by minute through one week.
//!
//! The week is fixed, so that an estimate is the same on every day and every machine, and no time
//! zone changes its clocks in it.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;

use crate::calendar::cron::{self, Recurrence};
use crate::calendar::time_zone;
use crate::derive::scaling;
use crate::resolve::{Scaling, Schedule};

/// The week's first day and the day after its last one, both Mondays, in UTC.
const WEEK: (Date, Date) = (date(2026, 1, 12), date(2026, 1, 19));

/// The week in words.
pub const DESCRIPTION: &str = "the week from Monday 2026-01-12 00:00 UTC";

/// Minutes of the week that is simulated.
pub const MINUTES: u32 = 7 * 24 * 60;

/// Bounds of the group and for how long of the week they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SizePeriod {
    /// Capacity units.
    pub min_size: u32,
    /// Capacity units.
    pub max_size: u32,
    /// Of [`MINUTES`].
    pub minutes: u32,
}

/// The bounds of the week, each pair once, in the order in which they first hold.
#[must_use]
pub fn bounds(scaling: &Scaling) -> Vec<SizePeriod> {
    let (start, end) = (midnight(WEEK.0), midnight(WEEK.1));
    let mut current = SizePeriod {
        min_size: scaling.min_size,
        max_size: scaling.max_size,
        minutes: 0,
    };
    for (_, schedule) in last_before(&scaling.schedules, start) {
        current.apply(schedule);
    }
    let mut found = Vec::new();
    let mut since = start;
    for (at, schedule) in within(&scaling.schedules, start, end) {
        add(&mut found, current, since, at);
        current.apply(schedule);
        since = at;
    }
    add(&mut found, current, since, end);
    found
}

impl SizePeriod {
    /// What a scheduled action does: it sets the sizes that it names.
    fn apply(&mut self, schedule: &Schedule) {
        let bounds = scaling::SizeBounds {
            min_size: self.min_size,
            max_size: self.max_size,
        };
        let after = bounds.after(schedule.min_size, schedule.max_size);
        (self.min_size, self.max_size) = (after.min_size, after.max_size);
    }
}

/// When a day begins in UTC.
fn midnight(day: Date) -> Timestamp {
    let midnight = day.at(0, 0, 0, 0);
    Offset::UTC.to_timestamp(midnight).unwrap_or_default()
}

type Occurrence<'a> = (Timestamp, &'a Schedule);

/// What the schedules did last before the week, the earliest first: each sets the same sizes every
/// time, so its last time is all that matters.
fn last_before(schedules: &[Schedule], start: Timestamp) -> Vec<Occurrence<'_>> {
    let mut last: Vec<Occurrence<'_>> = schedules
        .iter()
        .filter_map(|schedule| {
            let (cron, zone) = parse(schedule)?;
            Some((cron::last_occurrence_before(&cron, &zone, start)?, schedule))
        })
        .collect();
    last.sort_by_key(|(at, _)| *at);
    last
}

/// Everything that the schedules do in the week, the earliest first.
fn within(schedules: &[Schedule], start: Timestamp, end: Timestamp) -> Vec<Occurrence<'_>> {
    let mut all = Vec::new();
    for schedule in schedules {
        let Some((cron, zone)) = parse(schedule) else {
            continue;
        };
        // The days of the zone in which the week begins and ends.
        let first = zone.to_datetime(start).date();
        let last = zone.to_datetime(end).date();
        let times = cron::occurrences(&cron, &zone, first, last);
        let in_week = times.filter(|at| (start..end).contains(at));
        all.extend(in_week.map(|at| (at, schedule)));
    }
    // Stable: of two at one moment, the later of the file has the last word.
    all.sort_by_key(|(at, _)| *at);
    all
}

/// `None` for what the rules refuse.
fn parse(schedule: &Schedule) -> Option<(Recurrence, TimeZone)> {
    let cron = cron::parse(&schedule.recurrence).ok()?;
    Some((cron, time_zone::find(&schedule.time_zone)?))
}

fn add(found: &mut Vec<SizePeriod>, current: SizePeriod, since: Timestamp, until: Timestamp) {
    let minutes = u32::try_from(until.duration_since(since).as_mins()).unwrap_or(0);
    if minutes == 0 {
        return;
    }
    // A smallest size above the largest is refused by the rules, and by AWS.
    let max_size = current.max_size.max(current.min_size);
    let same =
        |known: &&mut SizePeriod| known.min_size == current.min_size && known.max_size == max_size;
    match found.iter_mut().find(same) {
        Some(known) => known.minutes += minutes,
        None => found.push(SizePeriod {
            min_size: current.min_size,
            max_size,
            minutes,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(recurrence: &str, time_zone: &str, min_size: i64, max_size: i64) -> Schedule {
        // Below zero: left as it is.
        let size = |size: i64| u32::try_from(size).ok();
        Schedule {
            name: recurrence.to_owned(),
            recurrence: recurrence.to_owned(),
            time_zone: time_zone.to_owned(),
            min_size: size(min_size),
            max_size: size(max_size),
            desired_capacity: None,
        }
    }

    fn scaling(schedules: Vec<Schedule>) -> Scaling {
        Scaling {
            min_size: 1,
            max_size: 10,
            queue_steps: Vec::new(),
            from_zero: None,
            scale_in: None,
            cpu_target: None,
            slots_target: None,
            schedules_own_min_size: false,
            schedules_own_max_size: false,
            queue_depth: "QueueDepth",
            slot_utilization: "SlotUtilization",
            desired_capacity: "GroupDesiredCapacity",
            schedules,
        }
    }

    fn hours(min_size: u32, max_size: u32, hours: u32) -> SizePeriod {
        SizePeriod {
            min_size,
            max_size,
            minutes: hours * 60,
        }
    }

    #[test]
    fn no_time_zone_changes_its_clocks_in_the_week() {
        let start = midnight(WEEK.0);
        for name in time_zone::names() {
            let zone = time_zone::find(&name).expect("a zone of the list");
            let offset = |hour: i64| zone.to_offset(start + jiff::SignedDuration::from_hours(hour));
            // Two days more at either end: a day of the week begins at another hour in each zone.
            for hour in -48..9 * 24 {
                assert_eq!(offset(hour), offset(0), "{name} at hour {hour}");
            }
        }
    }

    #[test]
    fn without_schedules_the_bounds_never_change() {
        assert_eq!(bounds(&scaling(Vec::new())), [hours(1, 10, 168)]);
    }

    #[test]
    fn business_hours_of_new_york_are_sixty_hours() {
        let schedules = vec![
            schedule("0 8 * * MON-FRI", "America/New_York", 2, -1),
            schedule("0 20 * * MON-FRI", "America/New_York", 0, -1),
        ];
        // The week begins on Sunday evening in New York: Friday's off-hours still hold.
        let expected = [hours(0, 10, 108), hours(2, 10, 60)];
        assert_eq!(bounds(&scaling(schedules)), expected);
    }

    #[test]
    fn zones_move_the_hours_and_sizes_that_are_not_named_stay() {
        let schedules = vec![
            // Monday 06:00 in Tokyo is Sunday 21:00 UTC, before the week begins and at its end.
            schedule("0 6 * * MON", "Asia/Tokyo", -1, 20),
            // Wednesday 00:00 UTC.
            schedule("0 9 * * WED", "Asia/Tokyo", 4, -1),
            // Friday 12:30 UTC.
            schedule("0 18 * * FRI", "Asia/Kolkata", 1, 8),
        ];
        let expected = [
            SizePeriod {
                min_size: 1,
                max_size: 20,
                minutes: 48 * 60 + 3 * 60,
            },
            SizePeriod {
                min_size: 4,
                max_size: 20,
                minutes: 60 * 60 + 30,
            },
            SizePeriod {
                min_size: 1,
                max_size: 8,
                minutes: (168 - 108 - 3) * 60 - 30,
            },
        ];
        assert_eq!(bounds(&scaling(schedules)), expected);
    }

    #[test]
    fn a_monthly_schedule_counts_as_it_was_left() {
        let schedules = vec![schedule("0 0 1 * *", "Etc/UTC", 3, -1)];
        assert_eq!(bounds(&scaling(schedules)), [hours(3, 10, 168)]);
    }

    #[test]
    fn every_minute_of_the_week_is_counted_once() {
        let schedules = vec![
            schedule("*/7 * * * *", "Asia/Kathmandu", 2, -1),
            schedule("3 */5 * * *", "Australia/Lord_Howe", 0, 4),
        ];
        let minutes: u32 = bounds(&scaling(schedules))
            .iter()
            .map(|bounds| bounds.minutes)
            .sum();
        assert_eq!(minutes, MINUTES);
    }
}
