//! NAT gateways and interface endpoints, by the hour and by what goes through them.

use super::item::CostItem;
use super::range::CostRange;
use super::rates::{
    ENDPOINT_DATA_PER_GB, HOURS_PER_MONTH, INTERFACE_ENDPOINT, PUBLIC_IPV4, RegionalRates,
    ZONE_CROSSING,
};
use crate::fleet::{Cost, NatGateways};
use crate::resolve::{CreatedNetwork, Network};

/// Nothing for an existing VPC, whose gateways and endpoints are its owner's.
#[must_use]
pub fn lines(
    network: &Network,
    cost: &Cost,
    rates: &RegionalRates,
    instances: CostRange,
) -> Vec<CostItem> {
    let Some(created) = &network.created else {
        return Vec::new();
    };
    let mut lines = nat_lines(created, cost, rates, instances);
    lines.extend(endpoint_lines(created, cost, instances));
    lines
}

fn nat_lines(
    network: &CreatedNetwork,
    cost: &Cost,
    rates: &RegionalRates,
    instances: CostRange,
) -> Vec<CostItem> {
    if !network.has_nat {
        return Vec::new();
    }
    let gateways = f64::from(u32::try_from(network.public_subnets.len()).unwrap_or(u32::MAX));
    let hours = CostRange::constant(gateways * HOURS_PER_MONTH);
    let gigabytes = instances.times(cost.nat_gigabytes_per_instance.get());
    let count = format!("{gateways} of them");
    let mut lines = vec![
        CostItem::of(rates.nat_gateway, &count, hours),
        CostItem::of(PUBLIC_IPV4, "NAT gateways", hours),
        CostItem::of(rates.nat_data_per_gb, "", gigabytes),
    ];
    if network.nat_gateways == NatGateways::Single && network.zones.len() > 1 {
        let crossing = gigabytes.times(share_of_other_zones(network) * SIDES);
        lines.push(CostItem::of(
            ZONE_CROSSING,
            "to and from the NAT gateway",
            crossing,
        ));
    }
    lines
}

/// A gigabyte between zones is charged to the zone that sends it and to the one that gets it.
const SIDES: f64 = 2.0;

/// The share of instances that are not in the single NAT gateway's zone.
fn share_of_other_zones(network: &CreatedNetwork) -> f64 {
    let zones = network.zones.len() as f64;
    (zones - 1.0) / zones
}

fn endpoint_lines(network: &CreatedNetwork, cost: &Cost, instances: CostRange) -> Vec<CostItem> {
    if network.interface_endpoints.is_empty() {
        return Vec::new();
    }
    let (endpoints, zones) = (network.interface_endpoints.len(), network.zones.len());
    let hours = CostRange::constant((endpoints * zones) as f64 * HOURS_PER_MONTH);
    let gigabytes = instances.times(cost.endpoint_gigabytes_per_instance.get());
    let what = match zones {
        1 => format!("{endpoints} in 1 zone"),
        _ => format!("{endpoints} in {zones} zones each"),
    };
    vec![
        CostItem::of(INTERFACE_ENDPOINT, &what, hours),
        CostItem::of(ENDPOINT_DATA_PER_GB, "", gigabytes),
    ]
}
