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
mod document;
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
pub use document::Fleet;
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
