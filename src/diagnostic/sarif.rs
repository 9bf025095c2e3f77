//! Findings as SARIF 2.1.0, for code scanning services.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Value, json};

use super::finding::{Diagnostic, SourceText, Subject, plain_text};
use super::position::position;
use super::report::{DiagnosticReport, Omitted};

pub fn print(reports: &[DiagnosticReport]) -> String {
    let results: Vec<Value> = reports
        .iter()
        .flat_map(|report| {
            report
                .diagnostics
                .iter()
                .map(|diagnostic| result(&report.source, diagnostic))
                .chain(
                    report
                        .omitted
                        .iter()
                        .map(|omitted| omitted_result(&report.source, omitted)),
                )
        })
        .collect();
    document("valet-gen", &rules(reports), &results)
}

/// A SARIF document of one run: the tool's name, the rules that its results name, and the results.
pub fn document(tool: &str, rules: &[Value], results: &[Value]) -> String {
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": tool,
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

/// The rules that were broken, each once.
fn rules(reports: &[DiagnosticReport]) -> Vec<Value> {
    let broken: BTreeMap<&str, &Diagnostic> = reports
        .iter()
        .flat_map(|report| &report.diagnostics)
        .map(|diagnostic| (diagnostic.code, diagnostic))
        .collect();
    broken
        .into_iter()
        .map(|(code, diagnostic)| {
            json!({
                "id": code,
                "shortDescription": { "text": diagnostic.title },
                "fullDescription": { "text": diagnostic.reason },
            })
        })
        .collect()
}

fn result(source: &SourceText, diagnostic: &Diagnostic) -> Value {
    let related: Vec<Value> = diagnostic
        .related
        .iter()
        .map(|related| {
            let mut place = location(source, &related.span);
            place["message"] = json!({ "text": related.label });
            place
        })
        .collect();
    json!({
        "ruleId": diagnostic.code,
        "level": diagnostic.severity.as_str(),
        "message": { "text": plain_text(diagnostic) },
        "locations": [subject_location(source, diagnostic)],
        "relatedLocations": related,
    })
}

/// One result for all that are not listed, about the file as a whole.
fn omitted_result(source: &SourceText, omitted: &Omitted) -> Value {
    json!({
        "ruleId": omitted.code,
        "level": omitted.severity.as_str(),
        "message": { "text": omitted.text() },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&source.path) },
        }}],
    })
}

fn subject_location(source: &SourceText, diagnostic: &Diagnostic) -> Value {
    match &diagnostic.subject {
        Subject::Source => location(source, &diagnostic.span),
        Subject::File(path) => json!({ "physicalLocation": {
            "artifactLocation": { "uri": uri(path) },
        }}),
        Subject::TerraformAddress(address) => json!({ "logicalLocations": [{
            "fullyQualifiedName": address,
            "kind": "resource",
        }]}),
    }
}

fn location(source: &SourceText, span: &Range<usize>) -> Value {
    let start = position(&source.text, span.start);
    let end = position(&source.text, span.end);
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&source.path) },
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    }})
}

/// A path as a URI, in which blanks and the like are escaped: a relative reference, or a `file:` URI for an absolute path.
pub fn uri(path: &str) -> String {
    // A path from the root is none of a relative reference.
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri
}
