//! The controls report: every control of the registry, held against what is rendered. It says
//! whether the control holds, what enforces it and where, how that is verified, and who is
//! responsible where no file can be.
//!
//! The locations are found and not listed: a template writes a comment with the control's id right
//! above what enforces it, and only when it does.

mod delegation;
mod json;
mod locations;
mod markdown;
mod report;
mod requirements;
mod sarif;
mod summary;
mod table;

pub use json::print as print_json;
pub use locations::{Location, locations};
pub use markdown::print as print_markdown;
pub use report::{ControlResult, ControlsReport, ReportInput, Status, Verification, report};
pub use requirements::{
    REQUIREMENTS, Requirement, Requirements, RequirementsError, RequirementsSummary,
};
pub use sarif::{FleetSource, print as print_sarif};
pub use summary::ControlsSummary;
pub use table::print as print_table;
