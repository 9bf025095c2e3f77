//! `[alerts]` and `[[alarm]]` over the registry of alarms.

use serde::Serialize;

use super::identity::Identity;
use super::worker::Worker;
use crate::catalog::alarms::{self, AlarmAction, Condition, Threshold};
use crate::catalog::metrics::{self, Metric, Subject};
use crate::derive::alarms::sentence;
use crate::fleet::{Comparison, MissingData, Statistic};
use crate::{derive, fleet};

/// Who is notified of what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alerts {
    pub email: Vec<String>,
    /// The existing topic that alarms publish to; `None` for the fleet's own.
    pub topic_arn: Option<String>,
    /// The bus that changes of alarms are sent to as well.
    pub event_bus_arn: Option<String>,
    /// Alarms on one metric or one expression, parts of composite alarms among them.
    pub alarms: Vec<Alarm>,
    /// Alarms on other alarms.
    pub composites: Vec<CompositeAlarm>,
    /// The names of the alarms that run `valet-worker heal`.
    pub healing: Vec<String>,
    /// The name in CloudWatch of the alarm that stops an instance refresh.
    pub refresh_alarm: Option<String>,
}

/// An alarm on one metric or one expression.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alarm {
    /// The name in the registry or in fleet.toml.
    pub name: String,
    /// The name in CloudWatch.
    pub full_name: String,
    /// What it means, in one sentence.
    pub meaning: String,
    /// The same with the way to its runbook, as CloudWatch shows it.
    pub description: String,
    pub comparison: Comparison,
    pub threshold: f64,
    pub evaluation_periods: u32,
    pub missing_data: MissingData,
    /// Whether people are notified; the parts of a composite alarm notify nobody.
    pub notifies: bool,
    /// The one series that is watched, or `None` for an expression.
    pub metric: Option<AlarmQuery>,
    pub expression: Option<Expression>,
    /// What to do about it, step by step; empty for alarms of fleet.toml.
    pub runbook: Vec<String>,
}

/// An alarm that fires when all of its parts do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompositeAlarm {
    pub name: String,
    pub full_name: String,
    /// What it means, in one sentence.
    pub meaning: String,
    /// The same with the way to its runbook, as CloudWatch shows it.
    pub description: String,
    /// The names of its parts.
    pub parts: Vec<String>,
    pub runbook: Vec<String>,
}

/// A metric math expression.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expression {
    pub text: String,
    pub label: String,
    pub queries: Vec<AlarmQuery>,
}

/// One fleet-level series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlarmQuery {
    pub id: String,
    pub namespace: String,
    pub metric_name: String,
    pub statistic: Statistic,
    /// Seconds.
    pub period: u32,
    /// The name of its one dimension.
    pub dimension: &'static str,
    /// The resource whose name is the dimension's value.
    pub subject: Subject,
}

/// What alarms depend on besides their own tables.
pub struct Context<'a> {
    pub identity: &'a Identity,
    pub worker: &'a Worker,
    pub fleet: &'a fleet::Fleet,
}

impl Context<'_> {
    fn description(&self, text: &str, name: &str) -> String {
        derive::alarms::description(text, name, &self.fleet.alerts, &self.identity.environment)
    }
}

