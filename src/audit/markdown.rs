//! An audit as Markdown, for a page or a pull request's comment.

use std::fmt::Write as _;

use super::{Audit, Entry, Status};
use crate::catalog::controls::CIS_BENCHMARK;
use crate::render::markdown_text;

/// The audits of a fleet.
#[must_use]
pub fn print(audits: &[Audit]) -> String {
    let mut page = format!(
        "# Audit\n\nPlaces are below the output folder. CIS sections are those of {CIS_BENCHMARK}.\n"
    );
    for audit in audits {
        let _ = writeln!(page, "\n## {}", markdown_text(&audit.environment));
        for sentence in audit.summary.sentences(&audit.environment).lines() {
            let _ = writeln!(page, "\n{}", markdown_text(sentence));
        }
        page.push_str(&table(audit));
    }
    page
}

fn table(audit: &Audit) -> String {
    let mut table = String::new();
    let mut group = None;
    for entry in &audit.controls {
        if group != Some(entry.group) {
            group = Some(entry.group);
            let _ = write!(
                table,
                "\n### {}\n\n\
                 | control | holds | status | item | CIS | where | verified by |\n\
                 |---|---|---|---|---|---|---|\n",
                entry.group.title()
            );
        }
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            entry.id,
            markdown_text(entry.title),
            entry.status.word(),
            entry
                .requirement
                .map_or_else(String::new, |item| item.to_string()),
            entry.cis.unwrap_or_default(),
            places(entry),
            verified(entry),
        );
    }
    table
}

fn places(entry: &Entry) -> String {
    entry
        .places
        .iter()
        .map(|place| format!("{}:{}", markdown_text(&place.file), place.line))
        .collect::<Vec<_>>()
        .join("<br>")
}

fn verified(entry: &Entry) -> String {
    match (entry.status, &entry.waiver, entry.left_to) {
        (Status::Waived, Some(waiver), _) => {
            format!(
                "waived until {}: {}",
                waiver.expires,
                markdown_text(&waiver.reason)
            )
        }
        (Status::People, _, Some(who)) => markdown_text(who),
        (Status::Missing, ..) => "nothing".to_owned(),
        _ => markdown_text(entry.verified.words()),
    }
}
