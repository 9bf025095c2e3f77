//! Findings as SARIF 2.1.0, for code scanning services.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Diagnostic, Report, SourceText, position};
use crate::check;

pub fn print(reports: &[Report]) -> String {
    let results: Vec<Value> = reports
        .iter()
        .flat_map(|report| {
            report
                .diagnostics
                .iter()
                .map(|diagnostic| result(&report.source, diagnostic))
        })
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "valet-gen",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules(reports),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

/// The rules that were broken, each once.
fn rules(reports: &[Report]) -> Vec<Value> {
    let codes: BTreeSet<&str> = reports
        .iter()
        .flat_map(|report| &report.diagnostics)
        .map(|diagnostic| diagnostic.code)
        .collect();
    codes
        .into_iter()
        .map(|code| match check::explain(code) {
            Some(explanation) => json!({
                "id": code,
                "shortDescription": { "text": explanation.title },
                "fullDescription": { "text": explanation.why },
            }),
            None => json!({ "id": code }),
        })
        .collect()
}

fn result(source: &SourceText, diagnostic: &Diagnostic) -> Value {
    let start = position(&source.text, diagnostic.span.start);
    let end = position(&source.text, diagnostic.span.end);
    json!({
        "ruleId": diagnostic.code,
        "level": diagnostic.severity.word(),
        "message": { "text": format!("{}: {}. {}", diagnostic.message, diagnostic.label, diagnostic.help) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": source.path },
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        }}],
    })
}
