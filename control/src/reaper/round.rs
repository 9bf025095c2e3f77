//! One look at the silent hosts of each fleet.

use std::collections::BTreeMap;
use std::time::Duration;

use super::act::{Termination, terminate};
use super::findings::{Finding, FindingKind, is_known};
use super::rules::{
    Ec2Witness, Evidence, HatchetWitness, HostFacts, ImpairedZone, Judgement, Moment, Verdict,
    judge, suspects, verdict,
};
use super::settings::ReaperMode;
use super::silent::{SilentHosts, seconds};
use super::witnesses::{Suspect, Witnesses};
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

/// What a leader remembers from one look to the next: what the witnesses of each fleet said.
#[derive(Debug, Default)]
pub struct Memory(BTreeMap<[String; 3], Witnesses>);

impl Memory {
    fn of(&mut self, fleet: &FleetSettings) -> &mut Witnesses {
        let key = [&fleet.account, &fleet.region, &fleet.group].map(Clone::clone);
        self.0.entry(key).or_default()
    }
}

/// The zombie whose turn it is.
struct Chosen<'a> {
    fleet: &'a FleetSettings,
    suspect: Suspect,
    reason: String,
}

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
    memory: &mut Memory,
) -> Result<(), Problem> {
    let mut findings = Vec::new();
    let mut chosen = None;
    for fleet in control.fleets.iter() {
        let moment = moment(control, leads_for, fleet).await?;
        let (found, zombie) = look(control, aws, fleet, &moment, memory.of(fleet)).await?;
        findings.extend(found);
        chosen = chosen.or(zombie);
    }
    let is_noted = match &chosen {
        Some(Chosen { suspect, .. }) => {
            is_known(&control.database, FindingKind::Zombie, &suspect.instance).await?
        }
        None => false,
    };
    alerts::tell(control, aws, lease, &KINDS, &findings).await;
    let Some(chosen) = chosen else { return Ok(()) };
    match control.reaper.mode {
        ReaperMode::Observe if is_noted => Ok(()),
        ReaperMode::Observe => note(control, &chosen).await,
        ReaperMode::Act => replace(control, aws, lease, &chosen).await,
    }
}

/// Judges the silent hosts of a fleet: what was found, and who may be replaced.
async fn look<'a>(
    control: &Control,
    aws: &Aws,
    fleet: &'a FleetSettings,
    moment: &Moment,
    witnesses: &mut Witnesses,
) -> Result<(Vec<Finding>, Option<Chosen<'a>>), Problem> {
    let SilentHosts {
        hosts,
        mut workers,
        sizes,
    } = SilentHosts::read(&control.database, fleet).await?;
    let suspected: Vec<Suspect> = suspects(&hosts)
        .into_iter()
        .map(|host| Suspect {
            instance: host.instance.clone(),
            worker: workers.remove(&host.instance).flatten(),
        })
        .collect();
    let hatchet = if suspected.is_empty() {
        None
    } else {
        hatchet(control).await
    };
    let evidence = witnesses
        .ask(aws, hatchet.as_ref(), &fleet.region, &suspected)
        .await;
    let judged = judge(&hosts, &sizes, &evidence, moment);
    let by_id: BTreeMap<&str, &HostFacts> = hosts
        .iter()
        .map(|host| (host.instance.as_str(), host))
        .collect();
    // Of one whose witnesses have not had their turn nothing is said yet.
    let known = |instance: &str| {
        let evidence = evidence.get(instance)?;
        Some(words(by_id.get(instance).copied(), *evidence))
    };
    let found = findings_of(control.reaper.mode, fleet, &judged, known);
    let chosen = judged.replace.and_then(|instance| {
        let reason = known(&instance)?;
        let suspect = suspected.into_iter().find(|one| one.instance == instance)?;
        Some(Chosen {
            fleet,
            suspect,
            reason,
        })
    });
    Ok((found, chosen))
}

/// Writes down what would have been done.
async fn note(control: &Control, chosen: &Chosen<'_>) -> Result<(), Problem> {
    let actor = Actor::server();
    let detail = "the mode is observe, so nothing was done";
    audit::note(&control.database, chosen.act(&actor), "refused", detail).await
}

/// Replaces a host, if its witnesses still say that it is dead: what they said may be of some minutes ago.
async fn replace(
    control: &Control,
    aws: &Aws,
    lease: &Lease,
    chosen: &Chosen<'_>,
) -> Result<(), Problem> {
    let Chosen { fleet, suspect, .. } = chosen;
    let hatchet = hatchet(control).await;
    let evidence = Witnesses::ask_again(aws, hatchet.as_ref(), &fleet.region, suspect).await;
    if verdict(evidence) != Verdict::Zombie {
        return Ok(());
    }
    let actor = Actor::server();
    let termination = Termination {
        fleet,
        instance: &suspect.instance,
        is_replaced: true,
        needs_service: true,
        counts_for_pause: true,
    };
    terminate(control, aws, lease, chosen.act(&actor), &termination).await?;
    Ok(())
}

impl Chosen<'_> {
    fn act<'a>(&'a self, actor: &'a Actor) -> Act<'a> {
        Act {
            actor,
            action: "host.replace",
            target: &self.suspect.instance,
            reason: &self.reason,
        }
    }
}

/// Hatchet, if it can be asked.
async fn hatchet(control: &Control) -> Option<Hatchet> {
    let hatchet = Hatchet::new(&control.hatchet, |name| std::env::var(name).ok()).await;
    hatchet.unwrap_or_else(|error| {
        tracing::warn!(%error, "Hatchet cannot be asked about silent hosts");
        None
    })
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
fn words(host: Option<&HostFacts>, evidence: Evidence) -> String {
    let silence = host
        .and_then(|host| host.silence)
        .unwrap_or_default()
        .as_secs();
    let hatchet = match evidence.hatchet {
        HatchetWitness::Active => "Hatchet hears its worker",
        HatchetWitness::Inactive => "Hatchet's worker is inactive",
        HatchetWitness::Unknown => "Hatchet says nothing of its worker",
    };
    let ec2 = match evidence.ec2 {
        Ec2Witness::Impaired => "EC2's status check fails",
        Ec2Witness::Fine => "EC2's status check passes",
        Ec2Witness::Unknown => "EC2 says nothing of it",
    };
    format!("its agent has been silent for {silence} s, {hatchet}, {ec2}")
}

fn findings_of(
    mode: ReaperMode,
    fleet: &FleetSettings,
    judged: &Judgement,
    known: impl Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    let hosts = judged.verdicts.iter().filter_map(|(instance, verdict)| {
        let known = known(instance)?;
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
        Some(Finding {
            kind,
            subject: instance.clone(),
            group: Some(fleet.group.clone()),
            detail: format!("{what} When this was read, {known}."),
        })
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
