//! The language: one file per table of fleet.toml, each field as the user types it.
//!
//! The doc comments are the reference: they become fleet.schema.json and docs/fleet-toml.md.
//! A constant default stands here beside its field, because both of those state it; a default
//! that is computed from other fields is an `Option` here and belongs to [`crate::derive`].

mod access;
mod alarm;
mod alerts;
mod audit;
mod bounded;
mod control;
mod cost;
mod data_volume;
mod encryption;
mod iam;
mod identity;
mod image;
mod image_contents;
pub mod image_keys;
mod instance_type;
mod instances;
mod network;
mod overlay;
pub mod path;
mod plan_waiver;
mod proxy;
mod scaling;
mod schedule;
pub mod schema;
mod secrets;
mod terraform;
mod worker;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use access::{Access, OperatorSignIn, SessionLog, SessionManager, Ssh};
pub use alarm::{Alarm, Comparison, MissingData, Statistic};
pub use alerts::Alerts;
pub use audit::{AccountDefaults, AccountServices};
pub use bounded::{
    Bounded, Percent, Port, Quantity, Ratio, UnprivilegedPort, VolumeIops, VolumeThroughput,
};
pub use control::{Control, ControlHost};
pub use cost::Cost;
pub use data_volume::DataVolume;
pub use encryption::Encryption;
pub use iam::{Iam, ObjectAccess, PolicyStatement, S3Access};
pub use identity::Identity;
pub use image::{
    BaseImage, Builder, Date, Hardening, Image, ImageRetention, ImageSource, Payload,
    PayloadSource, Profile, SecretException, SharedBy, Waiver,
};
pub use image_contents::{AptSource, CaCertificate, ImageFile, ImageStep};
pub use instance_type::DeclaredInstanceType;
pub use instances::{
    Architecture, Capacity, CpuCredits, HttpTokens, InstanceTypeOverride, Instances,
    MetadataOptions, RootVolume, SpotAllocationStrategy, VolumeType,
};
pub use network::{Egress, ExistingNetwork, FlowLogs, NatGateways, Network, Protocol, TrafficType};
pub use plan_waiver::PlanWaiver;
pub use proxy::Proxy;
pub use scaling::{CpuTarget, Queue, ScaleIn, Scaling, ScalingStep, SlotsTarget, StepTarget};
pub use schedule::Schedule;
pub use secrets::{Secret, SecretReadTime, SecretStore};
pub use terraform::{Backend, S3Backend, Terraform};
pub use worker::{
    AdsPower, DrainTimeouts, Hatchet, Heartbeat, Metrics, NoVnc, Runtime, SelfHeal, Tls, Worker,
};

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
    #[serde(default = "secrets::default_secrets")]
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
