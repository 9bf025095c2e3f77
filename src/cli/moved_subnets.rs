//! Subnets that a rendering would move.
//!
//! A subnet's range cannot change: Terraform destroys the subnet and creates another, with everything in it. Where an
//! earlier rendering has other ranges than those that are computed today, `render` stops and says how to keep them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ipnet::Ipv4Net;

use crate::resolve::{CreatedNetwork, Environment, Plan};
use crate::write::Scope;

/// The subnets of one environment that would move.
#[derive(Debug)]
pub struct MovedSubnets {
    environment: String,
    /// The table of fleet.toml that the lines belong to.
    table: String,
    /// Each subnet's zone, its range today and the one that it would have.
    moves: Vec<[String; 3]>,
    /// What keeps them, by key: the ranges in the order of the zones.
    keep: BTreeMap<&'static str, Vec<String>>,
}

/// The computed subnets that differ from those of the rendering in this folder, for each environment in scope.
pub fn moved_subnets(folder: &Path, plan: &Plan, scope: &Scope<'_>) -> Vec<MovedSubnets> {
    let alone = plan.environments.len() == 1;
    let in_scope = plan.environments.iter().filter(|environment| match scope {
        Scope::Everything => true,
        Scope::Environment(name) => *name == environment.identity.environment,
    });
    in_scope
        .filter_map(|environment| moved_in(folder, environment, alone))
        .collect()
}

fn moved_in(folder: &Path, environment: &Environment, alone: bool) -> Option<MovedSubnets> {
    let created = environment.network.created.as_ref()?;
    let name = &environment.identity.environment;
    let path = folder.join(name).join("terraform/network.tf");
    // Whatever cannot be read was never applied from here; writing says so.
    let earlier = fs::read_to_string(path).ok()?;
    let kinds = [
        (
            "private_subnets",
            "private",
            &created.private_subnets,
            created.declares_private,
        ),
        (
            "public_subnets",
            "public",
            &created.public_subnets,
            created.declares_public,
        ),
    ];
    let mut moved = MovedSubnets {
        environment: name.clone(),
        table: if alone {
            "network".to_owned()
        } else {
            format!("environments.{name}.network")
        },
        moves: Vec::new(),
        keep: BTreeMap::new(),
    };
    for (key, resource, computed, is_declared) in kinds {
        let before = ranges_of(&earlier, resource);
        let differs: Vec<[String; 3]> = computed
            .iter()
            .filter_map(|(zone, range)| {
                let before = before.get(zone).filter(|before| *before != range)?;
                Some([zone.clone(), before.clone(), range.clone()])
            })
            .collect();
        if is_declared || differs.is_empty() {
            continue;
        }
        moved.moves.extend(differs);
        moved.keep.insert(key, kept(created, computed, &before));
    }
    (!moved.moves.is_empty()).then_some(moved)
}

/// The ranges by zone in a rendered `aws_subnet`, whose lines are `"zone" = "range"`.
fn ranges_of(network: &str, resource: &str) -> BTreeMap<String, String> {
    let head = format!("resource \"aws_subnet\" \"{resource}\" {{");
    let lines = network.lines().skip_while(|line| *line != head);
    lines
        .skip(1)
        .take_while(|line| *line != "  }")
        .filter_map(|line| {
            let (zone, range) = line.split_once('=')?;
            let text = |part: &str| part.trim().trim_matches('"').to_owned();
            Some((text(zone), text(range)))
        })
        .filter(|(_, range)| range.parse::<Ipv4Net>().is_ok())
        .collect()
}

/// The ranges of the zones in their order: those of today, and for a new zone the first computed one that is free.
fn kept(
    created: &CreatedNetwork,
    computed: &BTreeMap<String, String>,
    before: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut taken: Vec<String> = before.values().cloned().collect();
    let zones = (created.zones.iter()).filter(|zone| computed.contains_key(*zone));
    zones
        .map(|zone| {
            before.get(zone).cloned().unwrap_or_else(|| {
                let free = free_range(&computed[zone], &taken);
                taken.push(free.clone());
                free
            })
        })
        .collect()
}

/// The range itself, or the next of its size that overlaps none of those taken.
fn free_range(range: &str, taken: &[String]) -> String {
    let Ok(first) = range.parse::<Ipv4Net>() else {
        return range.to_owned();
    };
    let size = 1_u32 << (32 - first.prefix_len());
    let overlaps = |candidate: &Ipv4Net| {
        let mut taken = taken
            .iter()
            .filter_map(|range| range.parse::<Ipv4Net>().ok());
        taken.any(|range| range.contains(candidate) || candidate.contains(&range))
    };
    (0..8)
        .filter_map(|step: u32| {
            let start = u32::from(first.network()).checked_add(step.checked_mul(size)?)?;
            Ipv4Net::new(start.into(), first.prefix_len()).ok()
        })
        .find(|candidate| !overlaps(candidate))
        .map_or_else(|| range.to_owned(), |free| free.to_string())
}

/// The error as it is printed.
pub fn text(moved: &[MovedSubnets]) -> String {
    let mut text = String::new();
    for moved in moved {
        let _ = writeln!(
            text,
            "error: subnets of environment `{}` would move, which replaces them and what runs in them",
            moved.environment
        );
        for [zone, before, after] in &moved.moves {
            let _ = writeln!(text, "  {zone}: {before} -> {after}");
        }
        let _ = writeln!(text, "  help: to keep them, write in fleet.toml:");
        let _ = writeln!(text, "    [{}]", moved.table);
        for (key, ranges) in &moved.keep {
            let ranges: Vec<String> = ranges.iter().map(|range| format!("\"{range}\"")).collect();
            let _ = writeln!(text, "    {key} = [{}]", ranges.join(", "));
        }
    }
    text.push_str("  to move them after all, declare the new ranges there instead\n");
    text
}
