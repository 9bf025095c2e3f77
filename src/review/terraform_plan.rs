//! Reads what `terraform show -json` prints of a saved plan.
//!
//! Values are kept as text until a rule asks for them: a plan is mostly resources that do not
//! change, and nobody looks into those.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::plan_configuration::{Blocks, Configuration};

/// The major version of the format that is read (Terraform, JSON Output Format).
const FORMAT_MAJOR: &str = "1";

/// Why a text is no plan that can be reviewed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct PlanError {
    pub problem: String,
    pub help: &'static str,
}

/// What a plan does to one resource.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// A data source is read in the apply.
    Read,
    /// Created.
    Create,
    /// Changed in place.
    Update,
    /// Destroyed and created, in either order.
    Replace,
    /// Deleted.
    Destroy,
    /// Taken out of the state; the resource itself stays.
    Forget,
    /// A combination that this version does not know.
    Unknown,
}

impl Action {
    /// The action as it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoOp => "no-op",
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Destroy => "destroy",
            Self::Forget => "forget",
            Self::Unknown => "unknown",
        }
    }

    fn of(actions: &[Cow<'_, str>]) -> Self {
        let actions: Vec<&str> = actions.iter().map(AsRef::as_ref).collect();
        match actions.as_slice() {
            ["no-op"] => Self::NoOp,
            ["read"] => Self::Read,
            ["create"] => Self::Create,
            ["update"] => Self::Update,
            ["delete", "create"] | ["create", "delete"] => Self::Replace,
            ["delete"] => Self::Destroy,
            // A resource that is forgotten and made again leaves the old one behind.
            ["forget"] | ["forget", "create"] | ["create", "forget"] => Self::Forget,
            _ => Self::Unknown,
        }
    }

    /// Whether the resource that there is now is deleted.
    #[must_use]
    pub fn destroys(self) -> bool {
        matches!(self, Self::Replace | Self::Destroy)
    }
}

/// One resource of the plan.
#[derive(Clone, Debug)]
pub struct ResourceChange<'a> {
    pub address: Cow<'a, str>,
    pub resource_type: Cow<'a, str>,
    pub action: Action,
    /// Why Terraform chose the action, in its own words.
    pub action_reason: Option<Cow<'a, str>>,
    /// An object that an earlier, interrupted replacement left behind.
    pub is_deposed: bool,
    /// Attributes that cannot change in place.
    pub replace_paths: Vec<String>,
    /// The address that it had before, where it was moved.
    pub previous_address: Option<Cow<'a, str>>,
    /// Whether it was there already and Terraform takes it over.
    pub is_imported: bool,
    before: Option<&'a RawValue>,
    after: Option<&'a RawValue>,
    after_unknown: Option<&'a RawValue>,
    before_sensitive: Option<&'a RawValue>,
    after_sensitive: Option<&'a RawValue>,
}

/// Everything of a changed resource that rules look into.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// `null` where the resource is created.
    pub before: Value,
    /// `null` where it is destroyed.
    pub after: Value,
    /// `true` in the place of every value that is known only after the apply.
    pub unknown: Value,
    /// `true` in the place of every value that must not be printed.
    pub before_sensitive: Value,
    pub after_sensitive: Value,
}

impl ResourceChange<'_> {
    /// Whether the plan does something to it.
    #[must_use]
    pub fn changes(&self) -> bool {
        !matches!(self.action, Action::NoOp | Action::Read)
    }

    /// Whether the plan has something to say of it: it changes, has another address, or is new to Terraform.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.changes() || self.is_imported || self.previous_address.is_some()
    }

    /// Reads the values, which are checked to be JSON already.
    #[must_use]
    pub fn values(&self) -> Values {
        let read = |raw: Option<&RawValue>| {
            raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
                .unwrap_or_default()
        };
        Values {
            before: read(self.before),
            after: read(self.after),
            unknown: read(self.after_unknown),
            before_sensitive: read(self.before_sensitive),
            after_sensitive: read(self.after_sensitive),
        }
    }
}

/// A plan, complete and without errors.
#[derive(Clone, Debug)]
pub struct TerraformPlan<'a> {
    pub terraform_version: String,
    /// Managed resources, in the order of the plan.
    pub changes: Vec<ResourceChange<'a>>,
    /// What changed outside of Terraform since the last apply.
    pub drift: Vec<ResourceChange<'a>>,
    /// What runs beside the changes: invocations of actions (Terraform 1.14).
    pub invocations: Vec<Invocation<'a>>,
    /// The blocks of the configuration; `None` where the plan has none.
    configured: Option<Blocks<'a>>,
}

/// An action that an apply runs.
#[derive(Clone, Debug, Deserialize)]
pub struct Invocation<'a> {
    #[serde(borrow)]
    pub address: Cow<'a, str>,
    #[serde(borrow)]
    lifecycle_action_trigger: Option<Trigger<'a>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Trigger<'a> {
    #[serde(borrow)]
    triggering_resource_address: Option<Cow<'a, str>>,
}

impl Invocation<'_> {
    /// The resource whose change starts it.
    #[must_use]
    pub fn started_by(&self) -> Option<&str> {
        let trigger = self.lifecycle_action_trigger.as_ref()?;
        trigger.triggering_resource_address.as_deref()
    }
}

impl TerraformPlan<'_> {
    /// Addresses of the blocks of the root module, where the plan has its configuration.
    #[must_use]
    pub fn configured(&self) -> Option<BTreeSet<&str>> {
        self.configured.as_ref().map(Blocks::of_root)
    }

    /// Whether the configuration sets an argument or a block of a resource; `None` where that is not known.
    #[must_use]
    pub fn sets(&self, address: &str, argument: &str) -> Option<bool> {
        self.configured.as_ref()?.sets(address, argument)
    }
}

