//! What an estimate takes for granted, in words.

use super::instances::{preferred, unpriced};
use super::observability::{STORED_SHARE, retention_in_days};
use super::rates;
use super::week;
use crate::catalog::{regional, regional_rates};
use crate::resolve::Environment;

/// What holds for every environment.
#[must_use]
pub fn common_assumptions() -> Vec<String> {
    vec![
        format!(
            "Prices are those of AWS's price list for {} on {}, Linux on demand, without taxes, \
             discounts, savings plans or the free tier. Instances, volumes and NAT gateways are priced \
             in the fleet's own region, where its prices are known; everything else as there, although \
             other regions cost up to half as much again.",
            rates::REGION,
            rates::AS_OF
        ),
        format!("A month has {} hours.", rates::HOURS_PER_MONTH),
        format!(
            "Schedules run through {}, in their own time zones; no zone changes its clocks in it. \
             A schedule that does not run every week counts as that week finds it.",
            week::DESCRIPTION
        ),
        "Minimum and maximum keep the group at its smallest and at its largest size all week, as \
         the schedules set them."
            .to_owned(),
        "On-demand capacity above the base is rounded up to whole capacity units, and units to \
         whole instances; sizes between two whole ones are a mix of both."
            .to_owned(),
        "A target tracking policy that never scales in has one alarm. Fleet-level metrics count \
         for the whole month, metrics per instance as long as the instance runs."
            .to_owned(),
        format!(
            "Logs are stored at {:.0} % of what was taken in, and their storage is that of a fleet \
             as old as their retention.",
            STORED_SHARE * 100.0
        ),
        "Not counted, because it depends on use or is small: data out to the internet (0.09 \
         dollars per GB; pages are mostly data in, which is free), the session bucket, requests to \
         KMS, SNS, EventBridge and Secrets Manager, key versions after a rotation (1 dollar each \
         for the first two), vCPU time of burstable types above their baseline, images and their \
         builds, and the account-wide services of `[audit]`."
            .to_owned(),
    ]
}

/// Of which region the prices of volumes and NAT gateways are.
fn volumes_and_gateways(environment: &Environment) -> Vec<String> {
    let region = &environment.identity.region;
    let unknown = |what: &str| {
        format!(
            "{what} are priced as in {}: their prices in {region} are unknown.",
            rates::REGION
        )
    };
    let volumes = match regional_rates::volume(region) {
        Some(_) => format!(
            "Volumes are priced as in {region} on {}, their throughput as in {}.",
            regional_rates::VOLUMES_AS_OF,
            rates::REGION
        ),
        None => unknown("Volumes"),
    };
    let mut assumptions = vec![volumes];
    let has_nat = environment
        .network
        .created
        .as_ref()
        .is_some_and(|network| network.has_nat);
    if has_nat && regional_rates::nat_gateway(region).is_none() {
        assumptions.push(unknown("NAT gateways"));
    }
    assumptions
}

/// What holds for one environment.
#[must_use]
pub fn of_environment(environment: &Environment) -> Vec<String> {
    let cost = &environment.cost;
    let mut assumptions = vec![format!(
        "Expected load: the group is {} % of the way from its smallest size to its largest.",
        cost.expected_load_percent
    )];
    if let Some(choice) = preferred(&environment.instances) {
        assumptions.push(format!(
            "Every instance is a {}, the first in order of preference, spot ones too; spot costs \
             {} of the on-demand price. Spot pools are chosen by capacity and price, so others of \
             the list will run.",
            choice.instance_type, choice.spot_price_ratio
        ));
    }
    let region = &environment.identity.region;
    if region != rates::REGION {
        assumptions.push(format!(
            "Instances are priced as in {region} on {}.",
            regional::prices_as_of(region)
        ));
        assumptions.extend(volumes_and_gateways(environment));
    }
    for instance_type in unpriced(&environment.instances) {
        assumptions.push(format!(
            "The price of {instance_type} in {region} is unknown. Instances are no part of the total; `usd_per_hour` \
             beside the type in fleet.toml says the price."
        ));
    }
    let network = if environment.network.created.is_some() {
        format!(
            "An instance moves {} GB a month through NAT and {} GB through interface endpoints.",
            cost.nat_gigabytes_per_instance.get(),
            cost.endpoint_gigabytes_per_instance.get()
        )
    } else {
        "NAT gateways and endpoints of the existing VPC are not counted: they are there without \
         the fleet."
            .to_owned()
    };
    assumptions.push(network);
    assumptions.push(format!(
        "An instance writes {} GB of logs a month, kept for {} days.",
        cost.log_gigabytes_per_instance.get(),
        retention_in_days(environment)
    ));
    assumptions
}
