//! What the generator says about a fleet.toml: what is wrong, where, why, and what to do.

mod finding;
mod github;
mod human;
mod json;
mod position;
mod print;
mod redact;
mod report;
mod sarif;

pub use finding::{Diagnostic, Explanation, Related, Severity, SourceText, Subject};
pub use print::{DiagnosticFormat, print};
pub use report::{DiagnosticReport, MAX_LISTED, Omitted};
pub(crate) use sarif::{document as sarif_document, uri};
