//! A controls report as plain text for people: a table where it fits, a paragraph for each control where
//! it does not.

use std::fmt::Write as _;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};

use super::report::{ControlResult, ControlsReport, Status};
use crate::catalog::controls::Group;
use crate::terminal::{self, GAP};

/// The least that a sentence needs before it is broken into too many lines.
const LEAST: usize = 24;

/// The most columns of a sentence that is not broken: far above the longest sentence.
const MAX_COLUMNS: usize = 10_000;

const HEADINGS: [&str; 6] = [
    "CONTROL",
    "STATUS",
    "REQUIREMENT",
    "CIS",
    "WHERE",
    "VERIFIED BY",
];

/// The reports of a fleet, for a screen of so many columns; `None` breaks no line.
#[must_use]
pub fn print(reports: &[ControlsReport], width: Option<usize>) -> String {
    let mut text = String::new();
    for report in reports {
        let _ = writeln!(text, "{} (paths are below generated/)", report.environment);
        text.push_str(&one(report, width));
        text.push('\n');
    }
    for report in reports {
        for sentence in report.sentences() {
            let _ = writeln!(text, "{}", on_one_line(&sentence));
        }
    }
    text
}

fn one(report: &ControlsReport, width: Option<usize>) -> String {
    let rows: Vec<Row> = report.controls.iter().map(Row::of).collect();
    let all = table_of(&rows);
    let mut widths = all.column_max_content_widths();
    widths.pop();
    // A column with nothing in it is left out, heading and all.
    for (column, width) in widths.iter_mut().enumerate() {
        if rows.iter().all(|row| row.cell(column).is_empty()) {
            *width = 0;
        }
    }
    let shown = widths.iter().filter(|width| **width > 0);
    let fixed: usize = shown.map(|width| usize::from(width + GAP)).sum();
    match width {
        Some(width) if width < fixed + LEAST => stacked(&rows, width),
        Some(width) => grouped(&rows, &widths, Some(width - fixed)),
        None => grouped(&rows, &widths, None),
    }
}

/// What is shown of a control.
struct Row {
    group: Group,
    /// The first four columns.
    short: [String; 4],
    /// One of them a line.
    places: Vec<String>,
    /// How it is proven, or why it need not be.
    sentence: String,
}

impl Row {
    fn of(result: &ControlResult) -> Self {
        Self {
            group: result.group,
            short: [
                result.id.to_owned(),
                result.status.as_str().to_owned(),
                result.requirements.join(", "),
                result.cis.unwrap_or_default().to_owned(),
            ],
            places: result
                .places
                .iter()
                .map(|place| format!("{}:{}", place.file, place.line))
                .collect(),
            sentence: sentence(result),
        }
    }

    fn cell(&self, column: usize) -> String {
        match self.short.get(column) {
            Some(short) => short.clone(),
            None if column == self.short.len() => self.places.join("\n"),
            None => self.sentence.clone(),
        }
    }
}

fn sentence(result: &ControlResult) -> String {
    match (result.status, &result.waiver, result.responsible_party) {
        (Status::Waived, Some(waiver), _) => {
            format!(
                "waived until {}: {}",
                waiver.expires,
                on_one_line(&waiver.reason)
            )
        }
        (Status::People, _, Some(who)) => who.to_owned(),
        (Status::Missing, ..) => format!("nothing: {}", result.title),
        _ => result.verified.as_str().to_owned(),
    }
}

/// A terminal obeys control characters.
fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn table_of<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Table {
    let mut table = terminal::table(&HEADINGS);
    for row in rows {
        table.add_row((0..HEADINGS.len()).map(|column| row.cell(column)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table
}

/// A table for each group below its title, all with the same columns: `widths` are those before the last, 0
/// for one that is left out, and `last` is what the sentences may take.
fn grouped(rows: &[Row], widths: &[u16], last: Option<usize>) -> String {
    let mut text = String::new();
    for (number, group) in rows.chunk_by(|a, b| a.group == b.group).enumerate() {
        let mut table = table_of(group);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        let longest = group.iter().map(|row| row.sentence.chars().count()).max();
        let last = last.or(longest).unwrap_or_default().min(MAX_COLUMNS);
        table.set_constraints(widths.iter().map(|width| match width {
            0 => ColumnConstraint::Hidden,
            width => ColumnConstraint::Absolute(Width::Fixed(width + GAP)),
        }));
        if let Some(column) = table.column_mut(widths.len()) {
            let width = Width::Fixed(u16::try_from(last).unwrap_or(u16::MAX));
            column
                .set_padding((0, 0))
                .set_constraint(ColumnConstraint::Absolute(width));
        }
        let mut lines = terminal::lines(&table);
        let heading = lines.next().unwrap_or_default();
        if number == 0 {
            let _ = writeln!(text, "{heading}");
        }
        let _ = writeln!(text, "\n{}", group[0].group.title());
        lines.for_each(|line| {
            let _ = writeln!(text, "{line}");
        });
    }
    text
}

fn stacked(rows: &[Row], width: usize) -> String {
    let mut text = String::new();
    let mut group = None;
    for row in rows {
        if group != Some(row.group) {
            group = Some(row.group);
            let _ = writeln!(text, "\n{}", row.group.title());
        }
        let [id, status, requirements, cis] = &row.short;
        let _ = write!(text, "{id}: {status}");
        for (label, number) in [("requirement", requirements), ("CIS", cis)] {
            if !number.is_empty() {
                let _ = write!(text, ", {label} {number}");
            }
        }
        text.push('\n');
        let sentence = terminal::wrap(
            &row.sentence,
            u16::try_from(width.saturating_sub(usize::from(GAP))).ok(),
        );
        for line in row.places.iter().chain(&sentence) {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_control_characters() {
        assert_eq!(on_one_line("a\u{1b}[31mb\nc"), "a [31mb c");
    }
}
