//! What is known of an alarm.

use super::metrics::Metric;
use crate::fleet::{Comparison, MissingData, Statistic};

/// An alarm.
#[derive(Clone, Copy, Debug)]
pub struct Alarm {
    /// Its name, before which the fleet's prefix is put; also the anchor of its runbook.
    pub name: &'static str,
    /// What it means, for whoever is woken by it.
    pub description: &'static str,
    pub condition: Condition,
    pub comparison: Comparison,
    pub threshold: Threshold,
    /// Seconds of one period.
    pub period: u32,
    pub evaluation_periods: u32,
    pub missing_data: MissingData,
    /// What happens when it fires.
    pub action: AlarmAction,
    /// What to do about it, step by step.
    pub runbook: &'static [&'static str],
}

/// What is held against the threshold.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// One metric's fleet-level series.
    Metric(Metric, Statistic),
    /// A metric math expression over fleet-level series. `{samples}` in it stands for the number
    /// of reports that one instance makes in a period.
    Expression {
        expression: &'static str,
        label: &'static str,
        queries: &'static [Query],
    },
    /// All of these alarms, by their names. A composite alarm has no threshold of its own.
    All(&'static [&'static str]),
}

/// One series of an expression.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Its name in the expression.
    pub id: &'static str,
    pub metric: Metric,
    pub statistic: Statistic,
}

/// The value at which an alarm fires.
#[derive(Clone, Copy, Debug)]
pub enum Threshold {
    Fixed(f64),
    /// Browser slots of the fleet's largest instance type.
    LargestSlots,
    /// A quarter of the largest size that the group has at any time, and at least one.
    QuarterOfLargestSize,
}

/// What happens when an alarm fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmAction {
    /// People are notified.
    Notify,
    /// People are notified, and `valet-worker heal` runs on the fleet's instances.
    NotifyAndHeal,
    /// Nothing: it is a part of a composite alarm.
    None,
}

impl Alarm {
    /// Every metric that it watches itself. A composite alarm watches none.
    pub fn metrics(&self) -> impl Iterator<Item = Metric> {
        let (one, several): (Option<Metric>, &[Query]) = match self.condition {
            Condition::Metric(metric, _) => (Some(metric), &[]),
            Condition::Expression { queries, .. } => (None, queries),
            Condition::All(_) => (None, &[]),
        };
        one.into_iter()
            .chain(several.iter().map(|query| query.metric))
    }
}
