//! One look at AWS: every group, then the instances that are in one or that the registry has.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::presence::{Presence, presence};
use super::store::{self, Known, Look, SeenInstance};
use crate::aws::{AutoScalingGroup, Aws, Ec2Instance};
use crate::config::FleetSettings;
use crate::control::Control;
use crate::problem::Problem;
use crate::reaper::{Finding, FindingKind};

/// Looks at every group and writes down what AWS says. Returns what a person should know.
///
/// # Errors
///
/// When the database does not answer. What AWS does not say is a finding, and changes nothing.
pub async fn reconcile(control: &Control, aws: &Aws) -> Result<Vec<Finding>, Problem> {
    let mut places: BTreeMap<(&str, &str), Vec<&FleetSettings>> = BTreeMap::new();
    for fleet in control.fleets.iter() {
        let place = (fleet.account.as_str(), fleet.region.as_str());
        places.entry(place).or_default().push(fleet);
    }
    let mut findings = Vec::new();
    for ((account, region), fleets) in places {
        let names: Vec<String> = fleets.iter().map(|fleet| fleet.group.clone()).collect();
        let known = store::known(&control.database, account, region).await?;
        let seen = look(aws, account, region, &names, &known).await;
        let problems = match seen {
            Ok((look, problems)) => {
                store::store(&control.database, account, region, &look).await?;
                problems
            }
            Err(reason) => names
                .iter()
                .map(|name| (name.clone(), reason.clone()))
                .collect(),
        };
        for (group, detail) in problems {
            store::unreadable(&control.database, account, region, &group, &detail).await?;
            findings.push(Finding {
                kind: FindingKind::GroupUnreadable,
                subject: group.clone(),
                group: Some(group),
                detail,
            });
        }
    }
    Ok(findings)
}

type Problems = Vec<(String, String)>;

/// What AWS says, and which groups it does not show.
async fn look(
    aws: &Aws,
    account: &str,
    region: &str,
    names: &[String],
    known: &[Known],
) -> Result<(Look, Problems), String> {
    let found = aws
        .auto_scaling_groups(region, names)
        .await
        .map_err(|error| error.to_string())?;
    let mut problems = Vec::new();
    let mut groups: Vec<AutoScalingGroup> = Vec::new();
    for name in names {
        match found.iter().find(|group| group.name == *name) {
            Some(group) if group.account == account => groups.push(group.clone()),
            Some(group) => problems.push((
                name.clone(),
                format!(
                    "the credentials are of account {}, and the group is in {account}",
                    group.account
                ),
            )),
            None => problems.push((name.clone(), format!("AWS has no such group in {region}"))),
        }
    }
    let mut ids: BTreeSet<String> = known.iter().map(|host| host.instance.clone()).collect();
    for group in &groups {
        ids.extend(group.instances.iter().map(|instance| instance.id.clone()));
    }
    let ids: Vec<String> = ids.into_iter().collect();
    let is_own_account = !groups.is_empty();
    let instances = aws
        .instances(region, &ids)
        .await
        .map_err(|error| error.to_string())?;
    Ok((compare(groups, instances, known, is_own_account), problems))
}

/// Who is there and who is gone.
fn compare(
    groups: Vec<AutoScalingGroup>,
    instances: Vec<Ec2Instance>,
    known: &[Known],
    is_own_account: bool,
) -> Look {
    let by_id: BTreeMap<&str, &Ec2Instance> = instances
        .iter()
        .map(|instance| (instance.id.as_str(), instance))
        .collect();
    let mut memberships = BTreeMap::new();
    for group in &groups {
        for member in &group.instances {
            memberships.insert(member.id.clone(), (group.name.clone(), member.clone()));
        }
    }
    let gone = known
        .iter()
        .filter(|host| {
            let state = by_id
                .get(host.instance.as_str())
                .map(|one| one.state.as_str());
            let unseen = Duration::try_from_secs_f64(host.unseen_seconds).unwrap_or_default();
            presence(state, unseen, is_own_account) == Presence::Gone
        })
        .map(|host| host.instance.clone())
        .collect();
    let seen = instances
        .into_iter()
        .map(|instance| SeenInstance {
            membership: memberships.get(&instance.id).cloned(),
            instance,
        })
        .collect();
    Look { groups, seen, gone }
}
