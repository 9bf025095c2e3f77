//! The rules of `valet-gen plan-review` by their codes, which `[[plan_waiver]]` names. The rules themselves are in
//! `src/review/rules/`; a test holds the two lists against each other.

/// Every code, sorted.
pub const PLAN_RULES: &[&str] = &[
    "plan.action-invoked",
    "plan.data-loss",
    "plan.destroy",
    "plan.drift",
    "plan.encryption-off",
    "plan.file-edited",
    "plan.forget",
    "plan.group-size",
    "plan.iam-broad",
    "plan.iam-granted",
    "plan.instance-refresh",
    "plan.lifecycle-removed",
    "plan.other-module",
    "plan.protection-removed",
    "plan.public-exposure",
    "plan.public-route",
    "plan.replace",
    "plan.retention-shortened",
    "plan.type-unjudged",
    "plan.unknown-action",
    "plan.unknown-value",
];
