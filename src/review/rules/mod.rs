//! The rules of the plan review. To add one: an entry in the slice of its subject's file, and a
//! plan that breaks it in `tests/suite/plan_review.rs`.

mod access;
mod configuration;
mod exposure;
mod group;
mod protection;
mod removal;
mod rule;
mod unknown;
mod whole_plan;

pub use access::sentence;
pub use configuration::{
    FILE_EDITED, LIFECYCLE_REMOVED, OTHER_MODULE, file_edited, lifecycle_removed, other_module,
};
pub use rule::{Context, Finding, Findings, Rule, diagnostic};
pub use whole_plan::{DRIFT, UNJUDGED_TYPE, WAIVER_EXPIRED, WAIVER_UNUSED, drift, unjudged_types};

use crate::diagnostic::Explanation;

/// Every rule about a resource, by subject.
pub const RULES: &[&[Rule]] = &[
    removal::RULES,
    group::RULES,
    exposure::RULES,
    access::RULES,
    protection::RULES,
    unknown::RULES,
];

/// Whether a rule about access or protection knows the type, beside the table of types.
fn exposure_types(kind: &str) -> bool {
    exposure::knows(kind)
        || access::policy_attributes(kind).next().is_some()
        || protection::knows(kind)
}

/// Every finding that a plan review can give.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    let of_resources = RULES.iter().copied().flatten().map(Rule::explanation);
    of_resources.chain([
        LIFECYCLE_REMOVED,
        FILE_EDITED,
        OTHER_MODULE,
        DRIFT,
        UNJUDGED_TYPE,
        WAIVER_EXPIRED,
        WAIVER_UNUSED,
    ])
}