#[derive(Deserialize)]
struct Document<'a> {
    format_version: Option<String>,
    terraform_version: Option<String>,
    errored: Option<bool>,
    complete: Option<bool>,
    #[serde(borrow, default)]
    resource_changes: Option<Vec<Entry<'a>>>,
    #[serde(borrow, default)]
    resource_drift: Option<Vec<Entry<'a>>>,
    deferred_changes: Option<Vec<serde::de::IgnoredAny>>,
    #[serde(borrow, default)]
    action_invocations: Option<Vec<Invocation<'a>>>,
    deferred_action_invocations: Option<Vec<serde::de::IgnoredAny>>,
    planned_values: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    configuration: Option<Configuration<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    mode: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    resource_type: Cow<'a, str>,
    deposed: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    action_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    previous_address: Option<Cow<'a, str>>,
    #[serde(borrow)]
    change: Change<'a>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow)]
    actions: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    before: Option<&'a RawValue>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    #[serde(borrow)]
    after_unknown: Option<&'a RawValue>,
    #[serde(borrow)]
    before_sensitive: Option<&'a RawValue>,
    #[serde(borrow)]
    after_sensitive: Option<&'a RawValue>,
    replace_paths: Option<Vec<Vec<Value>>>,
    importing: Option<serde::de::IgnoredAny>,
}

/// Reads a plan.
///
/// # Errors
/// When the text is something else, of another version, or the plan failed or is incomplete.
pub fn read(text: &str) -> Result<TerraformPlan<'_>, PlanError> {
    if text.starts_with("PK") {
        return Err(refused(
            "it is a saved plan, which only Terraform can read",
            "print it with `terraform show -json PLAN > plan.json` and review that file",
        ));
    }
    let document: Document<'_> =
        serde_json::from_str(text).map_err(|error| not_a_plan(text, &error))?;
    let Some(version) = &document.format_version else {
        return Err(refused(
            "it is JSON, and no plan: it has no `format_version`",
            "write the file with `terraform show -json PLAN`",
        ));
    };
    if version.split('.').next() != Some(FORMAT_MAJOR) {
        return Err(PlanError {
            problem: format!(
                "the plan has format {version}, and this version of valet-gen reads {FORMAT_MAJOR}.x"
            ),
            help: "use a Terraform of version 1, or a newer valet-gen",
        });
    }
    if document.planned_values.is_none() && document.resource_changes.is_none() {
        return Err(refused(
            "it is a state, and no plan: it says what there is, not what will change",
            "save a plan with `terraform plan -out PLAN` and print it with `terraform show -json PLAN`",
        ));
    }
    if document.errored == Some(true) {
        return Err(refused(
            "the plan failed, so it lacks what Terraform had not come to",
            "mend what `terraform plan` reports, and review the next plan",
        ));
    }
    let has_deferred =
        |all: &Option<Vec<serde::de::IgnoredAny>>| all.as_ref().is_some_and(|all| !all.is_empty());
    if document.complete == Some(false)
        || has_deferred(&document.deferred_changes)
        || has_deferred(&document.deferred_action_invocations)
    {
        return Err(refused(
            "the plan is incomplete: `-target` or a deferred change leaves resources out",
            "plan without `-target`, or apply what others wait for first",
        ));
    }
    Ok(TerraformPlan {
        terraform_version: document.terraform_version.unwrap_or_default(),
        changes: managed(document.resource_changes),
        drift: managed(document.resource_drift),
        invocations: document.action_invocations.unwrap_or_default(),
        configured: document.configuration.and_then(Configuration::blocks),
    })
}

fn refused(problem: &str, help: &'static str) -> PlanError {
    PlanError {
        problem: problem.to_owned(),
        help,
    }
}

fn not_a_plan(text: &str, error: &serde_json::Error) -> PlanError {
    if text.trim_start().starts_with("{\"@level\"") {
        return refused(
            "it is the log of `terraform plan -json`, which has no values",
            "save the plan with `-out PLAN` and print it with `terraform show -json PLAN`",
        );
    }
    let (line, column) = (error.line(), error.column());
    let problem = if text.trim().is_empty() {
        "it is empty".to_owned()
    } else if error.is_eof() {
        format!("it ends in the middle, at line {line}, column {column}")
    } else {
        format!("it is not a plan in JSON: {error}")
    };
    PlanError {
        problem,
        help: "write the file with `terraform show -json PLAN`",
    }
}

fn managed(entries: Option<Vec<Entry<'_>>>) -> Vec<ResourceChange<'_>> {
    let entries = entries.unwrap_or_default().into_iter();
    entries
        .filter(|entry| entry.mode.as_deref() != Some("data"))
        .map(|entry| ResourceChange {
            action: Action::of(&entry.change.actions),
            is_deposed: entry.deposed.is_some(),
            address: entry.address,
            resource_type: entry.resource_type,
            action_reason: entry.action_reason,
            previous_address: entry.previous_address,
            is_imported: entry.change.importing.is_some(),
            replace_paths: entry
                .change
                .replace_paths
                .unwrap_or_default()
                .iter()
                .map(|path| dotted(path))
                .collect(),
            before: entry.change.before,
            after: entry.change.after,
            after_unknown: entry.change.after_unknown,
            before_sensitive: entry.change.before_sensitive,
            after_sensitive: entry.change.after_sensitive,
        })
        .collect()
}

/// A path as people write it: `network_interfaces[0].subnet_id`.
fn dotted(path: &[Value]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Value::String(key) if text.is_empty() => text.push_str(key),
            Value::String(key) => {
                text.push('.');
                text.push_str(key);
            }
            other => {
                text.push_str(&format!("[{other}]"));
            }
        }
    }
    text
}
