//! Rules about the schedules together: what is in force when, over a year.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::finding::{Finding, Findings};
use super::rule::{Context, Rule};
use super::schedule::{declared, path, recurrences};
use crate::calendar::cron::{self, Recurrence};
use crate::calendar::time_zone;
use crate::derive::scaling::SizeBounds;
use crate::diagnostic::Severity;
use crate::fleet::{Bounded, Schedule};

pub const RULES: &[Rule] = &[
    Rule {
        code: "schedule.same-minute",
        severity: Severity::Error,
        title: "No two schedules fire at the same minute",
        reason: "EC2 Auto Scaling refuses two scheduled actions at one time, and says so only at \
              apply. Times are compared in UTC over a whole year, so zones and daylight saving \
              count.",
        run: same_minute,
    },
    Rule {
        code: "schedule.min-above-max",
        severity: Severity::Error,
        title: "At every time `min_size` is at most `max_size`, and a `desired_capacity` lies \
                between them",
        reason: "A schedule that sets one bound meets the other as `[scaling]` or another schedule \
              left it. EC2 Auto Scaling then refuses the action, and the group keeps its old \
              bounds.",
        run: min_above_max,
    },
    Rule {
        code: "schedule.never-raised",
        severity: Severity::Error,
        title: "A size that one schedule lowers is raised again by another",
        reason: "The sizes that a scheduled action sets stay in force until another scheduled action \
              changes them.",
        run: never_raised,
    },
    Rule {
        code: "schedule.weekend-hole",
        severity: Severity::Warning,
        title: "A schedule that lowers a size fires on the days on which another raises it",
        reason: "A daily lowering with a raise on weekdays only leaves the fleet lowered through the \
              weekend, although it reads as if every day were alike. It may be meant; then the \
              lowering belongs on weekdays too.",
        run: weekend_hole,
    },
];

/// The most times of one schedule that are compared. Hourly is 8,784 a year.
const MAX_OCCURRENCES: usize = 10_000;

/// A schedule at one of its times.
pub struct Occurrence<'a> {
    time: Timestamp,
    index: usize,
    schedule: &'a Schedule,
}

/// When a schedule fires; never, when it cannot be read: that is another rule's.
fn times_of(schedule: &Schedule, cron: Option<&Recurrence>) -> Vec<Timestamp> {
    match (cron, time_zone::find(&schedule.time_zone)) {
        (Some(cron), Some(zone)) => {
            let (first, last) = cron::REFERENCE_YEAR;
            let times = cron::occurrences(cron, &zone, first, last);
            times.take(MAX_OCCURRENCES).collect()
        }
        _ => Vec::new(),
    }
}

/// Every occurrence of the year in its order, worked out when the first rule asks.
fn occurrences<'c, 'a>(context: &'c Context<'a>) -> &'c [Occurrence<'a>] {
    context.occurrences.get_or_init(|| {
        let mut occurrences: Vec<Occurrence<'a>> = declared(context)
            .zip(recurrences(context))
            .flat_map(|((index, schedule), cron)| {
                let times = times_of(schedule, cron.as_ref().ok());
                times.into_iter().map(move |time| Occurrence {
                    time,
                    index,
                    schedule,
                })
            })
            .collect();
        // Stable: at one time, in the order of the file.
        occurrences.sort_by_key(|occurrence| occurrence.time);
        occurrences
    })
}

fn same_minute(context: &Context<'_>, findings: &mut Findings) {
    let mut reported = Vec::new();
    for pair in occurrences(context).windows(2) {
        let (first, second) = (&pair[0], &pair[1]);
        let indices = (first.index, second.index);
        if first.time != second.time || first.index == second.index || reported.contains(&indices) {
            continue;
        }
        reported.push(indices);
        findings.push(
            Finding::new(
                path(second.index, "recurrence"),
                format!(
                    "schedules `{}` and `{}` fire at the same minute",
                    first.schedule.name, second.schedule.name
                ),
            )
            .label(format!(
                "both fire at {} UTC",
                second.time.strftime("%H:%M on %B %-d")
            ))
            .related(path(first.index, "recurrence"), "the other one")
            .help("set both sizes in one schedule, or move one of them by a minute"),
        );
    }
}

fn min_above_max(context: &Context<'_>, findings: &mut Findings) {
    let mut bounds = SizeBounds::of(&context.fleet.scaling);
    if bounds.min_size > bounds.max_size {
        return;
    }
    let mut reported = Vec::new();
    for occurrence in occurrences(context) {
        let after = bounds.after_schedule(occurrence.schedule);
        let SizeBounds {
            min_size: min,
            max_size: max,
        } = after;
        if min <= max {
            bounds = after;
            let desired = occurrence.schedule.desired_capacity.map(Bounded::get);
            if let Some(desired) = desired.filter(|desired| !(min..=max).contains(desired))
                && !reported.contains(&occurrence.index)
            {
                reported.push(occurrence.index);
                findings.push(outside_bounds(occurrence, desired, min, max));
            }
            continue;
        }
        if !reported.contains(&occurrence.index) {
            reported.push(occurrence.index);
            findings.push(crossed_bounds(occurrence, min, max));
        }
    }
}

