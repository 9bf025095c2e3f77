//! Rules about each `[[schedule]]` by itself, and about it beside `[scaling]`.

use super::finding::{Finding, Findings};
use super::identifiers::duplicates;
use super::rule::{Context, Rule};
use crate::calendar::cron::{self, Recurrence};
use crate::derive::identity::identifier;
use crate::derive::scaling::{queue_steps, scales_by_queue};
use crate::diagnostic::Severity;
use crate::fleet::{Bounded, Schedule};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "schedule.too-many",
        severity: Severity::Error,
        title: "There are at most 125 schedules",
        reason: "EC2 Auto Scaling quotas: 125 scheduled actions per group.",
        run: too_many,
    },
    Rule {
        code: "schedule.name-form",
        severity: Severity::Error,
        title: "A schedule's name is made of letters, digits, hyphens and underscores",
        reason: "It is the scheduled action's name, at most 255 characters (EC2 Auto Scaling API \
              reference), and names the resource in Terraform.",
        run: name_form,
    },
    Rule {
        code: "schedule.name-twice",
        severity: Severity::Error,
        title: "Every schedule has a name of its own",
        reason: "A scheduled action with a name that the group has replaces the earlier one.",
        run: name_twice,
    },
    Rule {
        code: "schedule.recurrence",
        severity: Severity::Error,
        title: "A schedule's recurrence is five cron fields",
        reason: "EC2 Auto Scaling reads Unix cron, of at most 255 characters: minute, hour, day of \
              month, month, day of week. Seconds, years, L, W, # and ? are not part of it.",
        run: recurrence,
    },
    Rule {
        code: "schedule.either-day",
        severity: Severity::Warning,
        title: "A schedule names days of the month or days of the week, not both",
        reason: "crontab(5), as EC2 Auto Scaling reads it: with both fields given, the action fires on every day that \
              either of them names.",
        run: either_day,
    },
    Rule {
        code: "schedule.never-fires",
        severity: Severity::Error,
        title: "A schedule fires at least once a year",
        reason: "A date such as February 30 is valid cron and never comes.",
        run: never_fires,
    },
    Rule {
        code: "schedule.sets-nothing",
        severity: Severity::Error,
        title: "A schedule sets a size",
        reason: "A scheduled action leaves a size that it does not set unchanged, so one that sets \
              none does nothing.",
        run: sets_nothing,
    },
    Rule {
        code: "schedule.desired-with-queue",
        severity: Severity::Error,
        title: "No schedule sets `desired_capacity` while queue scaling is on",
        reason: "The schedule overrides the size that queue scaling chose. Instances with running \
              tasks are terminated, and minutes later queue scaling launches instances again.",
        run: desired_with_queue,
    },
    Rule {
        code: "schedule.pins-group",
        severity: Severity::Warning,
        title: "A schedule leaves queue scaling a range",
        reason: "With `min_size` equal to `max_size` nothing can change the size: a deep queue waits \
              until the next schedule.",
        run: pins_group,
    },
    Rule {
        code: "schedule.max-below-step",
        severity: Severity::Warning,
        title: "A schedule's largest size is at least what a step adds",
        reason: "EC2 Auto Scaling would cap the step at `max_size` every time that it fires.",
        run: max_below_step,
    },
];

/// The most scheduled actions of a group.
pub const MAX_SCHEDULES: usize = 125;

/// The schedules with their indices, as many as a group can have.
pub fn declared<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = (usize, &'a Schedule)> + use<'a> {
    let schedules = context.fleet.schedule.iter();
    schedules.take(MAX_SCHEDULES).enumerate()
}

/// The schedules' recurrences, or what is wrong with each. They are read once for all rules.
pub fn recurrences<'c>(context: &'c Context<'_>) -> &'c [Result<Recurrence, String>] {
    context.recurrences.get_or_init(|| {
        declared(context)
            .map(|(_, schedule)| cron::parse(&schedule.recurrence))
            .collect()
    })
}

/// The place of a schedule's key.
pub fn path(index: usize, key: &str) -> Path {
    Path::of("schedule").index(index).key(key)
}

fn too_many(context: &Context<'_>, findings: &mut Findings) {
    let count = context.fleet.schedule.len();
    if count > MAX_SCHEDULES {
        findings.push(
            Finding::new(
                path(MAX_SCHEDULES, "name"),
                format!("{count} schedules are more than a group can have"),
            )
            .label(format!("the first of {} too many", count - MAX_SCHEDULES))
            .help(format!("keep at most {MAX_SCHEDULES}")),
        );
    }
}

fn name_form(context: &Context<'_>, findings: &mut Findings) {
    for (index, schedule) in declared(context) {
        let name = &schedule.name;
        let fits = name.len() <= 255
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && name
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_alphabetic());
        if !fits {
            findings.push(
                Finding::new(
                    path(index, "name"),
                    format!("invalid schedule name `{name}`"),
                )
                .label("not a name of a scheduled action")
                .help(
                    "use up to 255 letters, digits, hyphens and underscores, beginning with a \
                     letter",
                ),
            );
        }
    }
}

