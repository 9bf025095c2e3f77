//! What an audit reports, as SARIF 2.1.0 for code scanning services: controls that
//! are missing, and those that are waived.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Audit, Entry, Status};
use crate::catalog::controls::CIS_BENCHMARK;
use crate::diagnostic::{sarif_document, uri};

/// The fleet file, where both are changed.
pub struct Source<'s> {
    pub path: &'s str,
    pub text: &'s str,
}

/// The audits of a fleet.
#[must_use]
pub fn print(audits: &[Audit], source: &Source<'_>) -> String {
    let reported: Vec<(&Audit, &Entry)> = audits
        .iter()
        .flat_map(|audit| audit.controls.iter().map(move |entry| (audit, entry)))
        .filter(|(_, entry)| matches!(entry.status, Status::Missing | Status::Waived))
        .collect();
    let results: Vec<Value> = reported
        .iter()
        .map(|(audit, entry)| result(audit, entry, source))
        .collect();
    sarif_document("valet-gen audit", &rules(&reported), &results)
}

/// The controls that are reported, each once.
fn rules(reported: &[(&Audit, &Entry)]) -> Vec<Value> {
    let controls: BTreeMap<&str, &Entry> = reported
        .iter()
        .map(|(_, entry)| (entry.id, *entry))
        .collect();
    controls
        .into_values()
        .map(|entry| {
            let cis = entry.cis.map_or_else(String::new, |section| {
                format!(" {CIS_BENCHMARK}, {section}.")
            });
            json!({
                "id": entry.id,
                "shortDescription": { "text": entry.title },
                "fullDescription": {
                    "text": format!("{}. Enforced by {}: {}.{cis}",
                        entry.title, entry.enforced_by.as_str(), entry.applied),
                },
            })
        })
        .collect()
}

fn result(audit: &Audit, entry: &Entry, source: &Source<'_>) -> Value {
    let environment = &audit.environment;
    let (level, text) = match &entry.waiver {
        Some(waiver) => (
            "note",
            format!(
                "{} is waived in {environment} until {}: {}",
                entry.id, waiver.expires, waiver.reason
            ),
        ),
        None => (
            "error",
            format!(
                "{} is missing in {environment}: nothing that is rendered enforces it",
                entry.id
            ),
        ),
    };
    json!({
        "ruleId": entry.id,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(source.path) },
            "region": { "startLine": line(entry, source) },
        }}],
    })
}

/// The line of the fleet file that names the control; where none does, the first.
fn line(entry: &Entry, source: &Source<'_>) -> usize {
    let named = [format!("\"{}\"", entry.id), format!("'{}'", entry.id)];
    source
        .text
        .lines()
        .position(|line| named.iter().any(|id| line.contains(id)))
        .map_or(1, |index| index + 1)
}
