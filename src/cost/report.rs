//! An estimate as tables for people and as JSON for programs.

use serde::Serialize;
use std::fmt::Write;

use comfy_table::CellAlignment;

use super::week::MINUTES;
use super::{Comparison, CostItem, CostRange, EnvironmentEstimate, Estimate, SizePeriod};
use crate::terminal::{self, GAP, wrap};

/// The estimate as JSON. Field names are stable; amounts are US dollars per month.
#[must_use]
pub fn to_json(estimate: &impl Serialize) -> String {
    // Plain structs with string keys: nothing of it can fail to serialize.
    let mut json = serde_json::to_string_pretty(estimate).unwrap_or_default();
    json.push('\n');
    json
}

/// The estimate as aligned plain text.
#[must_use]
pub fn print_table(estimate: &Estimate) -> String {
    let mut text = format!(
        "Estimated cost of {}, US dollars per month of {} hours\n",
        estimate.fleet, estimate.hours_per_month
    );
    for environment in &estimate.environments {
        text.push('\n');
        text.push_str(&environment_text(environment));
    }
    if estimate.environments.len() > 1 {
        text.push('\n');
        text.push_str(&summary(estimate));
    }
    // Without a price of the instances there is no difference between the ways to buy them.
    if estimate
        .environments
        .iter()
        .all(|environment| environment.unpriced.is_empty())
    {
        text.push('\n');
        text.push_str(&comparison_text(&estimate.comparison));
    }
    text.push_str("\nAssumptions\n");
    text.push_str(&list(&estimate.assumptions));
    text
}

fn environment_text(environment: &EnvironmentEstimate) -> String {
    let mut text = format!("{} ({})\n", environment.environment, environment.region);
    text.push_str(&week_text(&environment.week));
    text.push_str(&instances_text(environment.instances));
    let mut rows: Vec<Vec<String>> = environment.lines.iter().map(line_cells).collect();
    let name = if environment.unpriced.is_empty() {
        "total"
    } else {
        "total without instances"
    };
    rows.push(total_cells(name, environment.total));
    text.push_str(&print_rows(
        &["", "price", "unit", "minimum", "expected", "maximum"],
        &[0, 2],
        &rows,
        true,
    ));
    text.push_str(&list(&environment.assumptions));
    text
}

fn week_text(week: &[SizePeriod]) -> String {
    let parts: Vec<String> = week
        .iter()
        .map(|bounds| {
            let hours = f64::from(bounds.minutes) / 60.0;
            let hours = (hours * 100.0).round() / 100.0;
            let SizePeriod {
                min_size, max_size, ..
            } = bounds;
            format!("{min_size} to {max_size} for {hours} h")
        })
        .collect();
    let hours = MINUTES / 60;
    format!(
        "  capacity units in a week of {hours} h: {}\n",
        parts.join(", ")
    )
}

fn instances_text(instances: CostRange) -> String {
    format!(
        "  instances on average: {:.2} minimum, {:.2} expected, {:.2} maximum\n",
        instances.minimum, instances.expected, instances.maximum
    )
}

fn line_cells(line: &CostItem) -> Vec<String> {
    let mut cells = vec![
        line.item.clone(),
        line.usd_per_unit.map_or_else(unknown, price),
        line.unit.to_owned(),
    ];
    cells.extend(match line.usd_per_unit {
        Some(_) => amounts(line.usd),
        None => [(); 3].map(|()| unknown()),
    });
    cells
}

fn total_cells(name: &str, total: CostRange) -> Vec<String> {
    let mut cells = vec![name.to_owned(), String::new(), String::new()];
    cells.extend(amounts(total));
    cells
}

fn amounts(usd: CostRange) -> [String; 3] {
    [usd.minimum, usd.expected, usd.maximum].map(|usd| format!("{usd:.2}"))
}

/// What stands in place of a price, or of an amount, that nobody has stated.
fn unknown() -> String {
    "unknown".to_owned()
}

/// At least cents, and as many digits as the price has, up to millionths.
fn price(usd: f64) -> String {
    let text = format!("{usd:.6}");
    let trimmed = text.trim_end_matches('0');
    let decimals = trimmed.split('.').next_back().map_or(0, str::len).max(2);
    format!("{usd:.decimals$}")
}

fn summary(estimate: &Estimate) -> String {
    let row = |name: &str, usd: CostRange| {
        let mut cells = vec![name.to_owned()];
        cells.extend(amounts(usd));
        cells
    };
    let environments = estimate.environments.iter();
    let mut rows: Vec<Vec<String>> = environments
        .map(|environment| row(&environment.environment, environment.total))
        .collect();
    rows.push(row("total", estimate.total));
    let header = ["all environments", "minimum", "expected", "maximum"];
    print_rows(&header, &[0], &rows, true)
}

fn comparison_text(comparison: &Comparison) -> String {
    let header = [
        "the same fleet",
        "minimum",
        "expected",
        "maximum",
        "difference, expected",
    ];
    let rows = comparison.purchases.iter().map(|purchase| {
        let mut cells = vec![purchase.name.to_owned()];
        cells.extend(amounts(purchase.total));
        cells.push(format!("{:+.2}", purchase.difference.expected));
        cells
    });
    print_rows(&header, &[0], &rows.collect::<Vec<_>>(), false)
}

/// Columns of a line of prose.
const WIDTH: u16 = 92;

/// The items of a list, each with its first line indented by a hyphen.
fn list(items: &[String]) -> String {
    let mut text = String::new();
    for item in items {
        for (number, line) in wrap(item, Some(WIDTH - 4)).iter().enumerate() {
            let bullet = if number == 0 { '-' } else { ' ' };
            let _ = writeln!(text, "  {bullet} {line}");
        }
    }
    text
}

/// A table whose columns of words begin at the left; all others are numbers and end at the right. The last
/// row is a total, below a line.
fn print_rows(header: &[&str], words: &[usize], rows: &[Vec<String>], has_total: bool) -> String {
    let mut table = terminal::table(header);
    table.add_rows(rows);
    for (number, column) in table.column_iter_mut().enumerate() {
        column.set_padding((GAP, 0));
        column.set_cell_alignment(if words.contains(&number) {
            CellAlignment::Left
        } else {
            CellAlignment::Right
        });
    }
    let gap = usize::from(GAP);
    let widths = table.column_max_content_widths();
    let width: usize = widths.iter().map(|width| usize::from(*width) + gap).sum();
    let total = has_total.then_some(rows.len());
    let mut text = String::new();
    for (number, line) in terminal::lines(&table).enumerate() {
        if Some(number) == total {
            let _ = writeln!(text, "{:gap$}{}", "", "-".repeat(width - gap));
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_keep_their_digits() {
        assert_eq!(price(0.0832), "0.0832");
        assert_eq!(price(0.02496), "0.02496");
        assert_eq!(price(3.0), "3.00");
        assert_eq!(price(0.5), "0.50");
    }
}
