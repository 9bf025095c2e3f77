//! The whole of fleet.toml.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::Access;
use super::alarm::Alarm;
use super::alerts::Alerts;
use super::audit::AccountServices;
use super::control::Control;
use super::cost::Cost;
use super::encryption::Encryption;
use super::iam::Iam;
use super::identity::Identity;
use super::image::Image;
use super::instance_type::DeclaredInstanceType;
use super::instances::Instances;
use super::network::Network;
use super::plan_waiver::PlanWaiver;
use super::scaling::Scaling;
use super::schedule::Schedule;
use super::secrets::Secret;
use super::terraform::Terraform;
use super::worker::Worker;

/// A whole fleet.toml, one environment at a time.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// The generator version this file is written for, such as `"0.1"`.
    ///
    /// Another minor version is refused, so that a generator never gives old text a new meaning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valet_gen: Option<String>,

    /// What the fleet is called, where it stands and how its resources are tagged.
    #[serde(rename = "fleet")]
    pub identity: Identity,

    /// Versions and state backend of the rendered root modules.
    #[serde(default)]
    pub terraform: Terraform,

    /// What an account's owners ask of IAM, and what workers may do besides what the fleet itself
    /// needs.
    #[serde(default)]
    pub iam: Iam,

    /// The key that encrypts volumes, logs, alerts, secrets and session records.
    #[serde(default)]
    pub encryption: Encryption,

    /// The VPC the workers run in: a new one, or an existing one.
    #[serde(default)]
    pub network: Network,

    /// Which EC2 instances the workers run on.
    #[serde(default)]
    pub instances: Instances,

    /// Instance types that the catalogue does not have yet, by their names, such as
    /// `[instance_types."m9x.large"]`.
    #[serde(default)]
    pub instance_types: BTreeMap<String, DeclaredInstanceType>,

    /// How many instances there are, and what changes that.
    #[serde(default)]
    pub scaling: Scaling,

    /// Times at which the bounds of the group change, one `[[schedule]]` per time.
    #[serde(default)]
    pub schedule: Vec<Schedule>,

    /// The control plane that looks after the fleet.
    #[serde(default)]
    pub control: Control,

    /// The golden machine image.
    #[serde(default)]
    pub image: Image,

    /// The agent and the programs that it supervises on every instance.
    #[serde(default)]
    pub worker: Worker,

    /// The secrets a worker reads, by the name of the environment variable that carries each.
    ///
    /// Names only: a value never stands in this file, in what is rendered or in Terraform's state.
    #[serde(default = "super::secrets::default_secrets")]
    pub secrets: BTreeMap<String, Secret>,

    /// How people reach an instance.
    #[serde(default)]
    pub access: Access,

    /// Who is notified when an alarm fires.
    #[serde(default)]
    pub alerts: Alerts,

    /// Alarms that are tuned, switched off or added, one `[[alarm]]` each.
    ///
    /// The generator's own alarms are all on without any entry here; docs/alarms.md lists them.
    #[serde(default)]
    pub alarm: Vec<Alarm>,

    /// Findings of `valet-gen plan-review` that do not count, one `[[plan_waiver]]` each.
    ///
    /// No environment can override this list: an entry names the environment that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan_waiver: Vec<PlanWaiver>,

    /// Account-wide services, rendered to a root module of their own.
    ///
    /// They are singletons per account and region, so no environment can override this table.
    #[serde(default)]
    pub audit: AccountServices,

    /// The assumptions of `valet-gen cost`.
    #[serde(default)]
    pub cost: Cost,
}
