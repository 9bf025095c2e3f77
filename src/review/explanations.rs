//! What `explain` and the reference say of findings about a plan or a change.

use super::{diff_findings, rules};
use crate::diagnostic::Explanation;

/// Every finding about a plan or a change.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    rules::explanations().chain(diff_findings::EXPLANATIONS)
}
