//! The reference pages, made from the registries and the types, so that they cannot drift.

mod controls;
mod language;

use std::fmt::Write as _;

use crate::catalog::alarms::{self, Condition};
use crate::catalog::metrics;
use crate::diagnostic::Explanation;
use crate::{check, images, review};

/// The line at the head of a page, with the place to change instead.
fn notice(source: &str) -> String {
    format!("<!-- Written by `valet-gen docs` from {source}. Change that and run it again. -->\n\n")
}

/// Every page: its file name and its text.
#[must_use]
pub fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("fleet-toml.md", language::page()),
        ("diagnostics.md", diagnostics()),
        ("alarms.md", alarms()),
        ("controls.md", controls::page()),
    ]
}

/// Every diagnostic, those of fleet.toml first.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    let of_files = check::explanations().chain(images::EXPLANATIONS.iter().copied());
    of_files.chain(review::explanations())
}

/// The explanation of a code.
#[must_use]
pub fn explain(code: &str) -> Option<Explanation> {
    explanations().find(|explanation| explanation.code == code)
}

fn diagnostics() -> String {
    let notice = notice("src/check and src/review");
    let mut page = format!(
        "{notice}# Diagnostics\n\n\
         Every finding about a fleet.toml and its images.lock, below `plan.` about a plan of Terraform, and below `change.` about a change, by its code. `valet-gen explain CODE` prints the same.\n"
    );
    for explanation in explanations() {
        let _ = write!(
            page,
            "\n## {}\n\n**{}** ({}).\n\n{}\n",
            explanation.code,
            explanation.title,
            explanation.severity.as_str(),
            explanation.reason
        );
    }
    page
}

fn alarms() -> String {
    let notice = notice("src/catalog");
    let mut page = format!(
        "{notice}# Alarms and metrics\n\n## Alarms\n\n\
         All are on; an `[[alarm]]` entry of fleet.toml tunes one, switches it off or adds one.\n\n\
         | alarm | fires when | watches |\n|---|---|---|\n"
    );
    for alarm in alarms::ALARMS {
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
