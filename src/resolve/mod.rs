//! Third stage: what was typed to what will be, with every default, name and number worked out.
//! Total and pure: it cannot fail, and it reads neither clock nor disk.
//!
//! One file per table, the resolved type beside its resolver. A resolver takes its table apart
//! without `..`, so that a new field does not compile until somebody decides what becomes of it.

mod access;
mod agent;
mod alarms;
mod control;
mod dashboard;
mod fleet;
mod iam;
mod identity;
mod image;
mod image_contents;
mod instances;
mod keys;
mod logs;
mod network;
mod plan;
mod scaling;
mod secrets;
mod terraform;
mod worker;

pub use crate::derive::identity::ACCOUNT;
pub use access::Access;
pub use alarms::{Alarm, AlarmQuery, Alerts, CompositeAlarm, Expression};
pub use control::{Control, ControlSecret};
pub use dashboard::{Dashboard, DashboardSection, LabelledSeries, Widget};
pub use fleet::resolve;
pub use iam::{Iam, PolicyStatement};
pub use identity::Identity;
pub use image::{Check, Image, ImageKey, OperatingSystem, PayloadFile, Waiver};
pub use instances::{DataVolume, GroupInstanceType, Instances, Mount, UserDataPart};
pub use keys::{ENTRY_KEYS, EntryKey};
pub use logs::{LogGroup, LogGroups};
pub use network::{CreatedNetwork, Egress, Network, Proxy};
pub use plan::{Account, AccountScans, Environment, Plan};
pub use scaling::{QueueStep, Scaling, Schedule};
pub use secrets::{ManagedSecret, Secrets};
pub use terraform::{Backend, Terraform};
pub use worker::Worker;
