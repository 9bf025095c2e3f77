//! Rules about `[[alarm]]`.

use super::finding::{Finding, Findings};
use super::identifiers::{KEBAB_CASE_HELP, duplicates, is_kebab_case};
use super::rule::{Context, Rule};
use crate::catalog::alarms::{self};
use crate::catalog::metrics::{self};
use crate::derive;
use crate::derive::alarms::timing;
use crate::derive::scaling::{
    IDLE_ALARM, ZERO_ALARM, queue_steps, scale_in, starts_from_zero, step_alarm,
};
use crate::diagnostic::Severity;
use crate::fleet::Alarm;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "alarm.name-form",
        severity: Severity::Error,
        title: "An alarm's name is made of lower-case letters, digits and single hyphens",
        reason: "It becomes the end of the alarm's name in CloudWatch (at most 255 characters, with the fleet's prefix) and the heading of its runbook.",
        run: name_form,
    },
    Rule {
        code: "alarm.name-twice",
        severity: Severity::Error,
        title: "Every alarm is listed once",
        reason: "The second entry would override the first.",
        run: name_twice,
    },
    Rule {
        code: "alarm.name-of-scaling",
        severity: Severity::Error,
        title: "An added alarm has another name than those that scale the group",
        reason: "The steps of the queue and an idle fleet have alarms of their own. Terraform refuses a second \
              resource of the same name, and CloudWatch would replace one alarm by the other.",
        run: name_of_scaling,
    },
    Rule {
        code: "alarm.period",
        severity: Severity::Error,
        title: "An alarm's period is a multiple of a minute",
        reason: "CloudWatch API reference, PutMetricAlarm: multiples of 60 for metrics of standard \
              resolution.",
        run: period,
    },
    Rule {
        code: "alarm.window",
        severity: Severity::Error,
        title: "An alarm evaluates at most one day",
        reason: "CloudWatch API reference, PutMetricAlarm: period times evaluation periods is at \
              most 86,400 s.",
        run: window,
    },
    Rule {
        code: "alarm.description",
        severity: Severity::Error,
        title: "An alarm's description and the way to its runbook have at most 1024 characters",
        reason: "CloudWatch API reference, PutMetricAlarm: AlarmDescription has at most 1024 characters. The way to the \
              runbook ends it: the address of `alerts.runbook_base_url`, or the file that is rendered.",
        run: description,
    },
];

/// Characters of an alarm's description (CloudWatch API reference, `PutMetricAlarm`).
const MAX_DESCRIPTION_LENGTH: usize = 1024;

