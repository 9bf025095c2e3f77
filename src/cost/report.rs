//! An estimate as tables for people and as JSON for programs.

use std::fmt::Write;

use super::week::MINUTES;
use super::{Comparison, CostItem, CostRange, EnvironmentEstimate, Estimate, SizePeriod};

/// The estimate as JSON. Field names are stable; amounts are US dollars per month.
#[must_use]
pub fn to_json(estimate: &Estimate) -> String {
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
    text.push('\n');
    text.push_str(&comparison_text(&estimate.comparison));
    text.push_str("\nAssumptions\n");
    text.push_str(&list(&estimate.assumptions));
    text
}

fn environment_text(environment: &EnvironmentEstimate) -> String {
    let mut text = format!("{} ({})\n", environment.environment, environment.region);
    text.push_str(&week_text(&environment.week));
    text.push_str(&instances_text(environment.instances));
    let mut table = Table::new(
        &["", "price", "unit", "minimum", "expected", "maximum"],
        &[0, 2],
    );
    for line in &environment.lines {
        table.row(line_cells(line));
    }
    table.rule();
    table.row(total_cells("total", environment.total));
    text.push_str(&table.print());
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
        price(line.usd_per_unit),
        line.unit.to_owned(),
    ];
    cells.extend(amounts(line.usd));
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

/// At least cents, and as many digits as the price has, up to millionths.
fn price(usd: f64) -> String {
    let text = format!("{usd:.6}");
    let trimmed = text.trim_end_matches('0');
    let decimals = trimmed.split('.').next_back().map_or(0, str::len).max(2);
    format!("{usd:.decimals$}")
}

fn summary(estimate: &Estimate) -> String {
    let mut table = Table::new(
        &["all environments", "minimum", "expected", "maximum"],
        &[0],
    );
    for environment in &estimate.environments {
        let mut cells = vec![environment.environment.clone()];
        cells.extend(amounts(environment.total));
        table.row(cells);
    }
    table.rule();
    let mut cells = vec!["total".to_owned()];
    cells.extend(amounts(estimate.total));
    table.row(cells);
    table.print()
}

fn comparison_text(comparison: &Comparison) -> String {
    let head = [
        "the same fleet",
        "minimum",
        "expected",
        "maximum",
        "difference, expected",
    ];
    let mut table = Table::new(&head, &[0]);
    for purchase in &comparison.purchases {
        let mut cells = vec![purchase.name.to_owned()];
        cells.extend(amounts(purchase.total));
        cells.push(format!("{:+.2}", purchase.difference.expected));
        table.row(cells);
    }
    table.print()
}

/// Columns of a line of prose.
const WIDTH: usize = 92;

fn list(items: &[String]) -> String {
    let mut text = String::new();
    for item in items {
        let mut line = "  -".to_owned();
        for word in item.split(' ') {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                let _ = writeln!(text, "{line}");
                line = "   ".to_owned();
            }
            line.push(' ');
            line.push_str(word);
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

/// Rows of cells that are printed in columns.
struct Table<'a> {
    head: Vec<String>,
    /// Columns of words; all others are numbers and end at the right.
    words: &'a [usize],
    /// An empty row is a rule.
    rows: Vec<Vec<String>>,
}

impl<'a> Table<'a> {
    fn new(head: &[&str], words: &'a [usize]) -> Self {
        Self {
            head: head.iter().map(ToString::to_string).collect(),
            words,
            rows: Vec::new(),
        }
    }

    fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn rule(&mut self) {
        self.rows.push(Vec::new());
    }

    fn print(&self) -> String {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| self.width(column))
            .collect();
        let ruler = "-".repeat(widths.iter().sum::<usize>() + GAP.len() * (widths.len() - 1));
        let mut text = self.print_row(&self.head, &widths);
        for row in &self.rows {
            let line = if row.is_empty() {
                format!("{GAP}{ruler}\n")
            } else {
                self.print_row(row, &widths)
            };
            text.push_str(&line);
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells
            .chain(self.head.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    }

    fn print_row(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            line.push_str(GAP);
            let _ = if self.words.contains(&column) {
                write!(line, "{cell:<width$}")
            } else {
                write!(line, "{cell:>width$}")
            };
        }
        format!("{}\n", line.trim_end())
    }
}

/// What stands before each column.
const GAP: &str = "  ";

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
