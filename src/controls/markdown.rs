//! A controls report as Markdown, for a page or a pull request's comment.

use std::fmt::Write as _;

use super::report::{ControlResult, ControlsReport, Status};
use crate::catalog::controls::CIS_BENCHMARK;
use crate::render::markdown_text;

/// The reports of a fleet.
#[must_use]
pub fn print(reports: &[ControlsReport]) -> String {
    let mut page = format!(
        "# Audit\n\nPlaces are below the output folder. CIS sections are those of {CIS_BENCHMARK}.\n"
    );
    for report in reports {
        let _ = writeln!(page, "\n## {}", markdown_text(&report.environment));
        for sentence in report.sentences() {
            let _ = writeln!(page, "\n{}", markdown_text(&sentence));
        }
        page.push_str(&table(report));
    }
    page
}

fn table(report: &ControlsReport) -> String {
    let mut table = String::new();
    let mut group = None;
    let has_requirements = report.summary.requirements.is_some();
    for result in &report.controls {
        if group != Some(result.group) {
            group = Some(result.group);
            let (heading, rule) = if has_requirements {
                (" requirement |", "---|")
            } else {
                ("", "")
            };
            let _ = write!(
                table,
                "\n### {}\n\n\
                 | control | holds | status |{heading} CIS | where | verified by |\n\
                 |---|---|---|{rule}---|---|---|\n",
                result.group.title()
            );
        }
        let requirements = if has_requirements {
            format!(" {} |", markdown_text(&result.requirements.join(", ")))
        } else {
            String::new()
        };
        let _ = writeln!(
            table,
            "| `{}` | {} | {} |{requirements} {} | {} | {} |",
            result.id,
            markdown_text(result.title),
            result.status.as_str(),
            result.cis.unwrap_or_default(),
            places(result),
            verified(result),
        );
    }
    table
}

fn places(result: &ControlResult) -> String {
    result
        .places
        .iter()
        .map(|place| format!("{}:{}", markdown_text(&place.file), place.line))
        .collect::<Vec<_>>()
        .join("<br>")
}

fn verified(result: &ControlResult) -> String {
    match (result.status, &result.waiver, result.responsible_party) {
        (Status::Waived, Some(waiver), _) => {
            format!(
                "waived until {}: {}",
                waiver.expires,
                markdown_text(&waiver.reason)
            )
        }
        (Status::People, _, Some(who)) => markdown_text(who),
        (Status::Missing, ..) => "nothing".to_owned(),
        _ => markdown_text(result.verified.as_str()),
    }
}