fn outside_bounds(occurrence: &Occurrence<'_>, desired: u32, min: u32, max: u32) -> Finding {
    let name = &occurrence.schedule.name;
    Finding::new(
        path(occurrence.index, "desired_capacity"),
        format!(
            "schedule `{name}` sets a size of {desired} outside the bounds in force at that time, \
             {min} to {max}"
        ),
    )
    .label("outside the bounds")
    .help(format!(
        "choose a desired size from {min} to {max}, or set `min_size` and `max_size` in the same schedule"
    ))
}

fn crossed_bounds(occurrence: &Occurrence<'_>, min: u32, max: u32) -> Finding {
    let name = &occurrence.schedule.name;
    let (key, other) = match (occurrence.schedule.min_size, occurrence.schedule.max_size) {
        (Some(_), Some(_)) => ("min_size", "the same schedule"),
        (Some(_), None) => ("min_size", "`max_size` as it is at that time"),
        _ => ("max_size", "`min_size` as it is at that time"),
    };
    Finding::new(
        path(occurrence.index, key),
        format!("schedule `{name}` leaves a smallest size of {min} above the largest, {max}"),
    )
    .label(format!("conflicts with {other}"))
    .help("set both sizes in the schedule, the smallest first")
}

/// A size that schedules change, by its key.
type SizeOf = fn(&Schedule) -> Option<u32>;

const SIZES: [(&str, SizeOf); 2] = [
    ("min_size", |schedule| schedule.min_size.map(Bounded::get)),
    ("max_size", |schedule| schedule.max_size.map(Bounded::get)),
];

fn never_raised(context: &Context<'_>, findings: &mut Findings) {
    let bounds = SizeBounds::of(&context.fleet.scaling);
    for (key, size) in SIZES {
        let usual = if key == "min_size" {
            bounds.min_size
        } else {
            bounds.max_size
        };
        let set: Vec<(usize, u32)> = declared(context)
            .filter_map(|(index, schedule)| Some((index, size(schedule)?)))
            .collect();
        let Some((lowered, largest)) = set.iter().copied().max_by_key(|(_, size)| *size) else {
            continue;
        };
        // Where two schedules differ, the larger one brings back what the smaller one took.
        let differ = set.iter().any(|(_, size)| *size != largest);
        if largest < usual && !differ {
            findings.push(
                Finding::new(
                    path(lowered, key),
                    format!("no schedule raises `{key}` back to {usual}"),
                )
                .label(format!("lowered from {usual} and never raised"))
                .related(
                    crate::load::Path::of("scaling").key(key),
                    "its value until then",
                )
                .help(format!("add a schedule that sets `{key} = {usual}`")),
            );
        }
    }
}

fn weekend_hole(context: &Context<'_>, findings: &mut Findings) {
    let occurrences = occurrences(context);
    for (key, size) in SIZES {
        for (index, time) in lowered_again(occurrences, size) {
            if raise_was_skipped(context, size, index, time) {
                continue;
            }
            let name = &context.fleet.schedule[index].name;
            findings.push(
                Finding::new(
                    path(index, "recurrence"),
                    format!("schedule `{name}` lowers `{key}` on days on which nothing raised it"),
                )
                .label(format!(
                    "already lowered on {}",
                    zone_of(context, index).to_datetime(time).strftime("%A")
                ))
                .help(
                    "raise the size on those days too, or lower it only on the days on which it \
                     is raised",
                ),
            );
        }
    }
}

/// Whether the clocks skipped the time at which another schedule would have raised the size on the day of a
/// lowering: that is another rule's.
fn raise_was_skipped(
    context: &Context<'_>,
    size: SizeOf,
    lowering: usize,
    time: Timestamp,
) -> bool {
    let lowered = size(&context.fleet.schedule[lowering]);
    declared(context)
        .zip(recurrences(context))
        .any(|((index, schedule), recurrence)| {
            let (Ok(recurrence), Some(zone)) = (recurrence, time_zone::find(&schedule.time_zone))
            else {
                return false;
            };
            let day = zone.to_datetime(time).date();
            let before = day.yesterday().unwrap_or(day);
            index != lowering
                && size(schedule) > lowered
                && cron::skipped(recurrence, &zone, before, day)
                    .next()
                    .is_some()
        })
}

fn zone_of(context: &Context<'_>, index: usize) -> TimeZone {
    let name = &context.fleet.schedule[index].time_zone;
    time_zone::find(name).unwrap_or(TimeZone::UTC)
}

/// Schedules that fire a second time without a raise in between, and when. A schedule lowers when
/// the size before it was larger; one that never does is none of those.
fn lowered_again(occurrences: &[Occurrence<'_>], size: SizeOf) -> Vec<(usize, Timestamp)> {
    let sizes = occurrences
        .iter()
        .filter_map(|occurrence| Some((occurrence, size(occurrence.schedule)?)));
    let mut lowers = BTreeSet::new();
    let mut idle: BTreeMap<usize, Timestamp> = BTreeMap::new();
    let mut last: Option<(usize, u32)> = None;
    for (occurrence, set) in sizes {
        if let Some((index, in_force)) = last {
            if set < in_force {
                lowers.insert(occurrence.index);
            } else if index == occurrence.index
                && set == in_force
                && lowers.contains(&occurrence.index)
            {
                idle.entry(occurrence.index).or_insert(occurrence.time);
            }
        }
        last = Some((occurrence.index, set));
    }
    let mut found: Vec<_> = idle.into_iter().collect();
    found.sort_unstable();
    found
}