/// Every entry and its place in the list.
pub fn declared<'a>(context: &Context<'a>) -> impl Iterator<Item = (usize, &'a Alarm)> + use<'a> {
    context.fleet.alarm.iter().enumerate()
}

/// The path of a key of an entry.
pub fn path(index: usize, key: &str) -> Path {
    Path::of("alarm").index(index).key(key)
}

/// Alarms that are none of the generator's own.
pub fn added<'a>(context: &Context<'a>) -> impl Iterator<Item = (usize, &'a Alarm)> + use<'a> {
    declared(context).filter(|(_, alarm)| alarms::find(&alarm.name).is_none())
}

fn name_form(context: &Context<'_>, findings: &mut Findings) {
    /// What the fleet's prefix leaves of 255, at its longest.
    const MAX_NAME_CHARS: usize = 128;
    for (index, alarm) in declared(context) {
        if !is_kebab_case(&alarm.name) || alarm.name.len() > MAX_NAME_CHARS {
            findings.push(
                Finding::new(
                    path(index, "name"),
                    format!("invalid alarm name `{}`", alarm.name),
                )
                .label("not the name of an alarm")
                .help(format!("{KEBAB_CASE_HELP}, at most {MAX_NAME_CHARS}")),
            );
        }
    }
}

fn name_twice(context: &Context<'_>, findings: &mut Findings) {
    for (index, first) in duplicates(declared(context).map(|(_, alarm)| &alarm.name)) {
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

fn name_of_scaling(context: &Context<'_>, findings: &mut Findings) {
    let steps = queue_steps(context.fleet).iter().enumerate();
    let steps = steps.map(|(index, step)| {
        let path = Path::of("scaling.queue.steps").index(index);
        (step_alarm(step), path, "this step of the queue")
    });
    let idle = scale_in(context.fleet).map(|_| {
        let path = Path::of("scaling.queue.scale_in");
        (IDLE_ALARM.to_owned(), path, "an idle fleet")
    });
    let zero = starts_from_zero(context.fleet).then(|| {
        let path = Path::of("control.enabled");
        (ZERO_ALARM.to_owned(), path, "a group of no workers")
    });
    let own: Vec<_> = steps.chain(idle).chain(zero).collect();
    for (index, alarm) in added(context) {
        for (name, of, what) in own.iter().filter(|(name, ..)| *name == alarm.name) {
            findings.push(
                Finding::new(
                    path(index, "name"),
                    format!("`{name}` is the alarm of {what}, which scales the group"),
                )
                .label("has this name too")
                .related(of.clone(), "is what that alarm sets off")
                .help(format!("use another name, such as `{name}-notify`")),
            );
        }
    }
}

fn period(context: &Context<'_>, findings: &mut Findings) {
    for (index, alarm) in declared(context) {
        let Some(period) = alarm.period.filter(|period| period.get() % 60 != 0) else {
            continue;
        };
        findings.push(
            Finding::new(
                path(index, "period"),
                format!("CloudWatch alarms have no period of {period} s"),
            )
            .label("not a multiple of 60")
            .help(format!("use {}", period.get().div_ceil(60) * 60)),
        );
    }
}

fn window(context: &Context<'_>, findings: &mut Findings) {
    const DAY: u32 = 86_400;
    for (index, alarm) in declared(context) {
        let timing = timing(alarms::find(&alarm.name), Some(alarm));
        let (period, periods) = (timing.period, timing.evaluation_periods);
        let seconds = timing.window_seconds();
        if seconds <= DAY {
            continue;
        }
        let (key, other) = if alarm.evaluation_periods.is_some() {
            ("evaluation_periods", "period")
        } else {
            ("period", "evaluation_periods")
        };
        findings.push(
            Finding::new(
                path(index, key),
                format!("alarm `{}` evaluates a window of {seconds} s", alarm.name),
            )
            .label("more than a day")
            .related(path(index, other), "times this")
            .help(format!(
                "{periods} periods of {period} s are too many: use at most {} of them, or shorter \
                 ones",
                (DAY / period).max(1)
            )),
        );
    }
}

fn description(context: &Context<'_>, findings: &mut Findings) {
    for (index, alarm) in declared(context) {
        let Some(text) = &alarm.description else {
            continue;
        };
        let alerts = &context.fleet.alerts;
        let whole = derive::alarms::description(text, &alarm.name, alerts, context.environment);
        let (length, own) = (whole.chars().count(), text.chars().count());
        if length > MAX_DESCRIPTION_LENGTH {
            let rest = length - own;
            findings.push(
                Finding::new(
                    path(index, "description"),
                    format!(
                        "the description of alarm `{}` comes to {length} characters, and CloudWatch allows \
                         {MAX_DESCRIPTION_LENGTH}",
                        alarm.name
                    ),
                )
                .label(format!("{own} characters, and {rest} for the way to the runbook"))
                .help(format!(
                    "use at most {}: say what the alarm means; the runbook says what to do",
                    MAX_DESCRIPTION_LENGTH.saturating_sub(rest)
                )),
            );
        }
    }
    description_of_long_address(context, findings);
}

/// An address that is too long for the alarms whose descriptions nobody has declared.
fn description_of_long_address(context: &Context<'_>, findings: &mut Findings) {
    let (declared, alerts) = (&context.fleet.alarm, &context.fleet.alerts);
    let Some(url) = &alerts.runbook_base_url else {
        return;
    };
    let is_described =
        |name: &str| (declared.iter()).any(|it| it.name == name && it.description.is_some());
    let own = alarms::all()
        .filter(|own| derive::alarms::is_on(own, declared, context.fleet))
        .map(|own| (own.name, own.description));
    let added = added(context).filter_map(|(_, alarm)| {
        let metric = metrics::find(alarm.metric.as_deref()?)?;
        Some((alarm.name.as_str(), metric.meaning))
    });
    let longest = own
        .chain(added)
        .filter(|(name, _)| !is_described(name))
        .map(|(name, text)| {
            let whole = derive::alarms::description(text, name, alerts, context.environment);
            (whole.chars().count(), name)
        })
        .max();
    if let Some((length, name)) = longest.filter(|(length, _)| *length > MAX_DESCRIPTION_LENGTH) {
        let most = url
            .chars()
            .count()
            .saturating_sub(length - MAX_DESCRIPTION_LENGTH);
        findings.push(
            Finding::new(
                Path::of("alerts.runbook_base_url"),
                format!(
                    "with this address the description of alarm `{name}` comes to {length} characters, and \
                     CloudWatch allows {MAX_DESCRIPTION_LENGTH}"
                ),
            )
            .label(format!("{} characters", url.chars().count()))
            .help(format!("use an address of at most {most} characters")),
        );
    }
}
