//! Findings as GitHub Actions workflow commands, which become annotations on a pull request.

use std::fmt::Write as _;

use super::{DiagnosticReport, plain_text, position};

pub fn print(reports: &[DiagnosticReport]) -> String {
    let mut out = String::new();
    for report in reports {
        let text = report.source.text.as_str();
        for diagnostic in &report.diagnostics {
            let start = position(text, diagnostic.span.start);
            let end = position(text, diagnostic.span.end);
            let _ = writeln!(
                out,
                "::{} file={},line={},col={},endLine={},title={}::{}",
                diagnostic.severity.as_str(),
                property(&report.source.path),
                start.line,
                start.column,
                end.line,
                property(diagnostic.code),
                data(&plain_text(diagnostic)),
            );
        }
    }
    out
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
