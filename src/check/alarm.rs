//! Rules about `[[alarm]]`.

use super::spelling::{LOWER_NAME, is_lower_name, repeated};
use super::{Context, Finding, Findings, Rule};
use crate::diagnostic::Severity;
use crate::fleet::{Alarm, Bounded};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "alarm.name-form",
        severity: Severity::Error,
        title: "An alarm's name is made of lower-case letters, digits and single hyphens",
        why: "It ends the alarm's name in CloudWatch, at most 255 characters with the fleet's \
              prefix, and names the section of its runbook.",
        run: name_form,
    },
    Rule {
        code: "alarm.name-twice",
        severity: Severity::Error,
        title: "Every alarm is listed once",
        why: "The second entry would undo the first.",
        run: name_twice,
    },
    Rule {
        code: "alarm.period",
        severity: Severity::Error,
        title: "An alarm's period is a multiple of a minute",
        why: "CloudWatch API reference, PutMetricAlarm: multiples of 60 for metrics of standard \
              resolution.",
        run: period,
    },
    Rule {
        code: "alarm.window",
        severity: Severity::Error,
        title: "An alarm looks back a day at most",
        why: "CloudWatch API reference, PutMetricAlarm: period times evaluation periods is at \
              most 86,400 s.",
        run: window,
    },
    Rule {
        code: "alarm.threshold",
        severity: Severity::Error,
        title: "An alarm's threshold is a number",
        why: "TOML has inf and nan; CloudWatch refuses them, and no value is ever over them.",
        run: threshold,
    },
    Rule {
        code: "alarm.description",
        severity: Severity::Error,
        title: "An alarm's description has at most 500 characters",
        why: "CloudWatch allows 1024, of which the link to the runbook takes a part.",
        run: description,
    },
];

fn typed<'a>(context: &Context<'a>) -> impl Iterator<Item = (usize, &'a Alarm)> + use<'a> {
    context.fleet.alarm.iter().enumerate()
}

fn path(index: usize, key: &str) -> Path {
    Path::of("alarm").index(index).key(key)
}

fn name_form(context: &Context<'_>, findings: &mut Findings) {
    /// What the fleet's prefix leaves of 255, at its longest.
    const MOST: usize = 128;
    for (index, alarm) in typed(context) {
        if !is_lower_name(&alarm.name) || alarm.name.len() > MOST {
            findings.push(
                Finding::new(
                    path(index, "name"),
                    format!("an alarm cannot be called `{}`", alarm.name),
                )
                .label("not the name of an alarm")
                .help(format!("{LOWER_NAME}, at most {MOST}")),
            );
        }
    }
}

fn name_twice(context: &Context<'_>, findings: &mut Findings) {
    for (index, first) in repeated(typed(context).map(|(_, alarm)| &alarm.name)) {
        findings.push(
            Finding::new(
                path(index, "name"),
                format!(
                    "alarm `{}` is listed twice",
                    context.fleet.alarm[index].name
                ),
            )
            .label("listed again")
            .related(path(first, "name"), "listed here first")
            .help("put everything about an alarm into one entry"),
        );
    }
}

fn period(context: &Context<'_>, findings: &mut Findings) {
    for (index, alarm) in typed(context) {
        let Some(period) = alarm.period.filter(|period| period.get() % 60 != 0) else {
            continue;
        };
        findings.push(
            Finding::new(
                path(index, "period"),
                format!("CloudWatch has no period of {period} s"),
            )
            .label("not a multiple of 60")
            .help(format!("use {}", period.get().div_ceil(60) * 60)),
        );
    }
}

/// What is assumed of a key that is left out, here and for the window alone: it is never more.
const USUAL_PERIOD: u32 = 60;

fn window(context: &Context<'_>, findings: &mut Findings) {
    const DAY: u32 = 86_400;
    for (index, alarm) in typed(context) {
        let period = alarm.period.map_or(USUAL_PERIOD, Bounded::get);
        let periods = alarm.evaluation_periods.map_or(1, Bounded::get);
        let seconds = period * periods;
        if seconds > DAY {
            findings.push(
                Finding::new(
                    path(index, "evaluation_periods"),
                    format!("alarm `{}` would look back {seconds} s", alarm.name),
                )
                .label("more than a day")
                .related(path(index, "period"), "times this")
                .help(format!("use at most {}", DAY / period)),
            );
        }
    }
}

fn threshold(context: &Context<'_>, findings: &mut Findings) {
    for (index, alarm) in typed(context) {
        if alarm
            .threshold
            .is_some_and(|threshold| !threshold.is_finite())
        {
            findings.push(
                Finding::new(
                    path(index, "threshold"),
                    format!("alarm `{}` could never fire", alarm.name),
                )
                .label("not a number that can be passed")
                .help("write a number in the metric's unit"),
            );
        }
    }
}

fn description(context: &Context<'_>, findings: &mut Findings) {
    const MOST: usize = 500;
    for (index, alarm) in typed(context) {
        let length = alarm
            .description
            .as_ref()
            .map_or(0, |description| description.chars().count());
        if length > MOST {
            findings.push(
                Finding::new(
                    path(index, "description"),
                    format!(
                        "the description of `{}` has {length} characters",
                        alarm.name
                    ),
                )
                .label(format!("at most {MOST}"))
                .help("say what the alarm means; the runbook says what to do"),
            );
        }
    }
}
