//! The rules of the plan review. To add one: an entry in the slice of its subject's file, and a
//! plan that breaks it in `tests/suite/plan_review.rs`.

mod access;
mod configuration;
mod exposure;
mod exposure_tables;
mod group;
mod policies;
mod protection;
mod protection_tables;
mod removal;
mod rule;
mod sensitive;
mod types_known;
mod unknown;
mod whole_plan;

pub use access::sentence;
pub use configuration::{
    FILE_EDITED, LIFECYCLE_REMOVED, OTHER_MODULE, file_edited, lifecycle_removed, other_module,
};
pub use rule::{Context, Finding, Findings, Rule, diagnostic};
pub use sensitive::without_sensitive;
pub use whole_plan::{
    ACTION_INVOKED, DRIFT, UNJUDGED_TYPE, WAIVER_EXPIRED, WAIVER_UNUSED, drift, invoked,
    unjudged_types,
};

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

/// Every finding that a plan review can give.
pub fn explanations() -> impl Iterator<Item = Explanation> {
    let of_resources = RULES.iter().copied().flatten().map(Rule::explanation);
    of_resources.chain([
        LIFECYCLE_REMOVED,
        FILE_EDITED,
        OTHER_MODULE,
        ACTION_INVOKED,
        DRIFT,
        UNJUDGED_TYPE,
        WAIVER_EXPIRED,
        WAIVER_UNUSED,
    ])
}