fn name_twice(context: &Context<'_>, findings: &mut Findings) {
    let names = declared(context).map(|(_, schedule)| identifier(&schedule.name));
    for (index, first) in duplicates(names) {
        findings.push(
            Finding::new(
                path(index, "name"),
                format!(
                    "two schedules are called `{}`",
                    context.fleet.schedule[index].name
                ),
            )
            .label("duplicate name")
            .related(path(first, "name"), "by this one")
            .help("give each schedule a name of its own; - and _ count as the same"),
        );
    }
}

fn recurrence(context: &Context<'_>, findings: &mut Findings) {
    for ((index, schedule), cron) in declared(context).zip(recurrences(context)) {
        if let Err(problem) = cron {
            findings.push(
                Finding::new(
                    path(index, "recurrence"),
                    format!("`{}` is not a cron expression", schedule.recurrence),
                )
                .label(problem.clone())
                .help(recurrence_help(&schedule.recurrence)),
            );
        }
    }
}

/// What to write in place of an expression of another cron, of which AWS has two.
fn recurrence_help(text: &str) -> String {
    const FIELDS: &str =
        "write minute, hour, day of month, month and day of week, such as \"0 8 * * MON-FRI\"";
    let lower = text.trim().to_ascii_lowercase();
    if lower.starts_with("cron(") || lower.starts_with("rate(") {
        format!("{FIELDS}: EC2 Auto Scaling reads neither `cron()` nor `rate()`, nor a year")
    } else if text.contains('?') {
        format!("{FIELDS}: EC2 Auto Scaling knows no `?`; `*` is any day")
    } else if text.split_whitespace().count() > 5 {
        format!("{FIELDS}: neither seconds nor a year")
    } else {
        FIELDS.to_owned()
    }
}

fn either_day(context: &Context<'_>, findings: &mut Findings) {
    for ((index, schedule), cron) in declared(context).zip(recurrences(context)) {
        if cron.as_ref().is_ok_and(Recurrence::fires_on_either_day) {
            findings.push(
                Finding::new(
                    path(index, "recurrence"),
                    format!(
                        "`{}` fires on days of the month and on days of the week as well",
                        schedule.recurrence
                    ),
                )
                .label("either field is enough")
                .help("write `*` for one of the two days, and a second schedule for the other"),
            );
        }
    }
}

fn never_fires(context: &Context<'_>, findings: &mut Findings) {
    for ((index, schedule), cron) in declared(context).zip(recurrences(context)) {
        if cron.as_ref().is_ok_and(|cron| !cron::ever_fires(cron)) {
            findings.push(
                Finding::new(
                    path(index, "recurrence"),
                    format!("`{}` never fires", schedule.recurrence),
                )
                .label("no such date in any year")
                .help("choose a day that the month has"),
            );
        }
    }
}

fn sets_nothing(context: &Context<'_>, findings: &mut Findings) {
    for (index, schedule) in declared(context) {
        let sizes = [
            schedule.min_size,
            schedule.max_size,
            schedule.desired_capacity,
        ];
        if sizes.iter().all(Option::is_none) {
            findings.push(
                Finding::new(
                    path(index, "name"),
                    format!("schedule `{}` changes nothing", schedule.name),
                )
                .label("no size is set")
                .help("add `min_size`, `max_size` or both, or remove the schedule"),
            );
        }
    }
}

fn desired_with_queue(context: &Context<'_>, findings: &mut Findings) {
    if !scales_by_queue(context.fleet) {
        return;
    }
    for (index, schedule) in declared(context) {
        if schedule.desired_capacity.is_some() {
            findings.push(
                Finding::new(
                    path(index, "desired_capacity"),
                    format!(
                        "schedule `{}` overrides the size that queue scaling sets",
                        schedule.name
                    ),
                )
                .on_key()
                .label("the queue decides the size")
                .help("set `min_size` and `max_size`, and let the queue decide between them"),
            );
        }
    }
}

fn pins_group(context: &Context<'_>, findings: &mut Findings) {
    if !scales_by_queue(context.fleet) {
        return;
    }
    for (index, schedule) in declared(context) {
        let (Some(min), Some(max)) = (schedule.min_size, schedule.max_size) else {
            continue;
        };
        // Both 0 stops the fleet on purpose.
        if min == max && max.get() > 0 {
            findings.push(
                Finding::new(
                    path(index, "max_size"),
                    format!(
                        "schedule `{}` pins the group: `min_size` equals `max_size`",
                        schedule.name
                    ),
                )
                .label("as large as the smallest size")
                .related(path(index, "min_size"), "the smallest size")
                .help("raise `max_size`, or set `scaling.queue.enabled = false`"),
            );
        }
    }
}

fn max_below_step(context: &Context<'_>, findings: &mut Findings) {
    let steps = queue_steps(context.fleet).iter();
    let most = steps.filter_map(|step| step.add).map(Bounded::get).max();
    for (index, schedule) in declared(context) {
        let (Some(most), Some(max)) = (most, schedule.max_size) else {
            continue;
        };
        if max.get() > 0 && max.get() < most {
            findings.push(
                Finding::new(
                    path(index, "max_size"),
                    format!(
                        "schedule `{}` has a `max_size` smaller than a queue scaling step",
                        schedule.name
                    ),
                )
                .label(format!("a step adds {most}"))
                .help(format!(
                    "raise `max_size` to {most} or more, or let the step add less"
                )),
            );
        }
    }
}
