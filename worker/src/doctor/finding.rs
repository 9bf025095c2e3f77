//! What the doctor finds.

use std::error::Error;

use serde::Serialize;

use crate::cli::table;

/// A precondition, and whether it holds.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub subject: &'static str,
    pub check: String,
    pub holds: bool,
    /// What was found, and what to do.
    pub detail: String,
}

impl Finding {
    /// By what was found.
    pub fn new(
        subject: &'static str,
        check: impl Into<String>,
        found: Result<String, Unmet>,
    ) -> Self {
        let (holds, detail) = match found {
            Ok(detail) => (true, detail),
            Err(Unmet(detail)) => (false, detail),
        };
        Self {
            subject,
            check: check.into(),
            holds,
            detail,
        }
    }
}

/// Why a precondition does not hold, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet(pub String);

impl<E: Error> From<E> for Unmet {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// The findings as a table.
#[must_use]
pub fn table(findings: &[Finding]) -> String {
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|finding| {
            let mark = if finding.holds { "ok" } else { "FAILED" };
            vec![
                mark.to_owned(),
                finding.subject.to_owned(),
                finding.check.clone(),
                finding.detail.clone(),
            ]
        })
        .collect();
    table::aligned(&rows)
}
