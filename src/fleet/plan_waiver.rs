//! `[[plan_waiver]]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Date;

/// A finding of `valet-gen plan-review` that does not count, for a reason and for a time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanWaiver {
    /// The rule whose finding is waived, one of the `plan.…` codes of docs/diagnostics.md.
    pub rule: String,

    /// The Terraform address of the resource, or the file, in which `*` stands for any characters: such as
    /// `aws_ssm_parameter.secret[*]`.
    pub address: String,

    /// The environment whose plan it is about, or `account`. Left out, every plan of the fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,

    /// Why the change is meant, for whoever reviews the file.
    pub reason: String,

    /// The last day that the waiver holds, as a date without quotes.
    pub expires: Date,
}
