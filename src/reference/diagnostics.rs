//! docs/diagnostics.md, and the explanation of each code.

use std::fmt::Write as _;

use super::notice::notice;
use crate::diagnostic::Explanation;
use crate::{check, images, preflight, review};

/// Every diagnostic, those of fleet.toml first.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    let of_files = check::explanations().chain(images::EXPLANATIONS.iter().copied());
    of_files
        .chain(review::explanations())
        .chain(preflight::EXPLANATIONS.iter().copied())
}

/// The explanation of a code.
#[must_use]
pub fn explain(code: &str) -> Option<Explanation> {
    explanations().find(|explanation| explanation.code == code)
}

/// The page.
pub fn page() -> String {
    let notice = notice("src/check, src/review and src/preflight");
    let mut page = format!(
        "{notice}# Diagnostics\n\n\
         Every finding about a fleet.toml and its images.lock, below `plan.` about a plan of Terraform, below `change.` about a change, and below `preflight.` about an account, by its code. `valet-gen explain CODE` prints the same.\n"
    );
    for explanation in explanations() {
        let _ = write!(
            page,
            "\n## {}\n\n**{}** ({}).\n\n{}\n",
            explanation.code,
            explanation.title,
            explanation.severity.as_str(),
            explanation.reason
        );
    }
    page
}
