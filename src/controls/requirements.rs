//! The requirements that a team has to answer for, and the controls that answer them: an optional
//! file beside fleet.toml. Every organisation has a list of its own, so none is built in.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::report::{ControlResult, Status};
use crate::catalog::{controls, most_similar};

/// The file's name beside fleet.toml.
pub const REQUIREMENTS: &str = "requirements.toml";

/// Which controls answer which requirement.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// What the list is called.
    #[serde(default = "default_title")]
    pub title: String,
    /// In the list's own order.
    #[serde(rename = "requirement")]
    pub items: Vec<Requirement>,
}

/// One requirement.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its number or name in the list.
    pub id: String,
    /// The part of the list that it is in.
    #[serde(default)]
    pub group: Option<String>,
    /// What it asks for.
    pub text: String,
    /// The controls that answer it, together.
    pub controls: Vec<String>,
}

/// Why a requirements file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RequirementsError {
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    #[error("requirement `{id}` is listed twice")]
    Twice { id: String },
    #[error("an id is 1 to 40 characters on one line, and `{id}` is not")]
    BadId { id: String },
    #[error("requirement `{id}` names no control")]
    WithoutControls { id: String },
    #[error("requirement `{id}` names `{control}`, and there is no such control")]
    UnknownControl {
        id: String,
        control: String,
        /// The control whose id is spelt most like it.
        similar: Option<&'static str>,
    },
}

impl RequirementsError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Syntax(_) => {
                "write tables such as `[[requirement]]` with `id`, `text` and `controls`".to_owned()
            }
            Self::Twice { .. } => "give each requirement an id of its own".to_owned(),
            Self::BadId { .. } => "shorten it".to_owned(),
            Self::WithoutControls { .. } => {
                "name the controls that answer it; docs/controls.md lists them".to_owned()
            }
            Self::UnknownControl { similar, .. } => match similar {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => "docs/controls.md lists the controls".to_owned(),
            },
        }
    }
}

fn default_title() -> String {
    "Requirements".to_owned()
}

/// Longest id of a requirement: it is a column of a table.
const MAX_ID_CHARS: usize = 40;

impl Requirements {
    /// Reads a requirements file.
    ///
    /// # Errors
    /// When it is no TOML of this form, an id is used twice, or a control does not exist.
    pub fn parse(text: &str) -> Result<Self, RequirementsError> {
        let requirements: Self = toml::from_str(text)?;
        let mut ids = BTreeSet::new();
        for item in &requirements.items {
            let id = item.id.clone();
            if !ids.insert(&item.id) {
                return Err(RequirementsError::Twice { id });
            }
            if id.is_empty() || id.chars().count() > MAX_ID_CHARS || id.contains(char::is_control) {
                return Err(RequirementsError::BadId { id });
            }
            if item.controls.is_empty() {
                return Err(RequirementsError::WithoutControls { id });
            }
            let unknown = |control: &&String| controls::find(control).is_none();
            if let Some(control) = item.controls.iter().find(unknown) {
                let known = controls::all().map(|control| control.id);
                return Err(RequirementsError::UnknownControl {
                    id,
                    control: control.clone(),
                    similar: most_similar(control, known),
                });
            }
        }
        Ok(requirements)
    }

    /// The ids of the requirements that a control answers.
    #[must_use]
    pub fn answered_by(&self, control: &str) -> Vec<String> {
        self.items
            .iter()
            .filter(|item| item.controls.iter().any(|id| id == control))
            .map(|item| item.id.clone())
            .collect()
    }
}

/// What became of the requirements, by their ids. One with several controls may be in more than
/// one list.
#[derive(Clone, Debug, Serialize)]
pub struct RequirementsSummary {
    pub title: String,
    pub total: usize,
    /// Requirements of which no control is missing.
    pub accounted_for: usize,
    /// By what enforces them.
    pub enforced: BTreeMap<&'static str, Vec<String>>,
    /// By the people to whom they are left, in whole or in part.
    pub left_to: BTreeMap<&'static str, Vec<String>>,
    pub waived: Vec<String>,
    pub missing: Vec<String>,
}

impl RequirementsSummary {
    /// Holds the list against what became of the controls.
    #[must_use]
    pub fn of(requirements: &Requirements, results: &[ControlResult]) -> Self {
        let mut summary = Self {
            title: requirements.title.clone(),
            total: requirements.items.len(),
            accounted_for: 0,
            enforced: BTreeMap::new(),
            left_to: BTreeMap::new(),
            waived: Vec::new(),
            missing: Vec::new(),
        };
        for item in &requirements.items {
            let of_item = |result: &&ControlResult| item.controls.iter().any(|id| id == result.id);
            for result in results.iter().filter(of_item) {
                let list = match result.status {
                    Status::Enforced => summary
                        .enforced
                        .entry(result.enforced_by.as_str())
                        .or_default(),
                    Status::People => summary
                        .left_to
                        .entry(result.responsible_party.unwrap_or_default())
                        .or_default(),
                    Status::Waived => &mut summary.waived,
                    Status::Missing => &mut summary.missing,
                };
                if list.last() != Some(&item.id) {
                    list.push(item.id.clone());
                }
            }
            summary.accounted_for += usize::from(summary.missing.last() != Some(&item.id));
        }
        summary
    }

    /// What became of them, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self {
            title,
            total,
            accounted_for,
            enforced,
            left_to,
            waived,
            missing,
        } = self;
        let mut parts = vec![format!(
            "{} enforced{}",
            distinct(enforced),
            in_brackets(enforced, ", ", |what, ids| format!(
                "{} by {what}",
                ids.len()
            ))
        )];
        if !left_to.is_empty() {
            parts.push(format!(
                "{} left to people in whole or in part{}",
                distinct(left_to),
                in_brackets(left_to, "; ", |whom, ids| format!(
                    "{whom}: {}",
                    ids.join(", ")
                ))
            ));
        }
        for (ids, status) in [(waived, "waived"), (missing, "missing")] {
            if !ids.is_empty() {
                parts.push(format!("{status}: {}", ids.join(", ")));
            }
        }
        format!(
            "{title}: {accounted_for} of {total} accounted for: {}",
            parts.join("; ")
        )
    }
}

/// How many requirements are in these lists, each counted once.
fn distinct(lists: &BTreeMap<&str, Vec<String>>) -> usize {
    lists.values().flatten().collect::<BTreeSet<_>>().len()
}

fn in_brackets(
    lists: &BTreeMap<&str, Vec<String>>,
    between: &str,
    shown: fn(&str, &[String]) -> String,
) -> String {
    if lists.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = lists.iter().map(|(key, ids)| shown(key, ids)).collect();
    format!(" ({})", parts.join(between))
}
