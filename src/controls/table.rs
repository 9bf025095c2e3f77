//! A controls report as plain text for people: a table where it fits, a paragraph for each control where
//! it does not.

use std::fmt::Write as _;

use super::{ControlResult, ControlsReport, Status};
use crate::catalog::controls::Group;

/// What the table has between two columns.
const GAP: usize = 2;

/// The least that a sentence needs before it is broken into too many lines.
const LEAST: usize = 24;

const HEADINGS: [&str; 6] = [
    "CONTROL",
    "STATUS",
    "ANSWERS",
    "CIS",
    "WHERE",
    "VERIFIED BY",
];

/// The reports of a fleet, for a screen of so many columns; `None` breaks no line.
#[must_use]
pub fn print(reports: &[ControlsReport], width: Option<usize>) -> String {
    let mut text = String::new();
    for report in reports {
        let _ = writeln!(text, "{}, places below generated/", report.environment);
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
    let rows: Vec<Row> = report.controls.iter().map(row).collect();
    let widths = widths(&rows);
    let shown = widths.iter().filter(|width| **width > 0);
    let fixed: usize = shown.map(|width| width + GAP).sum();
    match width {
        Some(width) if width < fixed + LEAST => stacked(&rows, width),
        Some(width) => table(&rows, &widths, width - fixed),
        None => table(&rows, &widths, usize::MAX),
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

fn row(result: &ControlResult) -> Row {
    Row {
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

fn sentence(result: &ControlResult) -> String {
    match (result.status, &result.waiver, result.left_to) {
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

/// The columns before the last, as wide as what is in them.
fn widths(rows: &[Row]) -> [usize; 5] {
    let mut widths = [0; 5];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(&row.short) {
            *width = (*width).max(cell.chars().count());
        }
        for place in &row.places {
            widths[4] = widths[4].max(place.chars().count());
        }
    }
    // A column with nothing in it is left out, heading and all.
    for (width, heading) in widths.iter_mut().zip(HEADINGS) {
        if *width > 0 {
            *width = (*width).max(heading.len());
        }
    }
    widths
}

fn table(rows: &[Row], widths: &[usize; 5], last: usize) -> String {
    let mut text = String::new();
    push_line(&mut text, widths, HEADINGS);
    let mut group = None;
    for row in rows {
        if group != Some(row.group) {
            group = Some(row.group);
            let _ = writeln!(text, "\n{}", row.group.title());
        }
        let sentence = broken(&row.sentence, last);
        for line in 0..row.places.len().max(sentence.len()) {
            let short = |column: usize| match line {
                0 => row.short[column].as_str(),
                _ => "",
            };
            let place = row.places.get(line).map_or("", String::as_str);
            let sentence = sentence.get(line).map_or("", String::as_str);
            push_line(
                &mut text,
                widths,
                [short(0), short(1), short(2), short(3), place, sentence],
            );
        }
    }
    text
}

fn push_line(text: &mut String, widths: &[usize; 5], cells: [&str; 6]) {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths).filter(|(_, width)| **width > 0) {
        let padding = (width + GAP).saturating_sub(cell.chars().count());
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', padding));
    }
    line.push_str(cells[5]);
    text.push_str(line.trim_end());
    text.push('\n');
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
        for (label, number) in [("answers", requirements), ("CIS", cis)] {
            if !number.is_empty() {
                let _ = write!(text, ", {label} {number}");
            }
        }
        text.push('\n');
        let sentence = broken(&row.sentence, width.saturating_sub(GAP));
        for line in row.places.iter().chain(&sentence) {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

/// A sentence in lines of so many columns, broken between words.
fn broken(sentence: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in sentence.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if used + 1 + length <= width => {
                line.push(' ');
                line.push_str(word);
                used += 1 + length;
            }
            _ => {
                lines.push(word.to_owned());
                used = length;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_broken_between_words() {
        assert_eq!(broken("ab cd  ef", 5), ["ab cd", "ef"]);
        assert_eq!(broken("abcdef gh", 5), ["abcdef", "gh"]);
        assert_eq!(broken("a b c", usize::MAX), ["a b c"]);
    }

    #[test]
    fn a_terminal_gets_no_control_characters() {
        assert_eq!(on_one_line("a\u{1b}[31mb\nc"), "a [31mb c");
    }
}
