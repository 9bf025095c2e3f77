//! Rules about the time zones of `[[schedule]]`, and the hour that their clocks skip.

use super::finding::{Finding, Findings};
use super::identifiers::did_you_mean;
use super::rule::{Context, Rule};
use super::schedule::{declared, path, recurrences};
use crate::calendar::{cron, time_zone, zone_names};
use crate::catalog::similar_by;
use crate::diagnostic::Severity;

pub const RULES: &[Rule] = &[
    Rule {
        code: "schedule.time-zone",
        severity: Severity::Error,
        title: "A schedule's time zone is one of the IANA database",
        reason: "EC2 Auto Scaling refuses others, at apply.",
        run: unknown,
    },
    Rule {
        code: "schedule.time-zone-legacy",
        severity: Severity::Warning,
        title: "A schedule's time zone is named after a place",
        reason: "Abbreviations such as EST are legacy names of the IANA database. Most do not follow \
              daylight saving, so that a schedule is an hour off for half of the year; and the \
              sign of `Etc/GMT+5` is inverted: it is 5 hours behind UTC.",
        run: legacy,
    },
    Rule {
        code: "schedule.skipped-hour",
        severity: Severity::Warning,
        title: "A schedule fires at a time that exists on every day",
        reason: "When daylight saving begins, the clocks skip an hour: a schedule within it does not \
              fire on that day, and the size stays as it was before.",
        run: skipped_hour,
    },
];

fn unknown(context: &Context<'_>, findings: &mut Findings) {
    for (index, schedule) in declared(context) {
        let name = &schedule.time_zone;
        if time_zone::find(name).is_some() {
            continue;
        }
        let label = if zone_names::is_offset(name) {
            "a distance from UTC, not a place"
        } else {
            "not in the IANA database"
        };
        findings.push(
            Finding::new(
                path(index, "time_zone"),
                format!("there is no time zone `{name}`"),
            )
            .label(label)
            .help(did_you_mean(
                suggestion(name).as_deref(),
                "write a zone such as \"America/New_York\" or \"Etc/UTC\"",
            )),
        );
    }
}

/// The zone that is meant most likely: by its meaning, else by its spelling. A name with digits in it is an
/// offset, which is near to no place.
fn suggestion(name: &str) -> Option<String> {
    let by_spelling = || {
        if name.contains(|letter: char| letter.is_ascii_digit()) {
            return None;
        }
        let spelt = name.replace(' ', "_");
        let names: Vec<String> = time_zone::names()
            .filter(|zone| zone_names::place_of_legacy(zone).is_none())
            .collect();
        // Places have much of their names in common: only a slip of the hand is told from another place.
        similar_by(0.93, &spelt, names.iter().map(String::as_str)).map(str::to_owned)
    };
    zone_names::guess(name).or_else(by_spelling)
}

fn legacy(context: &Context<'_>, findings: &mut Findings) {
    for (index, schedule) in declared(context) {
        let name = &schedule.time_zone;
        let (label, help) = if let Some(place) = zone_names::place_of_legacy(name) {
            (
                "a legacy name, not a place".to_owned(),
                format!("did you mean `{place}`? Write the place whose clocks count"),
            )
        } else if let Some(hours) = zone_names::hours_ahead_of_utc(name) {
            let unit = if hours.abs() == 1 { "hour" } else { "hours" };
            let side = if hours > 0 { "ahead of" } else { "behind" };
            (
                format!("{} {unit} {side} UTC, all year", hours.abs()),
                "write the place whose clocks count, such as \"America/New_York\", or \"Etc/UTC\""
                    .to_owned(),
            )
        } else {
            continue;
        };
        findings.push(
            Finding::new(
                path(index, "time_zone"),
                format!("time zone `{name}` is not named after a place"),
            )
            .label(label)
            .help(help),
        );
    }
}

fn skipped_hour(context: &Context<'_>, findings: &mut Findings) {
    let (first, last) = cron::REFERENCE_YEAR;
    for ((index, schedule), recurrence) in declared(context).zip(recurrences(context)) {
        let (Ok(recurrence), Some(zone)) = (recurrence, time_zone::find(&schedule.time_zone))
        else {
            continue;
        };
        let Some(local) = cron::skipped(recurrence, &zone, first, last).next() else {
            continue;
        };
        findings.push(
            Finding::new(
                path(index, "recurrence"),
                format!(
                    "schedule `{}` does not fire on the day on which daylight saving begins",
                    schedule.name
                ),
            )
            .label(format!(
                "in {} there is no {} on {}",
                schedule.time_zone,
                local.strftime("%H:%M"),
                local.strftime("%B %-d, %Y")
            ))
            .help("choose a time outside of the skipped hour, such as 01:30 or 03:30"),
        );
    }
}
