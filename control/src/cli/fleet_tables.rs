//! Answers about fleets as tables for a terminal.

use serde_json::Value;

use super::tables::{ago, rows, table};
use crate::capacity::CapacityChange;
use crate::reaper::OpenFinding;
use crate::reconcile::FleetGroup;

fn number(number: Option<i32>) -> String {
    number.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
}

pub fn fleets(value: &Value) -> String {
    let groups: Vec<FleetGroup> = rows(value);
    let row = |group: &FleetGroup| {
        [
            group.id.clone(),
            number(group.in_service),
            number(group.desired),
            number(group.min),
            number(group.max),
            group.read_at.map_or_else(|| "never".to_owned(), ago),
            group.problem.clone().unwrap_or_default(),
        ]
    };
    table(
        [
            "FLEET",
            "IN SERVICE",
            "DESIRED",
            "MIN",
            "MAX",
            "READ",
            "PROBLEM",
        ],
        &groups.iter().map(row).collect::<Vec<_>>(),
    )
}

pub fn capacity(value: &Value) -> String {
    match serde_json::from_value::<CapacityChange>(value.clone()) {
        Ok(change) => format!("{}: {} -> {}\n", change.id, change.before, change.desired),
        Err(_) => format!("{value:#}\n"),
    }
}

pub fn findings(value: &Value) -> String {
    let findings: Vec<OpenFinding> = rows(value);
    let row = |finding: &OpenFinding| {
        [
            ago(finding.since),
            finding.title.clone(),
            finding.subject.clone(),
            finding.detail.clone(),
        ]
    };
    table(
        ["FOUND", "WHAT", "WHERE", "DETAIL"],
        &findings.iter().map(row).collect::<Vec<_>>(),
    )
}

pub fn released(value: &Value) -> String {
    let target = &value["target"];
    let name = target["group"].as_str().or_else(|| target["host"].as_str());
    format!(
        "{} may enrol for {} s\n",
        name.unwrap_or_default().escape_debug(),
        value["seconds"]
    )
}
