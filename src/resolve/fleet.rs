//! Every table of a fleet, resolved.

use super::plan::{Account, AccountScans, Environment, Plan};
use super::{
    access, agent, alarms, control, dashboard, iam, identity, image, instances, logs, network,
    scaling, secrets, terraform, worker,
};
use crate::catalog::guardduty;
use crate::catalog::trail_alarms::TRAIL_ALARMS;
use crate::check::Checked;
use crate::derive::{self, identity::ACCOUNT};
use crate::fleet::{AccountServices, Fleet};

/// Works everything out.
#[must_use]
pub fn resolve(checked: &Checked) -> Plan {
    let base = checked.base();
    let session_buckets: Vec<String> = checked
        .environments()
        .iter()
        .filter(|(_, fleet)| derive::access::records_to_own_bucket(&fleet.access))
        .map(|(name, fleet)| derive::identity::session_bucket(&fleet.identity, name))
        .collect();
    let terraform = terraform::resolve(&base.terraform, &base.identity, ACCOUNT);
    let account = Account {
        identity: identity::resolve(&base.identity, ACCOUNT),
        audit: base.audit.clone(),
        iam: iam::resolve(&base.iam, &base.identity),
        email: base.alerts.email.clone(),
        finds: base.audit.guardduty || base.audit.inspector,
        guardduty_plans: guardduty::plans(&base.identity.region),
        trail_alarms: TRAIL_ALARMS,
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

/// Works one environment out.
pub fn resolve_environment(name: &str, fleet: &Fleet, of_account: &AccountServices) -> Environment {
    let Fleet {
        valet_gen: _,
        identity,
        terraform,
        iam,
        encryption,
        network,
        instances: _,
        // Part of the instances.
        instance_types: _,
        scaling: _,
        schedule: _,
        // With where its secret is kept.
        control: _,
        image: _,
        worker,
        secrets,
        access,
        // Alarms are made of both.
        alerts: _,
        alarm: _,
        // One per account: no environment can override it.
        audit: _,
        // Nothing that is rendered: the review of a plan reads them as they are declared.
        plan_waiver: _,
        cost,
    } = fleet;
    let resolved_identity = identity::resolve(identity, name);
    let resolved_network = network::resolve(fleet);
    let resolved_access = access::resolve(access, &resolved_identity.path);
    let resolved_instances = instances::resolve(fleet);
    let resolved_worker = worker::resolve(worker, &resolved_identity.prefix);
    let resolved_alerts = alarms::resolve(&alarms::Context {
        identity: &resolved_identity,
        worker: &resolved_worker,
        fleet,
    });
    Environment {
        terraform: terraform::resolve(terraform, identity, name),
        iam: iam::resolve(iam, identity),
        existing_key: derive::instances::existing_key(encryption).map(str::to_owned),
        scaling: scaling::resolve(fleet, &resolved_identity.prefix),
        control: control::resolve(fleet, &resolved_identity.path),
        secrets: secrets::resolve(secrets),
        agent: agent::resolve(
            worker,
            secrets,
            &agent::Context {
                identity: &resolved_identity,
                instances: &resolved_instances,
                worker: &resolved_worker,
                network: &resolved_network,
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
        image: image::resolve(fleet, &resolved_identity.path),
        account_scans: AccountScans {
            malware: of_account.guardduty
                && guardduty::plans(&identity.region).contains(&guardduty::MALWARE_PROTECTION),
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
