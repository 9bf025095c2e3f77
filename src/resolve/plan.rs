//! The plan: everything that is rendered.

use serde::Serialize;

use super::access::Access;
use super::alarms::Alerts;
use super::control::Control;
use super::dashboard::Dashboard;
use super::iam::Iam;
use super::identity::Identity;
use super::image::Image;
use super::instances::Instances;
use super::logs::LogGroups;
use super::network::Network;
use super::scaling::Scaling;
use super::secrets::Secrets;
use super::terraform::Terraform;
use super::worker::Worker;
use crate::catalog::trail_alarms::TrailAlarm;
use crate::fleet::{AccountServices, Cost};

/// Everything that is rendered, for all environments of one fleet.toml.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The fleet's name.
    pub fleet: String,
    pub account: Account,
    /// In the order of their names.
    pub environments: Vec<Environment>,
}

/// What there is once per account and region.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    pub identity: Identity,
    pub terraform: Terraform,
    pub iam: Iam,
    pub audit: AccountServices,
    /// The session buckets of all environments, without the account's id at their ends.
    pub session_buckets: Vec<String>,
    /// Whether there is a bucket whose objects the trail records.
    pub watches_objects: bool,
    /// Who is told what the account's services find.
    pub email: Vec<String>,
    /// Whether GuardDuty or Inspector finds anything.
    pub finds: bool,
    /// GuardDuty's protection plans that the region has.
    pub guardduty_plans: Vec<&'static str>,
    /// What the trail tells at once.
    pub trail_alarms: &'static [TrailAlarm],
}

/// One environment of the fleet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Environment {
    pub identity: Identity,
    pub terraform: Terraform,
    pub iam: Iam,
    /// The ARN of the existing key that encrypts everything; `None` for the fleet's own.
    pub existing_key: Option<String>,
    pub network: Network,
    pub instances: Instances,
    pub image: Image,
    pub scaling: Scaling,
    /// What is made for the control plane; `None` where there is none.
    pub control: Option<Control>,
    pub worker: Worker,
    /// The configuration of the agent, which is rendered as it is.
    pub agent: valet_protocol::Config,
    pub secrets: Secrets,
    pub log_groups: LogGroups,
    pub access: Access,
    pub alerts: Alerts,
    pub dashboard: Dashboard,
    pub account_scans: AccountScans,
    /// The assumptions of the cost estimate, which nothing rendered depends on.
    pub cost: Cost,
}

/// What the account's services do with an environment's resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AccountScans {
    /// Whether GuardDuty reads copies of volumes, for which it needs the fleet's key.
    pub malware: bool,
    /// Whether Inspector reads snapshots of volumes, for which it needs the fleet's key.
    pub vulnerabilities: bool,
}
