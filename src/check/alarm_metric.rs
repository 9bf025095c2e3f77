//! Rules about what an alarm watches: its metric and its threshold.

use super::alarm::{added, declared, path};
use super::finding::{Finding, Findings};
use super::identifiers::did_you_mean;
use super::rule::{Context, Rule};
use crate::catalog::alarms::{self, Condition};
use crate::catalog::metrics::{self, Metric};
use crate::catalog::most_similar;
use crate::derive::alarms::{is_published, watched};
use crate::diagnostic::Severity;
use crate::fleet::Alarm;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "alarm.metric-missing",
        severity: Severity::Error,
        title: "An added alarm names the metric that it watches",
        reason: "An entry whose name is not that of a built-in alarm adds an alarm, and an alarm needs a metric. Most often the name is a misspelt built-in one.",
        run: metric_missing,
    },
    Rule {
        code: "alarm.threshold-missing",
        severity: Severity::Error,
        title: "An added alarm has a threshold",
        reason: "Without a threshold CloudWatch has nothing to compare the metric with.",
        run: threshold_missing,
    },
    Rule {
        code: "alarm.metric-unknown",
        severity: Severity::Error,
        title: "An added alarm watches a metric that is published",
        reason: "CloudWatch accepts an alarm on any metric name. If nothing publishes the metric, the alarm never fires.",
        run: metric_unknown,
    },
    Rule {
        code: "alarm.metric-unpublished",
        severity: Severity::Error,
        title: "An alarm watches a metric that this fleet publishes",
        reason: "The workers publish the depth and the age of the queues of `worker.hatchet.tasks`. \
              Without tasks there is no such metric, and the alarm never fires. EC2 publishes CPU \
              credits for burstable types alone.",
        run: metric_unpublished,
    },
    Rule {
        code: "alarm.metric-on-own",
        severity: Severity::Error,
        title: "A built-in alarm keeps its metric",
        reason: "Its description, its runbook and its action are written for that metric.",
        run: metric_on_own,
    },
    Rule {
        code: "alarm.composite-tuned",
        severity: Severity::Error,
        title: "A composite alarm is tuned through the alarms that it combines",
        reason: "It fires when all of them are in ALARM, and has no threshold, period or statistic of its \
              own (CloudWatch API reference, PutCompositeAlarm).",
        run: composite_tuned,
    },
    Rule {
        code: "alarm.threshold",
        severity: Severity::Error,
        title: "An alarm's threshold is a number that the metric can reach",
        reason: "An alarm on more than 100 % or on less than 0 never fires. TOML also has inf and nan, \
              which CloudWatch refuses.",
        run: threshold,
    },
];

/// Alarms of the generator's own that are tuned, with what they are without that.
fn own<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = (usize, &'a Alarm, &'static alarms::Alarm)> + use<'a> {
    declared(context).filter_map(|(index, alarm)| Some((index, alarm, alarms::find(&alarm.name)?)))
}

fn metric_missing(context: &Context<'_>, findings: &mut Findings) {
    for (index, alarm) in added(context).filter(|(_, alarm)| alarm.metric.is_none()) {
        let names = alarms::all().map(|own| own.name);
        findings.push(
            Finding::new(
                path(index, "name"),
                format!(
                    "`{}` is not a built-in alarm, and it names no metric",
                    alarm.name
                ),
            )
            .label("a new alarm needs `metric`")
            .help(did_you_mean(
                most_similar(&alarm.name, names),
                "add `metric` and `threshold`, or name one of the alarms of docs/alarms.md",
            )),
        );
    }
}

fn threshold_missing(context: &Context<'_>, findings: &mut Findings) {
    // Without a metric either, the name is the mistake.
    for (index, alarm) in added(context).filter(|(_, alarm)| alarm.metric.is_some()) {
        if alarm.threshold.is_none() {
            findings.push(
                Finding::new(
                    path(index, "name"),
                    format!("alarm `{}` has no threshold", alarm.name),
                )
                .label("a new alarm needs `threshold`")
                .help("add `threshold`, in the metric's unit"),
            );
        }
    }
}

