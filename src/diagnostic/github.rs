//! Findings as GitHub Actions workflow commands, which become annotations on a pull request.

use std::fmt::Write as _;

use super::finding::{Diagnostic, Subject, plain_text};
use super::position::position;
use super::report::DiagnosticReport;

pub fn print(reports: &[DiagnosticReport]) -> String {
    let mut out = String::new();
    for report in reports {
        let text = report.source.text.as_str();
        for diagnostic in &report.diagnostics {
            let _ = writeln!(
                out,
                "::{} {}title={}::{}",
                diagnostic.severity.as_str(),
                location(&report.source.path, text, diagnostic),
                property(diagnostic.code),
                data(&message(diagnostic)),
            );
        }
        for omitted in &report.omitted {
            let _ = writeln!(
                out,
                "::{} file={},title={}::{}",
                omitted.severity.as_str(),
                property(&report.source.path),
                property(omitted.code),
                data(&omitted.text()),
            );
        }
    }
    out
}

/// The properties that say where, each followed by a comma. GitHub has none for an address.
fn location(path: &str, text: &str, diagnostic: &Diagnostic) -> String {
    match &diagnostic.subject {
        Subject::Source => {
            let start = position(text, diagnostic.span.start);
            let end = position(text, diagnostic.span.end);
            format!(
                "file={},line={},col={},endLine={},",
                property(path),
                start.line,
                start.column,
                end.line
            )
        }
        Subject::File(path) => format!("file={},", property(path)),
        Subject::TerraformAddress(_) => String::new(),
    }
}

fn message(diagnostic: &Diagnostic) -> String {
    match &diagnostic.subject {
        Subject::TerraformAddress(address) => format!("{address}: {}", plain_text(diagnostic)),
        Subject::Source | Subject::File(_) => plain_text(diagnostic),
    }
}

/// Escapes the message part as GitHub's runner unescapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property, which `:` and `,` would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
