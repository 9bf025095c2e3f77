//! `[alerts]` and `[[alarm]]` over the registry of alarms.

use serde::Serialize;

use super::{Identity, Instances, Worker};
use crate::catalog::alarms::{self, Action, Condition, Threshold};
use crate::catalog::metrics::{self, Metric};
use crate::fleet::{self, Comparison, MissingData, Statistic};

/// Who is told of what.
#[derive(Clone, Debug, Serialize)]
pub struct Alerts {
    pub email: Vec<String>,
    /// Alarms on one metric or one expression, parts of composite alarms among them.
    pub alarms: Vec<Alarm>,
    /// Alarms on other alarms.
    pub composites: Vec<CompositeAlarm>,
    /// The Terraform resources of the alarms that run `valet-worker heal`.
    pub healing: Vec<String>,
}

/// An alarm on one metric or one expression.
#[derive(Clone, Debug, Serialize)]
pub struct Alarm {
    /// The name in the registry or in fleet.toml.
    pub name: String,
    /// The name in CloudWatch.
    pub full_name: String,
    /// The name of the Terraform resource.
    pub resource: String,
    /// What it means, in one sentence.
    pub meaning: String,
    /// The same with the way to its runbook, as CloudWatch shows it.
    pub description: String,
    pub comparison: Comparison,
    pub threshold: f64,
    pub evaluation_periods: u32,
    pub missing_data: MissingData,
    /// Whether people are told; parts of composite alarms tell nobody.
    pub notifies: bool,
    /// The one series that is watched, or `None` for an expression.
    pub metric: Option<AlarmQuery>,
    pub expression: Option<Expression>,
    /// What to do about it, step by step; empty for alarms of fleet.toml.
    pub runbook: Vec<String>,
}

/// An alarm that fires when all of its parts do.
#[derive(Clone, Debug, Serialize)]
pub struct CompositeAlarm {
    pub name: String,
    pub full_name: String,
    pub resource: String,
    /// What it means, in one sentence.
    pub meaning: String,
    /// The same with the way to its runbook, as CloudWatch shows it.
    pub description: String,
    /// The Terraform resources of its parts.
    pub parts: Vec<String>,
    pub runbook: Vec<String>,
}

/// A metric math expression.
#[derive(Clone, Debug, Serialize)]
pub struct Expression {
    pub text: String,
    pub label: String,
    pub queries: Vec<AlarmQuery>,
}

/// One fleet-level series.
#[derive(Clone, Debug, Serialize)]
pub struct AlarmQuery {
    pub id: String,
    pub namespace: String,
    pub metric_name: String,
    pub statistic: Statistic,
    /// Seconds.
    pub period: u32,
    /// The name of its one dimension, and the Terraform address of the value.
    pub dimension: &'static str,
    pub dimension_address: &'static str,
}

/// What alarms depend on besides their own tables.
pub struct Surroundings<'a> {
    pub identity: &'a Identity,
    pub worker: &'a Worker,
    pub instances: &'a Instances,
    pub scaling: &'a fleet::Scaling,
}

pub fn resolve(
    alerts: &fleet::Alerts,
    tuned: &[fleet::Alarm],
    around: &Surroundings<'_>,
) -> Alerts {
    let fleet::Alerts {
        email,
        runbook_base_url,
    } = alerts;
    let runbooks = Runbooks {
        base_url: runbook_base_url.as_deref(),
        environment: &around.identity.environment,
    };
    let mut resolved = Alerts {
        email: email.clone(),
        alarms: Vec::new(),
        composites: Vec::new(),
        healing: Vec::new(),
    };
    for alarm in alarms::ALARMS {
        let entry = tuned.iter().find(|entry| entry.name == alarm.name);
        if is_enabled(alarm, entry, tuned, around.scaling) {
            add_own(&mut resolved, alarm, entry, around, &runbooks);
        }
    }
    if resolved.healing.is_empty() {
        // Nothing asks for healing, so there is no queue of what could not be delivered.
        resolved.alarms.retain(|alarm| {
            let watched = alarm
                .metric
                .as_ref()
                .map(|metric| metric.metric_name.as_str());
            watched != Some(metrics::HEAL_UNDELIVERED.name)
        });
    }
    for entry in tuned.iter().filter(|entry| entry.enabled) {
        if alarms::find(&entry.name).is_none()
            && let Some(metric) = entry.metric.as_deref().and_then(metrics::find)
        {
            resolved
                .alarms
                .push(added(entry, metric, around, &runbooks));
        }
    }
    resolved
}

/// A part of a composite alarm goes with its whole.
fn is_enabled(
    alarm: &alarms::Alarm,
    entry: Option<&fleet::Alarm>,
    tuned: &[fleet::Alarm],
    scaling: &fleet::Scaling,
) -> bool {
    if alarm.name == alarms::QUEUE_SATURATED && !scaling.queue.alert_when_saturated {
        return false;
    }
    let whole_is_off = alarms::ALARMS.iter().any(|whole| {
        matches!(whole.condition, Condition::All(parts) if parts.contains(&alarm.name))
            && tuned
                .iter()
                .any(|entry| entry.name == whole.name && !entry.enabled)
    });
    !whole_is_off && entry.is_none_or(|entry| entry.enabled)
}

