//! docs/alarms.md: the alarms and the metrics.

use std::fmt::Write as _;

use super::notice::notice;
use crate::catalog::alarms::{self, Condition};
use crate::catalog::metrics;

/// The page.
pub fn page() -> String {
    let notice = notice("src/catalog");
    let mut page = format!(
        "{notice}# Alarms and metrics\n\n## Alarms\n\n\
         All are on; an `[[alarm]]` entry of fleet.toml tunes one, switches it off or adds one.\n\n\
         | alarm | fires when | watches |\n|---|---|---|\n"
    );
    for alarm in alarms::all() {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} |",
            alarm.name,
            alarm.description,
            watches(&alarm.condition)
        );
    }
    page.push_str(
        "\n## Metrics\n\nEvery metric has a series for the whole fleet, with the one dimension \
         `AutoScalingGroupName`; those marked so have one per instance as well.\n\n\
         | metric | published by | unit | meaning | per instance |\n|---|---|---|---|---|\n",
    );
    for metric in metrics::METRICS {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            metric.name,
            metric.publisher.title(),
            metric.unit,
            metric.meaning,
            if metric.per_instance { "yes" } else { "no" }
        );
    }
    page
}

fn watches(condition: &Condition) -> String {
    match condition {
        Condition::Metric(metric, statistic) => format!("{statistic:?} of `{}`", metric.name),
        Condition::Expression {
            expression,
            queries,
            ..
        } => {
            let series: Vec<String> = queries
                .iter()
                .map(|query| {
                    format!(
                        "{} = {:?} of `{}`",
                        query.id, query.statistic, query.metric.name
                    )
                })
                .collect();
            format!("`{expression}` with {}", series.join(", "))
        }
        Condition::All(parts) => format!("all of {}", parts.join(", ")),
    }
}