pub fn resolve(ctx: &Context<'_>) -> Alerts {
    let tuned = &ctx.fleet.alarm;
    let fleet::Alerts {
        email,
        topic_arn,
        event_bus_arn,
        // For whoever reviews fleet.toml.
        nobody_because: _,
        // Descriptions have it.
        runbook_base_url: _,
    } = &ctx.fleet.alerts;
    let mut resolved = Alerts {
        email: email.clone(),
        topic_arn: topic_arn.clone(),
        event_bus_arn: event_bus_arn.clone(),
        alarms: Vec::new(),
        composites: Vec::new(),
        healing: Vec::new(),
        refresh_alarm: None,
    };
    for alarm in alarms::all() {
        let entry = tuned.iter().find(|entry| entry.name == alarm.name);
        if derive::alarms::is_on(alarm, tuned, ctx.fleet) {
            add_own(&mut resolved, alarm, entry, ctx);
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
    resolved.refresh_alarm = resolved
        .alarms
        .iter()
        .find(|alarm| alarm.name == alarms::STOPS_REFRESH)
        .map(|alarm| alarm.full_name.clone());
    for entry in tuned.iter().filter(|entry| entry.enabled) {
        if alarms::find(&entry.name).is_none()
            && let Some(metric) = entry.metric.as_deref().and_then(metrics::find)
        {
            resolved.alarms.push(added(entry, metric, ctx));
        }
    }
    resolved
}

fn add_own(
    resolved: &mut Alerts,
    alarm: &alarms::Alarm,
    entry: Option<&fleet::Alarm>,
    ctx: &Context<'_>,
) {
    let full_name = derive::alarms::full_name(&ctx.identity.prefix, alarm.name);
    let text = derive::alarms::meaning(alarm.description, entry);
    let description = ctx.description(text, alarm.name);
    let runbook = alarm.runbook.iter().map(ToString::to_string).collect();
    if alarm.action == AlarmAction::NotifyAndHeal {
        resolved.healing.push(alarm.name.to_owned());
    }
    let timing = derive::alarms::timing(Some(alarm), entry);
    let (metric, expression) = match alarm.condition {
        Condition::All(parts) => {
            resolved.composites.push(CompositeAlarm {
                name: alarm.name.to_owned(),
                full_name,
                meaning: sentence(text),
                description,
                parts: parts.iter().map(ToString::to_string).collect(),
                runbook,
            });
            return;
        }
        Condition::Metric(metric, own) => {
            let series = series(
                "",
                metric,
                derive::alarms::statistic(Some(own), entry),
                timing.period,
                &ctx.worker.namespace,
            );
            (Some(series), None)
        }
        Condition::Expression {
            expression,
            label,
            queries,
        } => {
            let interval_seconds = ctx.worker.metrics_interval_seconds;
            let samples = derive::alarms::samples(timing.period, interval_seconds);
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
                            timing.period,
                            &ctx.worker.namespace,
                        )
                    })
                    .collect(),
            };
            (None, Some(expression))
        }
    };
    resolved.alarms.push(Alarm {
        name: alarm.name.to_owned(),
        full_name,
        meaning: sentence(text),
        description,
        comparison: timing.comparison,
        threshold: derive::alarms::threshold(alarm.threshold, entry, ctx.fleet),
        evaluation_periods: timing.evaluation_periods,
        missing_data: timing.missing_data,
        notifies: alarm.action != AlarmAction::None,
        metric,
        expression,
        runbook,
    });
}

fn added(entry: &fleet::Alarm, metric: Metric, ctx: &Context<'_>) -> Alarm {
    let fleet::Alarm {
        name,
        enabled: _,
        metric: _,
        statistic: _,
        comparison_operator: _,
        threshold: _,
        period: _,
        evaluation_periods: _,
        treat_missing_data: _,
        description: _,
    } = entry;
    let timing = derive::alarms::timing(None, Some(entry));
    let text = derive::alarms::meaning(metric.meaning, Some(entry));
    Alarm {
        name: name.clone(),
        full_name: derive::alarms::full_name(&ctx.identity.prefix, name),
        meaning: sentence(text),
        description: ctx.description(text, name),
        comparison: timing.comparison,
        // A rule asks for one.
        threshold: derive::alarms::threshold(Threshold::Fixed(0.0), Some(entry), ctx.fleet),
        evaluation_periods: timing.evaluation_periods,
        missing_data: timing.missing_data,
        notifies: true,
        metric: Some(series(
            "",
            metric,
            derive::alarms::statistic(None, Some(entry)),
            timing.period,
            &ctx.worker.namespace,
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
    let subject = metric.publisher.subject();
    AlarmQuery {
        id: id.to_owned(),
        namespace: metric.publisher.namespace(namespace),
        metric_name: metric.name.to_owned(),
        statistic,
        period,
        dimension: subject.dimension(),
        subject,
    }
}
