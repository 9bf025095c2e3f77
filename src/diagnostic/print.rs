//! Reports in each of the formats.

use super::report::DiagnosticReport;
use super::{github, human, json, sarif};

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiagnosticFormat {
    /// Excerpts with carets, for people.
    #[default]
    Human,
    /// One JSON document, for scripts.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub Actions workflow commands, for annotations on a pull request.
    Github,
}

/// Prints reports of several files as one document of the chosen format.
#[must_use]
pub fn print(reports: &[DiagnosticReport], format: DiagnosticFormat, color: bool) -> String {
    match format {
        DiagnosticFormat::Human => human::print(reports, color),
        DiagnosticFormat::Json => json::print(reports),
        DiagnosticFormat::Sarif => sarif::print(reports),
        DiagnosticFormat::Github => github::print(reports),
    }
}
