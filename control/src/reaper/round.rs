//! One look at the silent hosts of each fleet.

use std::time::Duration;

use tokio_postgres::Row;

use super::act::{Termination, terminate};
use super::evidence::{Suspect, gather};
use super::findings::{Finding, FindingKind};
use super::rules::{
    Evidence, HatchetWitness, HostFacts, ImpairedZone, Judgement, Moment, Verdict, judge, suspects,
};
use super::settings::ReaperMode;
use crate::access::Actor;
use crate::alerts;
use crate::audit::{self, Act};
use crate::aws::Aws;
use crate::config::FleetSettings;
use crate::control::Control;
use crate::leader::Lease;
use crate::problem::Problem;
use crate::queue::Hatchet;

const KINDS: [FindingKind; 4] = [
    FindingKind::Zombie,
    FindingKind::Deaf,
    FindingKind::Silent,
    FindingKind::ZoneImpaired,
];

/// Judges the silent hosts, tells what was found, and replaces one at the most. `leads_for` is how long this replica has
/// led.
///
/// # Errors
///
/// When the database does not answer, or a replacement fails.
pub async fn reap(
    control: &Control,
    aws: &Aws,
    lease: &Lease,
    leads_for: Duration,
) -> Result<(), Problem> {
    let mut findings = Vec::new();
    let mut chosen: Option<(&FleetSettings, String, String)> = None;
    for fleet in &control.fleets {
        let (hosts, workers) = facts(control, fleet).await?;
        let moment = moment(control, leads_for, fleet).await?;
        let suspected: Vec<Suspect> = suspects(&hosts)
            .into_iter()
            .map(|host| Suspect {
                instance: host.instance.clone(),
                worker: workers
                    .iter()
                    .find(|(instance, _)| *instance == host.instance)
                    .and_then(|(_, worker)| worker.clone()),
            })
            .collect();
        let hatchet = if suspected.is_empty() {
            None
        } else {
            hatchet(control).await
        };
        let evidence = gather(aws, hatchet.as_ref(), &fleet.region, &suspected).await;
        let judged = judge(&hosts, &evidence, &moment);
        let of = |instance: &str| {
            let host = hosts.iter().find(|host| host.instance == instance);
            words(host, evidence.get(instance))
        };
        findings.extend(findings_of(control.reaper.mode, fleet, &judged, of));
        if let (None, Some(instance)) = (&chosen, judged.replace) {
            let reason = of(&instance);
            chosen = Some((fleet, instance, reason));
        }
    }
    let known = super::findings::list(&control.database).await?;
    alerts::tell(control, aws, lease, &KINDS, &findings).await;
    let Some((fleet, instance, reason)) = chosen else {
        return Ok(());
    };
    let actor = Actor::server();
    let act = Act {
        actor: &actor,
        action: "host.replace",
        target: &instance,
        reason: &reason,
    };
    if control.reaper.mode == ReaperMode::Observe {
        let is_noted = known
            .iter()
            .any(|finding| finding.kind == FindingKind::Zombie && finding.subject == instance);
        if !is_noted {
            audit::note(
                &control.database,
                act,
                "refused",
                "the mode is observe, so nothing was done",
            )
            .await?;
        }
        return Ok(());
    }
    let termination = Termination {
        fleet,
        instance: &instance,
        is_replaced: true,
        needs_service: true,
        counts_for_pause: true,
    };
    terminate(control, aws, lease, act, &termination).await?;
    Ok(())
}

/// Hatchet, if it can be asked.
async fn hatchet(control: &Control) -> Option<Hatchet> {
    let hatchet = Hatchet::new(&control.hatchet, |name| std::env::var(name).ok()).await;
    hatchet.unwrap_or_else(|error| {
        tracing::warn!(%error, "Hatchet cannot be asked about silent hosts");
        None
    })
}

type Workers = Vec<(String, Option<String>)>;

