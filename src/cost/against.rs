//! Two estimates beside each other, and an estimate as Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::estimate::{EnvironmentEstimate, Estimate, sum};
use super::range::CostRange;

/// What one environment costs in two files. It may be missing in either.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvironmentDifference {
    pub environment: String,
    pub before: Option<CostRange>,
    pub after: Option<CostRange>,
    /// How much more that is; what is missing costs nothing.
    pub difference: CostRange,
    /// Instance types whose price is unknown, and that are part of neither.
    pub unpriced: Vec<String>,
}

/// Every environment of either file, in the order of their names.
#[must_use]
pub fn difference(before: &Estimate, after: &Estimate) -> Vec<EnvironmentDifference> {
    let by_name = |estimate: &Estimate| -> BTreeMap<String, EnvironmentEstimate> {
        let environments = estimate.environments.iter().cloned();
        environments
            .map(|environment| (environment.environment.clone(), environment))
            .collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let rows = names.into_iter().map(|name| {
        let sides = [before.get(name), after.get(name)];
        let [before, after] = sides.map(|side| side.map(|estimate| estimate.total));
        let mut unpriced: Vec<String> = sides
            .into_iter()
            .flatten()
            .flat_map(|estimate| estimate.unpriced.clone())
            .collect();
        unpriced.dedup();
        EnvironmentDifference {
            environment: name.clone(),
            before,
            after,
            difference: sum(after
                .into_iter()
                .chain(before.map(|before| before.times(-1.0)))),
            unpriced,
        }
    });
    rows.collect()
}

/// The difference as lines for people.
#[must_use]
pub fn print_difference(before: &Estimate, after: &Estimate) -> String {
    let mut text = "US dollars per month, expected (minimum to maximum)\n".to_owned();
    for row in difference(before, after) {
        let EnvironmentDifference {
            environment,
            before,
            after,
            difference,
            unpriced,
        } = row;
        let _ = writeln!(
            text,
            "  {environment}: {} instead of {}, {:+.2}{}",
            amount(after),
            amount(before),
            difference.expected,
            without(&unpriced)
        );
    }
    text
}

/// Totals as a table of Markdown, compared with another estimate where there is one.
#[must_use]
pub fn to_markdown(estimate: &Estimate, before: Option<&Estimate>) -> String {
    let mut text = format!(
        "Estimated cost of `{}`, US dollars per month; prices of {}.\n\n",
        estimate.fleet, estimate.prices_as_of
    );
    match before {
        None => {
            text.push_str("| environment | minimum | expected | maximum |\n|---|---:|---:|---:|\n");
            for environment in &estimate.environments {
                let CostRange {
                    minimum,
                    expected,
                    maximum,
                } = environment.total;
                let _ = writeln!(
                    text,
                    "| {}{} | {minimum:.2} | {expected:.2} | {maximum:.2} |",
                    environment.environment,
                    without(&environment.unpriced)
                );
            }
        }
        Some(before) => {
            text.push_str(
                "| environment | before | after | difference, expected |\n|---|---:|---:|---:|\n",
            );
            for row in difference(before, estimate) {
                let _ = writeln!(
                    text,
                    "| {}{} | {} | {} | {:+.2} |",
                    row.environment,
                    without(&row.unpriced),
                    amount(row.before),
                    amount(row.after),
                    row.difference.expected
                );
            }
        }
    }
    text
}

fn amount(range: Option<CostRange>) -> String {
    range.map_or_else(
        || "nothing".to_owned(),
        |CostRange {
             minimum,
             expected,
             maximum,
         }| { format!("{expected:.2} ({minimum:.2} to {maximum:.2})") },
    )
}

/// What a total leaves out.
fn without(unpriced: &[String]) -> String {
    if unpriced.is_empty() {
        String::new()
    } else {
        format!(
            ", without instances: the price of {} is unknown",
            unpriced.join(" and ")
        )
    }
}
