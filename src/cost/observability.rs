//! Alarms, metrics, the dashboard and logs.

use super::item::CostItem;
use super::range::CostRange;
use super::rates::{
    ALARM, COMPOSITE_ALARM, CUSTOM_METRIC, DASHBOARD, DAYS_PER_MONTH, LOG_INGESTION, LOG_STORAGE,
};
use crate::catalog::metrics::{METRICS, Metric, Publisher};
use crate::resolve::{Alerts, Environment, Scaling};

/// Metrics that EC2's detailed monitoring adds to an instance, by CloudWatch's own pricing example.
const DETAILED_METRICS: f64 = 7.0;

/// Bytes that CloudWatch Logs stores for one that it took in, by its own pricing example.
pub const STORED_SHARE: f64 = 0.15;

#[must_use]
pub fn lines(environment: &Environment, instances: CostRange) -> Vec<CostItem> {
    let alarms = alarm_metrics(&environment.alerts);
    let scaling = scaling_alarm_metrics(&environment.scaling);
    let composites = environment.alerts.composites.len();
    let published = || METRICS.iter().filter(|metric| is_custom(metric));
    let per_fleet = published().count();
    let per_instance = published()
        .filter(|metric| metric.per_instance)
        .filter(|metric| {
            environment.worker.instance_series || metric.publisher != Publisher::Worker
        })
        .count();
    let mut lines = vec![
        CostItem::of(ALARM, "registry and fleet.toml", constant(alarms)),
        CostItem::of(ALARM, "scaling", constant(scaling)),
        CostItem::of(COMPOSITE_ALARM, "", constant(composites)),
        CostItem::of(CUSTOM_METRIC, "fleet-level", constant(per_fleet)),
        CostItem::of(
            CUSTOM_METRIC,
            &format!("{per_instance} per instance"),
            instances.times(per_instance as f64),
        ),
        CostItem::of(
            CUSTOM_METRIC,
            "EC2 detailed monitoring",
            instances.times(DETAILED_METRICS),
        ),
        CostItem::of(DASHBOARD, "", constant(1)),
    ];
    lines.extend(log_lines(environment, instances));
    lines
}

fn constant(count: usize) -> CostRange {
    CostRange::constant(count as f64)
}

/// What the hosts publish is charged; what AWS's own services publish is not.
fn is_custom(metric: &Metric) -> bool {
    match metric.publisher {
        Publisher::Worker | Publisher::CloudWatchAgent(_) => true,
        Publisher::AutoScaling | Publisher::Ec2 | Publisher::Sqs => false,
    }
}

/// An alarm on an expression is charged for every metric in it.
fn alarm_metrics(alerts: &Alerts) -> usize {
    let metrics = alerts.alarms.iter().map(|alarm| {
        alarm
            .expression
            .as_ref()
            .map_or(1, |expression| expression.queries.len())
    });
    metrics.sum()
}

/// A target that never scales in has its high alarm only.
fn scaling_alarm_metrics(scaling: &Scaling) -> usize {
    // The idle alarm reads slot use, and queue depth where there is one.
    let idle = (scaling.scale_in.as_ref()).map_or(0, |idle| 1 + usize::from(idle.by_queue));
    // That of a group of none reads queue depth and desired capacity.
    let from_zero = 2 * usize::from(scaling.from_zero.is_some());
    let targets = [scaling.cpu_target, scaling.slots_target];
    scaling.queue_steps.len() + from_zero + idle + targets.iter().flatten().count()
}

/// Storage as it is once the first log has reached its age: each month adds what another removes.
fn log_lines(environment: &Environment, instances: CostRange) -> Vec<CostItem> {
    let ingested = instances.times(environment.cost.log_gigabytes_per_instance.get());
    let months = f64::from(retention_in_days(environment)) / DAYS_PER_MONTH;
    let stored = ingested.times(months * STORED_SHARE);
    vec![
        CostItem::of(LOG_INGESTION, "", ingested),
        CostItem::of(LOG_STORAGE, "compressed", stored),
    ]
}

/// The longest retention of the fleet's log groups.
#[must_use]
pub fn retention_in_days(environment: &Environment) -> u32 {
    let groups = &environment.log_groups;
    let optional = groups.session.iter().chain(&groups.flow_logs);
    let all = [&groups.system, &groups.worker].into_iter().chain(optional);
    all.map(|group| group.retention_in_days).max().unwrap_or(0)
}
