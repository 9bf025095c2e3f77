//! Whether the zones are there, and have the instance types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::network::subnets_of;
use super::quotas::type_path;
use crate::load::Path;
use crate::preflight::call::{Call, list, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::{TYPE_IN_FEW_ZONES, TYPE_NOT_OFFERED, ZONE_MISSING};
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[
    Check {
        subject: "zones",
        scope: Scope::Environment,
        concerns_bakes: false,
        actions: &["ec2:DescribeAvailabilityZones"],
        run: zones,
    },
    Check {
        subject: "instance types in each zone",
        scope: Scope::Environment,
        concerns_bakes: false,
        actions: &["ec2:DescribeInstanceTypeOfferings", "ec2:DescribeSubnets"],
        run: types,
    },
    Check {
        subject: "the build host's type",
        scope: Scope::Environment,
        concerns_bakes: true,
        actions: &["ec2:DescribeInstanceTypeOfferings", "ec2:DescribeSubnets"],
        run: build_type,
    },
];

fn zones(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let Some(created) = &ctx.environment.network.created else {
        return Ok(());
    };
    let call = Call::new(
        "ec2",
        ctx.region(),
        "DescribeAvailabilityZones",
        json!({ "Filter": [{ "Name": "state", "Value": ["available"] }] }),
        &["availabilityZoneInfo", "zoneName"],
    );
    let answer = facts.get(call)?;
    let known: Vec<&str> = list(answer, "availabilityZoneInfo")
        .iter()
        .map(|it| text(it, "zoneName"))
        .collect();
    for (index, zone) in created.zones.iter().enumerate() {
        if known.contains(&zone.as_str()) {
            continue;
        }
        let declared = Path::of("network.availability_zones").index(index);
        let path = if ctx.tree.contains(&declared) {
            declared
        } else {
            Path::of("fleet.region")
        };
        out.add(
            ZONE_MISSING,
            path,
            format!("account {} has no zone {zone}", ctx.caller.account),
            "not available to this account",
            format!("name zones of: {}", known.join(", ")),
        );
    }
    Ok(())
}

/// The zones that the workers run in.
fn zones_of(ctx: &Context<'_>, facts: &Facts) -> Result<BTreeSet<String>, Stop> {
    let network = &ctx.environment.network;
    match (&network.created, &network.existing) {
        (Some(created), _) => Ok(created.zones.iter().cloned().collect()),
        (None, Some(existing)) => {
            let subnets = list(facts.get(subnets_of(ctx, existing))?, "subnetSet");
            Ok(subnets
                .iter()
                .map(|it| text(it, "availabilityZone").to_owned())
                .collect())
        }
        (None, None) => Ok(BTreeSet::new()),
    }
}

/// The zones of each type that the fleet names.
fn offered<'f>(
    ctx: &Context<'_>,
    facts: &'f Facts,
) -> Result<BTreeMap<&'f str, BTreeSet<&'f str>>, Stop> {
    let mut types: Vec<&str> = ctx
        .environment
        .instances
        .types
        .iter()
        .map(|it| it.instance_type.as_str())
        .collect();
    types.push(&ctx.environment.image.build_instance_type);
    types.sort_unstable();
    types.dedup();
    let call = Call::new(
        "ec2",
        ctx.region(),
        "DescribeInstanceTypeOfferings",
        json!({ "LocationType": "availability-zone", "Filter": [{ "Name": "instance-type", "Value": types }] }),
        &["instanceTypeOfferingSet", "instanceType", "location"],
    );
    let mut offered: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for offering in list(facts.get(call)?, "instanceTypeOfferingSet") {
        let zones = offered.entry(text(offering, "instanceType")).or_default();
        zones.insert(text(offering, "location"));
    }
    Ok(offered)
}

fn types(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let _ = offered(ctx, facts);
    let zones = zones_of(ctx, facts)?;
    let offered = offered(ctx, facts)?;
    for (index, choice) in ctx.environment.instances.types.iter().enumerate() {
        let name = &choice.instance_type;
        let has = |zone: &&String| {
            offered
                .get(name.as_str())
                .is_some_and(|it| it.contains(zone.as_str()))
        };
        let (with, without): (Vec<&String>, Vec<&String>) = zones.iter().partition(has);
        if without.is_empty() {
            continue;
        }
        let without = without
            .into_iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        if with.is_empty() {
            out.add(
                TYPE_NOT_OFFERED,
                type_path(index),
                format!("no zone of the fleet offers {name}"),
                format!("not offered in {without}"),
                format!(
                    "take it out, or choose zones that `aws ec2 describe-instance-type-offerings --location-type availability-zone --filters Name=instance-type,Values={name} --region {}` lists",
                    ctx.region()
                ),
            );
        } else {
            out.add(
                TYPE_IN_FEW_ZONES,
                type_path(index),
                format!("{name} is not offered in {without}"),
                format!("only in {} of {} zones", with.len(), zones.len()),
                "add types that each zone has, or leave out the zone",
            );
        }
    }
    Ok(())
}

fn build_type(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let _ = offered(ctx, facts);
    let network = &ctx.environment.network;
    // Terraform names the first private subnet as that of build hosts.
    let zone = match (&network.created, &network.existing) {
        (Some(created), _) => created.zones.first().cloned(),
        (None, Some(existing)) => {
            let subnets = list(facts.get(subnets_of(ctx, existing))?, "subnetSet");
            let first = subnets.iter().find(|it| {
                Some(text(it, "subnetId"))
                    == existing.private_subnet_ids.first().map(String::as_str)
            });
            first.map(|it| text(it, "availabilityZone").to_owned())
        }
        (None, None) => None,
    };
    let (Some(zone), build_type) = (zone, &ctx.environment.image.build_instance_type) else {
        return Ok(());
    };
    let offered = offered(ctx, facts)?;
    if !offered
        .get(build_type.as_str())
        .is_some_and(|it| it.contains(zone.as_str()))
    {
        out.add(
            TYPE_NOT_OFFERED,
            ctx.declared_or("image.build_instance_type", "image"),
            format!("{zone} does not offer {build_type}, on which the image is made"),
            "build hosts are in the first private subnet",
            "name another `build_instance_type`, or put another zone first",
        );
    }
    Ok(())
}
