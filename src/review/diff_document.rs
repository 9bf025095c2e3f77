//! What a comparison of two fleets comes to, as one document that programs read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::causes::Cause;
use super::posture::Posture;
use super::refresh::Refresh;
use super::terraform_plan::Action;
use crate::cost::CostRange;

/// The version of the document. It grows with a change that breaks readers; a new field is none.
pub const SCHEMA_VERSION: u32 = 2;

/// How far a change goes, the least first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Nothing in AWS changes.
    None,
    /// Resources change or come, and workers go on.
    InPlace,
    /// Every worker is replaced, some at a time.
    Rolling,
    /// Something that workers need is away for a time.
    Interrupting,
    /// Data is lost, or a whole environment.
    Destructive,
}

impl Class {
    /// The class as it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::InPlace => "in-place",
            Self::Rolling => "rolling",
            Self::Interrupting => "interrupting",
            Self::Destructive => "destructive",
        }
    }
}

/// Two states of a fleet compared: what `valet-gen diff --format json` prints.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FleetDiff {
    /// The version of this document.
    pub schema_version: u32,
    /// The fleet's name.
    pub fleet: String,
    /// What was compared: a file, a folder or a commit.
    pub before: String,
    /// What it was compared with.
    pub after: String,
    /// The highest class of all environments.
    pub class: Class,
    /// Whether any environment opens something. It stands beside the class, and no class hides it.
    pub widens_access: bool,
    /// Keys of fleet.toml that differ, in the order of the file after the change.
    pub causes: Vec<Cause>,
    /// Environments and the account, those without a change left out.
    pub environments: Vec<EnvironmentDiff>,
}

/// What becomes of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is new.
    Added,
    /// It is there before and after.
    Changed,
    /// It is no longer in fleet.toml.
    Removed,
}

/// One environment, or the account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentDiff {
    /// The environment's name; `account` for what there is once per account.
    pub environment: String,
    /// Whether it is added, changed or removed.
    pub status: Status,
    /// The highest class of its resources.
    pub class: Class,
    /// Whether it opens something.
    pub widens_access: bool,
    /// Resources that change, by address.
    pub resources: Vec<ResourceDiff>,
    /// The instance refresh that the change starts, if it starts one.
    pub refresh: Option<Refresh>,
    /// What is lost, a sentence each.
    pub data_lost: Vec<String>,
    /// Addresses that `prevent_destroy` protects from what the change does: Terraform makes no plan.
    pub refused: Vec<String>,
    /// What becomes of the machine image.
    pub image: ImageDiff,
    /// US dollars per month; `null` for the account.
    pub cost: Option<CostDiff>,
    /// What is opened and closed.
    pub posture: Posture,
    /// Rendered files that differ.
    pub files: usize,
}

/// One resource that changes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceDiff {
    /// The address, as Terraform writes it.
    pub address: String,
    /// What Terraform will do to it; `no-op` where it only has another address.
    pub action: Action,
    /// How far the change of this resource goes.
    pub class: Class,
    /// Attributes that change.
    pub attributes: Vec<String>,
    /// Attributes that cannot change in place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_by: Vec<String>,
    /// Attributes whose new value is known only after the apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Whether the type is not known, so that it may be replaced instead.
    pub may_replace: bool,
    /// Whether only the account knows how many resources of this address there are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub count_unknown: bool,
    /// Whether `prevent_destroy` forbids it, so that Terraform makes no plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// The address before, where a `moved` block names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    /// Paths in fleet.toml of the keys that change it.
    pub causes: Vec<String>,
    /// What stops while it is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupts: Option<String>,
    /// What is lost with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loses: Option<String>,
}

/// What becomes of the machine image.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageDiff {
    /// Whether what the image is made of differs: packages, controls, units, the agent's configuration.
    pub configuration_changes: bool,
    /// Rendered files of it that differ.
    pub files: usize,
    /// Whether the image that the environment launches after the change was made of something else, so
    /// that the change reaches the workers with the next image only.
    pub must_be_baked: bool,
    /// The image that images.lock names before, where it differs.
    pub locked_before: Option<String>,
    /// The image that images.lock names after, where it differs.
    pub locked_after: Option<String>,
    /// Whether the two locked images have different agents.
    pub agent_changes: bool,
}

/// What an environment costs before and after.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostDiff {
    /// US dollars per month before the change.
    pub before: CostRange,
    /// US dollars per month after it.
    pub after: CostRange,
}

impl FleetDiff {
    /// The document as JSON. Field names are stable.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Plain structs with string keys: nothing of it can fail to serialize.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// When it is something else, or of another version.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let version = value
            .get("schema_version")
            .and_then(serde_json::Value::as_u64);
        match version {
            None => return Err("it is JSON, and nothing that `valet-gen diff` wrote".to_owned()),
            Some(version) if version != u64::from(SCHEMA_VERSION) => {
                return Err(format!(
                    "it has version {version} of the document, and this version of valet-gen reads {SCHEMA_VERSION}"
                ));
            }
            Some(_) => {}
        }
        serde_json::from_value(value)
            .map_err(|error| format!("it is not a comparison of `valet-gen diff`: {error}"))
    }
}
