//! Which silent host may be replaced, by what is known. Nothing here asks anybody.

use std::collections::BTreeMap;
use std::time::Duration;

/// Silence above this is an alarm of its own: three heartbeats.
pub const OFFLINE_AFTER: Duration = Duration::from_secs(90);
/// Silence above this is a zombie's: a reboot takes less.
pub const ZOMBIE_AFTER: Duration = Duration::from_mins(5);
/// Between two replacements.
pub const MIN_PAUSE: Duration = Duration::from_secs(30);
/// How long a leader only looks, and how long heartbeats must have been heard without an interruption.
pub const SETTLING: Duration = Duration::from_mins(5);
/// How old AWS's list may be.
pub const MAX_LIST_AGE: Duration = Duration::from_mins(3);

/// What Hatchet says of the host's worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HatchetWitness {
    Active,
    Inactive,
    Unknown,
}

/// What EC2 says of the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ec2Witness {
    Fine,
    Impaired,
    Unknown,
}

/// What both say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub hatchet: HatchetWitness,
    pub ec2: Ec2Witness,
}

/// A host, as far as it matters here. Hosts that AWS does not have are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    pub instance: String,
    pub group: String,
    pub zone: String,
    /// How long it has been silent while it could have been heard; nothing for a host that never said anything.
    pub silence: Option<Duration>,
    /// Whether its group has it in service: it is not starting, ending or in standby.
    pub is_in_service: bool,
}

/// The zones of groups, and how many hosts each has in service. Of a zone that has [`enough`] of them, it need not be known
/// how many more.
pub type ZoneSizes = BTreeMap<(String, String), usize>;

impl HostFacts {
    fn is_silent_for(&self, limit: Duration) -> bool {
        self.silence.is_some_and(|silence| silence > limit)
    }
}

/// When a decision is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// How long this replica has led.
    pub leads_for: Duration,
    /// How long heartbeats have been heard without an interruption; nothing when they are not.
    pub hears_for: Option<Duration>,
    /// Since the last replacement, by whichever leader.
    pub since_last: Option<Duration>,
    /// How old AWS's list is; nothing when there is none.
    pub list_age: Option<Duration>,
}

/// What a silent host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Two witnesses say that it is dead.
    Zombie,
    /// Hatchet hears it, so it works: only its agent is not heard.
    Deaf,
    /// Nobody but its agent says anything against it.
    Unproven,
}

/// A zone with too many silent hosts: rather the zone, or what is between it and here, is at fault. None of its hosts is
/// replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImpairedZone {
    pub group: String,
    pub zone: String,
    pub silent: usize,
    pub hosts: usize,
}

/// What follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Each silent host and what it is.
    pub verdicts: Vec<(String, Verdict)>,
    pub impaired_zones: Vec<ImpairedZone>,
    /// The zombie that may be replaced now: the one that has been silent for the longest time.
    pub replace: Option<String>,
}

/// The hosts that witnesses are asked about, the longest silent first.
#[must_use]
pub fn suspects(hosts: &[HostFacts]) -> Vec<&HostFacts> {
    let silent = hosts
        .iter()
        .filter(|host| host.is_silent_for(ZOMBIE_AFTER) && host.is_in_service);
    let mut silent: Vec<&HostFacts> = silent.collect();
    // A healthy fleet of any size has few of them, so that they are sorted here and not by the database with all others.
    silent.sort_by(|left, right| {
        let by_silence = right.silence.cmp(&left.silence);
        by_silence.then_with(|| left.instance.cmp(&right.instance))
    });
    silent
}

/// The most silent hosts of a zone with this many that may be zombies: one, or a tenth.
const fn allowed(hosts: usize) -> usize {
    let tenth = hosts / 10;
    if tenth == 0 { 1 } else { tenth }
}

/// The number of hosts from which on this many silent ones are not too many, whatever the limit of fewer hosts is.
#[must_use]
pub const fn enough(silent: usize) -> usize {
    10 * silent
}

/// The hosts in service of each zone that are silent.
#[must_use]
pub fn silent_by_zone(hosts: &[HostFacts]) -> ZoneSizes {
    let silent = |host: &&HostFacts| host.is_in_service && host.is_silent_for(OFFLINE_AFTER);
    let mut zones = ZoneSizes::new();
    for host in hosts.iter().filter(silent) {
        *zones
            .entry((host.group.clone(), host.zone.clone()))
            .or_default() += 1;
    }
    zones
}

/// What a suspect is.
#[must_use]
pub const fn verdict(evidence: Evidence) -> Verdict {
    match (evidence.hatchet, evidence.ec2) {
        // Its tasks run, whatever EC2 says.
        (HatchetWitness::Active, _) => Verdict::Deaf,
        (HatchetWitness::Inactive, _) | (HatchetWitness::Unknown, Ec2Witness::Impaired) => {
            Verdict::Zombie
        }
        (HatchetWitness::Unknown, Ec2Witness::Fine | Ec2Witness::Unknown) => Verdict::Unproven,
    }
}

/// Judges every suspect. One without evidence is unproven. `hosts` are those that are silent, and others do not matter;
/// `sizes` are those of their zones.
#[must_use]
pub fn judge(
    hosts: &[HostFacts],
    sizes: &ZoneSizes,
    evidence: &BTreeMap<String, Evidence>,
    moment: &Moment,
) -> Judgement {
    let impaired_zones = impaired_zones(hosts, sizes);
    let verdicts: Vec<(&HostFacts, Verdict)> = suspects(hosts)
        .into_iter()
        .map(|host| {
            let known = evidence.get(&host.instance);
            (
                host,
                known.map_or(Verdict::Unproven, |known| verdict(*known)),
            )
        })
        .collect();
    let is_in_impaired_zone = |host: &HostFacts| {
        impaired_zones
            .iter()
            .any(|zone| zone.group == host.group && zone.zone == host.zone)
    };
    let replace = verdicts
        .iter()
        .filter(|(host, verdict)| *verdict == Verdict::Zombie && !is_in_impaired_zone(host))
        .max_by(|(left, _), (right, _)| {
            // Of two that are alike, the one whose id comes first.
            let by_silence = left.silence.cmp(&right.silence);
            by_silence.then_with(|| right.instance.cmp(&left.instance))
        })
        .filter(|_| may_act(moment))
        .map(|(host, _)| host.instance.clone());
    Judgement {
        verdicts: verdicts
            .iter()
            .map(|(host, verdict)| (host.instance.clone(), *verdict))
            .collect(),
        impaired_zones,
        replace,
    }
}

/// Whether this is a time to replace anything at all.
fn may_act(moment: &Moment) -> bool {
    moment.leads_for >= SETTLING
        && moment.hears_for.is_some_and(|heard| heard >= SETTLING)
        && moment.since_last.is_none_or(|pause| pause >= MIN_PAUSE)
        && moment.list_age.is_some_and(|age| age <= MAX_LIST_AGE)
}

/// The zones with too many silent hosts.
fn impaired_zones(hosts: &[HostFacts], sizes: &ZoneSizes) -> Vec<ImpairedZone> {
    silent_by_zone(hosts)
        .into_iter()
        .map(|(zone, silent)| (silent, sizes.get(&zone).copied().unwrap_or_default(), zone))
        .filter(|(silent, hosts, _)| *silent > allowed(*hosts))
        .map(|(silent, hosts, (group, zone))| ImpairedZone {
            group,
            zone,
            silent,
            hosts,
        })
        .collect()
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