fn metric_unknown(context: &Context<'_>, findings: &mut Findings) {
    for (index, alarm) in added(context) {
        let Some(metric) = alarm
            .metric
            .as_ref()
            .filter(|name| metrics::find(name).is_none())
        else {
            continue;
        };
        let names = metrics::METRICS.iter().map(|known| known.name);
        findings.push(
            Finding::new(
                path(index, "metric"),
                format!("no publisher emits a metric `{metric}`"),
            )
            .label("unknown metric")
            .help(did_you_mean(
                most_similar(metric, names),
                "docs/alarms.md lists the metrics",
            )),
        );
    }
}

fn metric_unpublished(context: &Context<'_>, findings: &mut Findings) {
    for (index, alarm) in declared(context).filter(|(_, alarm)| alarm.enabled) {
        let watched: Vec<Metric> = match alarms::find(&alarm.name) {
            Some(own) => own.metrics().collect(),
            None => alarm
                .metric
                .as_deref()
                .and_then(metrics::find)
                .into_iter()
                .collect(),
        };
        let unpublished = |metric: &Metric| !is_published(*metric, context.fleet);
        let Some(metric) = watched.into_iter().find(unpublished) else {
            continue;
        };
        let key = if alarms::find(&alarm.name).is_some() {
            "name"
        } else {
            "metric"
        };
        let finding = Finding::new(
            path(index, key),
            format!(
                "alarm `{}` watches {}, which this fleet does not publish",
                alarm.name, metric.name
            ),
        );
        findings.push(if metric.needs_credits() {
            finding
                .label("no burstable type is listed")
                .related(Path::of("instances.types"), "the types")
                .help("remove the alarm")
        } else {
            finding
                .label("no tasks are listed")
                .related(Path::of("worker.hatchet.tasks"), "the tasks")
                .help("list the tasks in `worker.hatchet.tasks`, or remove the alarm")
        });
    }
}

fn metric_on_own(context: &Context<'_>, findings: &mut Findings) {
    for (index, alarm, _) in own(context).filter(|(_, alarm, _)| alarm.metric.is_some()) {
        findings.push(
            Finding::new(
                path(index, "metric"),
                format!(
                    "alarm `{}` is built in: its metric cannot be changed",
                    alarm.name
                ),
            )
            .on_key()
            .label("cannot be changed")
            .help("remove `metric`, or choose another name to add an alarm"),
        );
    }
}

fn composite_tuned(context: &Context<'_>, findings: &mut Findings) {
    const KEYS: [&str; 6] = [
        "statistic",
        "comparison_operator",
        "threshold",
        "period",
        "evaluation_periods",
        "treat_missing_data",
    ];
    for (index, alarm, own) in own(context) {
        let Condition::All(parts) = own.condition else {
            continue;
        };
        for place in KEYS.map(|key| path(index, key)) {
            if context.tree.contains(&place) {
                findings.push(
                    Finding::new(
                        place,
                        format!(
                            "alarm `{}` is a composite alarm: it has no condition to tune",
                            alarm.name
                        ),
                    )
                    .on_key()
                    .label("has no effect")
                    .help(format!(
                        "tune the alarms it combines: {}",
                        parts.join(" and ")
                    )),
                );
            }
        }
    }
}

fn threshold(context: &Context<'_>, findings: &mut Findings) {
    for (index, alarm) in declared(context) {
        let Some(threshold) = alarm.threshold else {
            continue;
        };
        let metric = watched(alarm);
        let most = metric.and_then(|metric| metric.max_value());
        let is_reached = match metric {
            Some(_) => threshold >= 0.0 && most.is_none_or(|most| threshold <= most),
            None => true,
        };
        if threshold.is_finite() && is_reached {
            continue;
        }
        let help = match most {
            Some(most) => {
                format!("use a threshold that the metric can cross: it ranges from 0 to {most}")
            }
            None => "write a number in the metric's unit".to_owned(),
        };
        findings.push(
            Finding::new(
                path(index, "threshold"),
                format!("alarm `{}` can never change its state", alarm.name),
            )
            .label("outside the values of this metric")
            .help(help),
        );
    }
}