fn add_own(
    resolved: &mut Alerts,
    alarm: &alarms::Alarm,
    entry: Option<&fleet::Alarm>,
    around: &Surroundings<'_>,
    runbooks: &Runbooks<'_>,
) {
    let full_name = format!("{}-{}", around.identity.prefix, alarm.name);
    let text = entry
        .and_then(|entry| entry.description.as_deref())
        .unwrap_or(alarm.description);
    let description = runbooks.describe(text, alarm.name);
    let runbook = alarm.runbook.iter().map(ToString::to_string).collect();
    if alarm.action == Action::NotifyAndHeal {
        resolved.healing.push(resource(alarm.name));
    }
    let period = entry
        .and_then(|entry| entry.period)
        .map_or(alarm.period, fleet::Bounded::get);
    let statistic = entry.and_then(|entry| entry.statistic);
    let (metric, expression) = match alarm.condition {
        Condition::All(parts) => {
            resolved.composites.push(CompositeAlarm {
                name: alarm.name.to_owned(),
                full_name,
                resource: resource(alarm.name),
                meaning: sentence(text),
                description,
                parts: parts.iter().map(|part| resource(part)).collect(),
                runbook,
            });
            return;
        }
        Condition::Metric(metric, own) => {
            let series = series(
                "",
                metric,
                statistic.unwrap_or(own),
                period,
                &around.worker.namespace,
            );
            (Some(series), None)
        }
        Condition::Expression {
            expression,
            label,
            queries,
        } => {
            let samples = (period / around.worker.metrics_interval_seconds).max(1);
            let expression = Expression {
                text: expression.replace("{samples}", &samples.to_string()),
                label: label.to_owned(),
                queries: queries
                    .iter()
                    .map(|query| {
                        series(
                            query.id,
                            query.metric,
                            query.statistic,
                            period,
                            &around.worker.namespace,
                        )
                    })
                    .collect(),
            };
            (None, Some(expression))
        }
    };
    let own_threshold = match alarm.threshold {
        Threshold::Fixed(value) => value,
        Threshold::LargestSlots => f64::from(around.instances.largest_slots),
        Threshold::QuarterOfLargestSize => f64::from((around.scaling.max_size.get() / 4).max(1)),
    };
    resolved.alarms.push(Alarm {
        name: alarm.name.to_owned(),
        full_name,
        resource: resource(alarm.name),
        meaning: sentence(text),
        description,
        comparison: entry
            .and_then(|entry| entry.comparison_operator)
            .unwrap_or(alarm.comparison),
        threshold: entry
            .and_then(|entry| entry.threshold)
            .unwrap_or(own_threshold),
        evaluation_periods: entry
            .and_then(|entry| entry.evaluation_periods)
            .map_or(alarm.evaluation_periods, fleet::Bounded::get),
        missing_data: entry
            .and_then(|entry| entry.treat_missing_data)
            .unwrap_or(alarm.missing_data),
        notifies: alarm.action != Action::None,
        metric,
        expression,
        runbook,
    });
}

/// Periods of an added alarm that says nothing of them.
const ADDED_EVALUATION_PERIODS: u32 = 3;

/// Seconds of a period of an added alarm that says nothing of it.
const ADDED_PERIOD: u32 = 60;

fn added(
    entry: &fleet::Alarm,
    metric: Metric,
    around: &Surroundings<'_>,
    runbooks: &Runbooks<'_>,
) -> Alarm {
    let fleet::Alarm {
        name,
        enabled: _,
        metric: _,
        statistic,
        comparison_operator,
        threshold,
        period,
        evaluation_periods,
        treat_missing_data,
        description,
    } = entry;
    let period = period.map_or(ADDED_PERIOD, fleet::Bounded::get);
    let statistic = statistic.unwrap_or(Statistic::Maximum);
    let text = description.as_deref().unwrap_or(metric.meaning);
    Alarm {
        name: name.clone(),
        full_name: format!("{}-{name}", around.identity.prefix),
        resource: resource(name),
        meaning: sentence(text),
        description: runbooks.describe(text, name),
        comparison: comparison_operator.unwrap_or(Comparison::GreaterThanThreshold),
        threshold: threshold.unwrap_or_default(),
        evaluation_periods: evaluation_periods
            .map_or(ADDED_EVALUATION_PERIODS, fleet::Bounded::get),
        missing_data: treat_missing_data.unwrap_or(MissingData::NotBreaching),
        notifies: true,
        metric: Some(series(
            "",
            metric,
            statistic,
            period,
            &around.worker.namespace,
        )),
        expression: None,
        runbook: Vec::new(),
    }
}

/// The fleet-level series of a metric.
pub fn series(
    id: &str,
    metric: Metric,
    statistic: Statistic,
    period: u32,
    namespace: &str,
) -> AlarmQuery {
    let (dimension, dimension_address) = metric.publisher.dimension();
    AlarmQuery {
        id: id.to_owned(),
        namespace: metric.publisher.namespace(namespace),
        metric_name: metric.name.to_owned(),
        statistic,
        period,
        dimension,
        dimension_address,
    }
}

fn resource(name: &str) -> String {
    name.replace('-', "_")
}

/// The text with its full stop, whether or not it was typed.
fn sentence(text: &str) -> String {
    let ends = text.ends_with(['.', '!', '?']);
    format!("{text}{}", if ends { "" } else { "." })
}

/// Where the runbooks are read.
struct Runbooks<'a> {
    base_url: Option<&'a str>,
    environment: &'a str,
}

impl Runbooks<'_> {
    /// A description with the way to its runbook.
    fn describe(&self, text: &str, anchor: &str) -> String {
        let text = sentence(text);
        match self.base_url {
            Some(url) => format!("{text} Runbook: {}#{anchor}", url.trim_end_matches('/')),
            None => format!(
                "{text} Runbook: generated/{}/RUNBOOKS.md#{anchor}",
                self.environment
            ),
        }
    }
}
