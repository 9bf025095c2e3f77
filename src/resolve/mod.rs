//! Third stage: what was typed to what will be, with every default, name and number worked out.
//! Total and pure: it cannot fail, and it reads neither clock nor disk.
//!
//! One file per table, the resolved type beside its resolver. A resolver takes its table apart
//! without `..`, so that a new field does not compile until somebody decides what becomes of it.

mod access;
mod agent;
mod alarms;
mod dashboard;
mod iam;
mod identity;
mod image;
mod instances;
mod keys;
mod logs;
mod network;
mod scaling;
mod secrets;
mod terraform;
mod worker;

use serde::Serialize;

pub use crate::derive::identity::ACCOUNT;
pub use access::Access;
pub use alarms::{Alarm, AlarmQuery, Alerts, CompositeAlarm, Expression};
pub use dashboard::{Dashboard, DashboardSection, LabelledSeries, Widget};
pub use iam::{Iam, PolicyStatement};
pub use identity::Identity;
pub use image::{Check, Image, OperatingSystem, PayloadFile, Waiver};
pub use instances::{InstanceType, Instances};
pub use keys::{ENTRY_KEYS, EntryKey};
pub use logs::{LogGroup, LogGroups};
pub use network::{CreatedNetwork, Egress, Network};
pub use scaling::{QueueStep, Scaling, Schedule};
pub use secrets::{ManagedSecret, Secrets};
pub use terraform::{Backend, Terraform};
pub use worker::Worker;

use crate::check::Checked;
use crate::derive;
use crate::fleet::{AccountServices, Cost, Fleet};

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
}

/// One environment of the fleet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Environment {
    pub identity: Identity,
    pub terraform: Terraform,
    pub iam: Iam,
    pub network: Network,
    pub instances: Instances,
    pub image: Image,
    pub scaling: Scaling,
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

/// Works everything out.
#[must_use]
pub fn resolve(checked: &Checked) -> Plan {
    let base = checked.base();
    let session_buckets: Vec<String> = checked
        .environments()
        .iter()
        .filter(|(_, fleet)| derive::access::records_to_s3(&fleet.access))
        .map(|(name, fleet)| derive::identity::session_bucket(&fleet.identity, name))
        .collect();
    let terraform = terraform::resolve(&base.terraform, &base.identity, ACCOUNT);
    let account = Account {
        identity: identity::resolve(&base.identity, ACCOUNT),
        audit: base.audit.clone(),
        iam: iam::resolve(&base.iam, &base.identity),
        watches_objects: !session_buckets.is_empty() || terraform.backend.is_some(),
        terraform,
        session_buckets,
    };
    Plan {
        fleet: base.identity.name.clone(),
        account,
        environments: checked
            .environments()
            .iter()
            .map(|(name, fleet)| resolve_environment(name, fleet, &base.audit))
            .collect(),
    }
}

fn resolve_environment(name: &str, fleet: &Fleet, of_account: &AccountServices) -> Environment {
    let Fleet {
        valet_gen: _,
        identity,
        terraform,
        iam,
        network,
        instances,
        scaling: _,
        schedule: _,
        image: _,
        worker,
        secrets,
        access,
        // Alarms are made of both.
        alerts: _,
        alarm: _,
        // One per account: no environment can override it.
        audit: _,
        cost,
    } = fleet;
    let resolved_identity = identity::resolve(identity, name);
    let resolved_network = network::resolve(network, identity);
    let resolved_access = access::resolve(access);
    let resolved_instances = instances::resolve(instances, cost);
    let resolved_worker = worker::resolve(worker, &resolved_identity.prefix);
    let resolved_alerts = alarms::resolve(&alarms::Context {
        identity: &resolved_identity,
        worker: &resolved_worker,
        fleet,
    });
    Environment {
        terraform: terraform::resolve(terraform, identity, name),
        iam: iam::resolve(iam, identity),
        scaling: scaling::resolve(fleet, &resolved_identity.prefix),
        secrets: secrets::resolve(secrets),
        agent: agent::resolve(
            worker,
            secrets,
            &agent::Context {
                identity: &resolved_identity,
                instances: &resolved_instances,
                worker: &resolved_worker,
            },
        ),
        dashboard: dashboard::resolve(
            &resolved_worker.namespace,
            dashboard::Contents {
                heals: !resolved_alerts.healing.is_empty(),
                has_tasks: derive::scaling::publishes_queue(fleet),
            },
        ),
        log_groups: logs::resolve(&resolved_identity.path, &resolved_access, network),
        access: resolved_access,
        image: image::resolve(fleet),
        account_scans: AccountScans {
            malware: of_account.guardduty,
            vulnerabilities: of_account.inspector,
        },
        identity: resolved_identity,
        network: resolved_network,
        instances: resolved_instances,
        worker: resolved_worker,
        alerts: resolved_alerts,
        cost: cost.clone(),
    }
}
