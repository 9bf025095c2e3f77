//! What a controls report has, as SARIF 2.1.0 for code scanning services: controls that
//! are missing, and those that are waived.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::report::{ControlResult, ControlsReport, Status};
use crate::catalog::controls::CIS_BENCHMARK;
use crate::diagnostic::{sarif_document, uri};

/// The fleet file, where both are changed.
pub struct FleetSource<'s> {
    pub path: &'s str,
    pub text: &'s str,
}

/// The reports of a fleet.
#[must_use]
pub fn print(reports: &[ControlsReport], source: &FleetSource<'_>) -> String {
    let reported: Vec<(&ControlsReport, &ControlResult)> = reports
        .iter()
        .flat_map(|report| report.controls.iter().map(move |result| (report, result)))
        .filter(|(_, result)| matches!(result.status, Status::Missing | Status::Waived))
        .collect();
    let results: Vec<Value> = reported
        .iter()
        .map(|(report, result)| result_json(report, result, source))
        .collect();
    sarif_document("valet-gen audit", &rules(&reported), &results)
}

/// The controls that are reported, each once.
fn rules(reported: &[(&ControlsReport, &ControlResult)]) -> Vec<Value> {
    let controls: BTreeMap<&str, &ControlResult> = reported
        .iter()
        .map(|(_, result)| (result.id, *result))
        .collect();
    controls
        .into_values()
        .map(|result| {
            let cis = result.cis.map_or_else(String::new, |section| {
                format!(" {CIS_BENCHMARK}, {section}.")
            });
            json!({
                "id": result.id,
                "shortDescription": { "text": result.title },
                "fullDescription": {
                    "text": format!("{}. Enforced by {}: {}.{cis}",
                        result.title, result.enforced_by.as_str(), result.applied),
                },
            })
        })
        .collect()
}

fn result_json(report: &ControlsReport, result: &ControlResult, source: &FleetSource<'_>) -> Value {
    let environment = &report.environment;
    let (level, text) = match &result.waiver {
        Some(waiver) => (
            "note",
            format!(
                "{} is waived in {environment} until {}: {}",
                result.id, waiver.expires, waiver.reason
            ),
        ),
        None => (
            "error",
            format!(
                "{} is missing in {environment}: nothing that is rendered enforces it",
                result.id
            ),
        ),
    };
    json!({
        "ruleId": result.id,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(source.path) },
            "region": { "startLine": line(result, source) },
        }}],
    })
}

/// The line of the fleet file that names the control; where none does, the first.
fn line(result: &ControlResult, source: &FleetSource<'_>) -> usize {
    let named = [format!("\"{}\"", result.id), format!("'{}'", result.id)];
    source
        .text
        .lines()
        .position(|line| named.iter().any(|id| line.contains(id)))
        .map_or(1, |index| index + 1)
}
