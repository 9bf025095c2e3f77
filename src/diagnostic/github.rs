//! Findings as GitHub Actions workflow commands, which become annotations on a pull request.

use std::fmt::Write as _;

use super::{Report, in_one_text, position};

pub fn print(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        let text = report.source.text.as_str();
        for diagnostic in &report.diagnostics {
            let start = position(text, diagnostic.span.start);
            let end = position(text, diagnostic.span.end);
            let _ = writeln!(
                out,
                "::{} file={},line={},col={},endLine={},title={}::{}",
                diagnostic.severity.word(),
                property(&report.source.path),
                start.line,
                start.column,
                end.line,
                property(diagnostic.code),
                data(&in_one_text(diagnostic)),
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