/// The hosts of a fleet that AWS has running, and their workers.
async fn facts(
    control: &Control,
    fleet: &FleetSettings,
) -> Result<(Vec<HostFacts>, Workers), Problem> {
    let client = control.database.client().await?;
    let rows = client
        .query(
            "SELECT instance_id, aws.group_name, zone, CASE WHEN status IS NULL THEN NULL ELSE silence END AS silence,
                    aws.lifecycle, worker_id
             FROM sandboxes JOIN aws_instance AS aws USING (instance_id)
             WHERE gone_at IS NULL AND aws.state = 'running' AND aws.group_name = $1 AND aws.account = $2
                AND aws.region = $3",
            &[&fleet.group, &fleet.account, &fleet.region],
        )
        .await?;
    let facts = |row: &Row| HostFacts {
        instance: row.get("instance_id"),
        group: row.get("group_name"),
        zone: row.get("zone"),
        silence: seconds(row.get("silence")),
        is_in_service: row.get::<_, Option<&str>>("lifecycle") == Some("InService"),
    };
    let workers = rows
        .iter()
        .map(|row| (row.get("instance_id"), row.get("worker_id")));
    Ok((rows.iter().map(facts).collect(), workers.collect()))
}

fn seconds(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// What time it is for a replacement.
async fn moment(
    control: &Control,
    leads_for: Duration,
    fleet: &FleetSettings,
) -> Result<Moment, Problem> {
    let client = control.database.client().await?;
    let row = client
        .query_one(
            "SELECT (SELECT extract(epoch FROM now() - started_at)::double precision FROM ingest_up
                        WHERE last_at > now() - interval '30 seconds' ORDER BY started_at DESC LIMIT 1) AS hears_for,
                    (SELECT extract(epoch FROM now() - replaced_at)::double precision FROM leader) AS since_last,
                    (SELECT extract(epoch FROM now() - read_at)::double precision FROM fleet_group
                        WHERE account = $1 AND region = $2 AND name = $3 AND problem IS NULL) AS list_age",
            &[&fleet.account, &fleet.region, &fleet.group],
        )
        .await?;
    Ok(Moment {
        leads_for,
        hears_for: seconds(row.get("hears_for")),
        since_last: seconds(row.get("since_last")),
        list_age: seconds(row.get("list_age")),
    })
}

/// What is known of a host, in one sentence.
fn words(host: Option<&HostFacts>, evidence: Option<&Evidence>) -> String {
    let silence = host
        .and_then(|host| host.silence)
        .unwrap_or_default()
        .as_secs();
    let hatchet = match evidence.map(|evidence| evidence.hatchet) {
        Some(HatchetWitness::Active) => "Hatchet hears its worker",
        Some(HatchetWitness::Inactive) => "Hatchet's worker is inactive",
        _ => "Hatchet says nothing of its worker",
    };
    let ec2 = match evidence.map(|evidence| evidence.ec2) {
        Some(super::Ec2Witness::Impaired) => "EC2's status check fails",
        Some(super::Ec2Witness::Fine) => "EC2's status check passes",
        _ => "EC2 says nothing of it",
    };
    format!("its agent has been silent for {silence} s, {hatchet}, {ec2}")
}

fn findings_of(
    mode: ReaperMode,
    fleet: &FleetSettings,
    judged: &Judgement,
    words: impl Fn(&str) -> String,
) -> Vec<Finding> {
    let hosts = judged.verdicts.iter().map(|(instance, verdict)| {
        let (kind, what) = match (verdict, mode) {
            (Verdict::Zombie, ReaperMode::Observe) => (
                FindingKind::Zombie,
                "It would be replaced: the mode is observe.",
            ),
            (Verdict::Zombie, ReaperMode::Act) => (
                FindingKind::Zombie,
                "It is replaced, unless too many hosts of its zone are silent: one in 30 s.",
            ),
            (Verdict::Deaf, _) => (
                FindingKind::Deaf,
                "Nothing is done: its tasks run. Look at its agent, or decommission it.",
            ),
            (Verdict::Unproven, _) => (
                FindingKind::Silent,
                "Nothing is done without a second witness. Look at it, or decommission it.",
            ),
        };
        Finding {
            kind,
            subject: instance.clone(),
            group: Some(fleet.group.clone()),
            detail: format!("{what} When this was read, {}.", words(instance)),
        }
    });
    let zones = judged.impaired_zones.iter().map(|zone: &ImpairedZone| Finding {
        kind: FindingKind::ZoneImpaired,
        subject: format!("{} {}", zone.group, zone.zone),
        group: Some(fleet.group.clone()),
        detail: format!(
            "{} of {} hosts are silent. None of them is replaced: rather the zone, the network or this server is at fault.",
            zone.silent, zone.hosts
        ),
    });
    hosts.chain(zones).collect()
}
