//! Waivers of findings about a plan: which rule, where, why, and until when.

use jiff::civil::Date;
use serde::Deserialize;

use crate::review::iam::matches;

/// One waiver, as it is typed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The code, such as `plan.replace`.
    pub rule: String,
    /// The address, in which `*` stands for any characters.
    pub address: String,
    pub reason: String,
    /// The last day on which it holds.
    pub expires: toml::value::Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Waiver>,
}

impl Waiver {
    /// Whether it waives this finding, on this or any day.
    #[must_use]
    pub fn covers(&self, code: &str, address: &str) -> bool {
        self.rule == code && matches(&self.address, address)
    }

    /// Whether its last day is over.
    #[must_use]
    pub fn is_expired(&self, today: Date) -> bool {
        self.last_day().is_none_or(|last| last < today)
    }

    fn last_day(&self) -> Option<Date> {
        let date = self.expires.date?;
        Date::new(
            date.year.try_into().ok()?,
            date.month.try_into().ok()?,
            date.day.try_into().ok()?,
        )
        .ok()
    }
}

/// Reads a file of waivers.
///
/// # Errors
/// When it is no TOML, has keys that waivers have not, names a rule that there is not, or lacks a
/// reason or a day.
pub fn read(text: &str, codes: &[&str]) -> Result<Vec<Waiver>, String> {
    let file: File =
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    for waiver in &file.waiver {
        let Waiver {
            rule,
            address,
            reason,
            ..
        } = waiver;
        if !codes.contains(&rule.as_str()) {
            return Err(format!(
                "the waiver of {address:?} names `{rule}`, which is no rule"
            ));
        }
        if reason.trim().is_empty() {
            return Err(format!(
                "the waiver of {rule} for {address:?} has no reason"
            ));
        }
        if waiver.last_day().is_none() {
            return Err(format!(
                "the waiver of {rule} for {address:?} expires on no day; write it as 2027-01-31"
            ));
        }
    }
    Ok(file.waiver)
}
