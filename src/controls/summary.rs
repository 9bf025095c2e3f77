//! How many controls there are of each status, and what else counts.

use serde::Serialize;

use super::report::{ControlResult, Status};
use super::requirements::{Requirements, RequirementsSummary};

/// How many controls there are of each status.
#[derive(Clone, Debug, Serialize)]
pub struct ControlsSummary {
    pub enforced: usize,
    pub waived: usize,
    pub people: usize,
    pub missing: usize,
    /// What became of the requirements, where a file lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirements: Option<RequirementsSummary>,
}

impl ControlsSummary {
    pub(super) fn of(results: &[ControlResult], requirements: Option<&Requirements>) -> Self {
        let count = |status| {
            results
                .iter()
                .filter(|result| result.status == status)
                .count()
        };
        Self {
            enforced: count(Status::Enforced),
            waived: count(Status::Waived),
            people: count(Status::People),
            missing: count(Status::Missing),
            requirements: requirements
                .map(|requirements| RequirementsSummary::of(requirements, results)),
        }
    }

    /// Every control by its status, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let counts = [
            (self.enforced, "enforced"),
            (self.waived, "waived"),
            (self.people, "left to people"),
            (self.missing, "missing"),
        ];
        let total: usize = counts.iter().map(|(count, _)| count).sum();
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, status)| format!("{count} {status}"))
            .collect();
        format!("{total} controls: {}", counts.join(", "))
    }
}
