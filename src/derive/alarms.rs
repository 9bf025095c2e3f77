//! What an alarm comes to: the registry's alarm, an entry of fleet.toml, or the one tuned by the
//! other.

use super::{instances, scaling};
use crate::catalog::alarms::{self, Condition, Threshold};
use crate::catalog::metrics::{self, Metric};
use crate::fleet::{Alarm, Alerts, Bounded, Comparison, Fleet, MissingData, Statistic};

/// When an alarm fires, its threshold aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Seconds of one period.
    pub period: u32,
    pub evaluation_periods: u32,
    pub comparison: Comparison,
    pub missing_data: MissingData,
}

impl Timing {
    /// Seconds that the alarm looks back.
    #[must_use]
    pub fn window_seconds(&self) -> u32 {
        self.period * self.evaluation_periods
    }
}

/// What an added alarm has where it does not say otherwise.
const ADDED: Timing = Timing {
    period: 60,
    evaluation_periods: 3,
    comparison: Comparison::GreaterThanThreshold,
    missing_data: MissingData::NotBreaching,
};

/// How an alarm makes one value of a period: what the entry says, or the registry, or the largest.
#[must_use]
pub fn statistic(own: Option<Statistic>, entry: Option<&Alarm>) -> Statistic {
    let declared = entry.and_then(|entry| entry.statistic);
    declared.or(own).unwrap_or(Statistic::Maximum)
}

/// What an alarm means: what the entry says, or the registry of alarms or metrics.
#[must_use]
pub fn meaning<'a>(usual: &'a str, entry: Option<&'a Alarm>) -> &'a str {
    entry
        .and_then(|entry| entry.description.as_deref())
        .unwrap_or(usual)
}

/// The value at which an alarm fires: what the entry says, or the registry.
#[must_use]
pub fn threshold(own: Threshold, entry: Option<&Alarm>, fleet: &Fleet) -> f64 {
    let declared = entry.and_then(|entry| entry.threshold);
    declared.unwrap_or_else(|| match own {
        Threshold::Fixed(value) => value,
        Threshold::LargestSlots => {
            f64::from(instances::largest_slots(&instances::all_slots(fleet)))
        }
        Threshold::QuarterOfLargestSize => {
            let largest = scaling::largest_size(&fleet.scaling, &fleet.schedule);
            f64::from((largest / 4).max(1))
        }
    })
}

/// An alarm's timing: what the entry says, and for the rest the registry's or that of an added
/// alarm.
#[must_use]
pub fn timing(own: Option<&alarms::Alarm>, entry: Option<&Alarm>) -> Timing {
    let usual = own.map_or(ADDED, |own| Timing {
        period: own.period,
        evaluation_periods: own.evaluation_periods,
        comparison: own.comparison,
        missing_data: own.missing_data,
    });
    let Some(entry) = entry else {
        return usual;
    };
    Timing {
        period: entry.period.map_or(usual.period, Bounded::get),
        evaluation_periods: entry
            .evaluation_periods
            .map_or(usual.evaluation_periods, Bounded::get),
        comparison: entry.comparison_operator.unwrap_or(usual.comparison),
        missing_data: entry.treat_missing_data.unwrap_or(usual.missing_data),
    }
}

/// The metric that an entry's alarm watches; `None` for an expression, for a composite alarm, and
/// for a metric that nobody publishes.
#[must_use]
pub fn watched(entry: &Alarm) -> Option<Metric> {
    match alarms::find(&entry.name).map(|own| own.condition) {
        Some(Condition::Metric(metric, _)) => Some(metric),
        Some(_) => None,
        None => entry.metric.as_deref().and_then(metrics::find),
    }
}

/// Whether anybody publishes a metric in this fleet.
#[must_use]
pub fn is_published(metric: Metric, fleet: &Fleet) -> bool {
    (!metric.needs_tasks() || scaling::publishes_queue(fleet))
        && (!metric.needs_credits() || instances::has_burstable(fleet))
}

/// Whether an alarm of the registry is on. A part of a composite alarm goes with its whole.
#[must_use]
pub fn is_on(own: &alarms::Alarm, declared: &[Alarm], fleet: &Fleet) -> bool {
    if own.name == alarms::QUEUE_SATURATED && !fleet.scaling.queue.alert_when_saturated {
        return false;
    }
    if own.metrics().any(|metric| !is_published(metric, fleet)) {
        return false;
    }
    let is_off = |name: &str| {
        declared
            .iter()
            .any(|entry| entry.name == name && !entry.enabled)
    };
    let whole_is_off = alarms::all().any(|whole| {
        matches!(whole.condition, Condition::All(parts) if parts.contains(&own.name))
            && is_off(whole.name)
    });
    !whole_is_off && !is_off(own.name)
}

/// Reports that one instance makes in a period.
#[must_use]
pub fn samples(period: u32, interval_seconds: u32) -> u32 {
    (period / interval_seconds).max(1)
}

/// The text with its full stop, whether or not it was typed.
#[must_use]
pub fn sentence(text: &str) -> String {
    let ends = text.ends_with(['.', '!', '?']);
    format!("{text}{}", if ends { "" } else { "." })
}

/// The description that CloudWatch shows: what the alarm means, and where its runbook is.
#[must_use]
pub fn description(text: &str, name: &str, alerts: &Alerts, environment: &str) -> String {
    let text = sentence(text);
    match &alerts.runbook_base_url {
        Some(url) => format!("{text} Runbook: {}#{name}", url.trim_end_matches('/')),
        None => format!("{text} Runbook: generated/{environment}/RUNBOOKS.md#{name}"),
    }
}

/// The name of an alarm in CloudWatch.
#[must_use]
pub fn full_name(prefix: &str, name: &str) -> String {
    format!("{prefix}-{name}")
}
