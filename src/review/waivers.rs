//! Waivers of findings about a plan: which rule, where, why, and until when. They are in fleet.toml, or in a file of
//! their own.

use jiff::civil::Date;
use serde::Deserialize;

use crate::catalog::plan_rules::PLAN_RULES;
use crate::fleet::PlanWaiver;
use crate::review::iam::matches;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<PlanWaiver>,
}

/// Why a file of waivers is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaiverError {
    /// It is no TOML, or has other keys than waivers have.
    #[error("{0}")]
    Syntax(String),
    #[error("the waiver of {address:?} names `{rule}`, which is not a rule of `plan-review`")]
    UnknownRule { rule: String, address: String },
    #[error("a waiver of {rule} names no address")]
    NoAddress { rule: String },
    #[error("the waiver of {rule} for {address:?} has no reason")]
    NoReason { rule: String, address: String },
}

impl PlanWaiver {
    /// Whether it waives this finding, on this or any day.
    #[must_use]
    pub fn covers(&self, code: &str, address: &str) -> bool {
        self.rule == code && matches(&self.address, address)
    }

    /// Whether its last day is over.
    #[must_use]
    pub fn is_expired(&self, today: Date) -> bool {
        self.expires.0 < today
    }
}

/// Reads a file of waivers, and holds them against what the rules of `[[plan_waiver]]` ask for.
///
/// # Errors
/// When it is no TOML, has keys that waivers have not, names a rule that there is not, or lacks an address, a
/// reason or a day.
pub fn read(text: &str) -> Result<Vec<PlanWaiver>, WaiverError> {
    let file: File = toml::from_str(text)
        .map_err(|error| WaiverError::Syntax(error.to_string().trim_end().to_owned()))?;
    for waiver in &file.waiver {
        let (rule, address) = (waiver.rule.clone(), waiver.address.clone());
        if !PLAN_RULES.contains(&rule.as_str()) {
            return Err(WaiverError::UnknownRule { rule, address });
        }
        if address.trim().is_empty() {
            return Err(WaiverError::NoAddress { rule });
        }
        if waiver.reason.trim().is_empty() {
            return Err(WaiverError::NoReason { rule, address });
        }
    }
    Ok(file.waiver)
}
