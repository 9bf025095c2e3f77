//! Findings as one JSON document, for scripts. The field names are part of the interface.

use std::fmt::Write as _;

use serde::Serialize;

use super::finding::{Diagnostic, Severity, Subject};
use super::position::{Position, position};
use super::report::{DiagnosticReport, Omitted};

#[derive(Serialize)]
struct Document<'a> {
    diagnostics: Vec<Entry<'a>>,
    /// What is counted and not listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    omitted: Vec<Omitted>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    /// The file; left out for a Terraform address.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Position>,
    label: &'a str,
    help: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    environments: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<RelatedEntry<'a>>,
}

#[derive(Serialize)]
struct RelatedEntry<'a> {
    start: Position,
    end: Position,
    label: &'a str,
}

pub fn print(reports: &[DiagnosticReport]) -> String {
    let document = Document {
        diagnostics: reports.iter().flat_map(entries).collect(),
        omitted: reports
            .iter()
            .flat_map(|report| report.omitted.iter().copied())
            .collect(),
    };
    let mut out = String::new();
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    let _ = writeln!(out, "{text}");
    out
}

fn entries(report: &DiagnosticReport) -> impl Iterator<Item = Entry<'_>> {
    let text = report.source.text.as_str();
    report.diagnostics.iter().map(move |diagnostic| Entry {
        code: diagnostic.code,
        severity: diagnostic.severity,
        message: &diagnostic.message,
        path: match &diagnostic.subject {
            Subject::Source => Some(report.source.path.as_str()),
            Subject::File(path) => Some(path),
            Subject::TerraformAddress(_) => None,
        },
        address: match &diagnostic.subject {
            Subject::TerraformAddress(address) => Some(address),
            Subject::Source | Subject::File(_) => None,
        },
        start: in_source(diagnostic).then(|| position(text, diagnostic.span.start)),
        end: in_source(diagnostic).then(|| position(text, diagnostic.span.end)),
        label: &diagnostic.label,
        help: &diagnostic.help,
        environments: &diagnostic.environments,
        related: diagnostic
            .related
            .iter()
            .map(|related| RelatedEntry {
                start: position(text, related.span.start),
                end: position(text, related.span.end),
                label: &related.label,
            })
            .collect(),
    })
}

/// Whether the diagnostic has a position in the report's source.
fn in_source(diagnostic: &Diagnostic) -> bool {
    diagnostic.subject == Subject::Source
}
