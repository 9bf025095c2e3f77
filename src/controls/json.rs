//! Controls reports as JSON. The field names are part of the interface.

use super::report::ControlsReport;
use crate::catalog::controls::CIS_BENCHMARK;

/// The reports of a fleet.
#[must_use]
pub fn print(reports: &[ControlsReport]) -> String {
    let document = serde_json::json!({
        "benchmark": CIS_BENCHMARK,
        "environments": reports,
    });
    format!("{document:#}\n")
}
