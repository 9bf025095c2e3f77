//! The zones, the subnets and the ways out of the fleet's network.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

use super::subnets::{self, Subnets};
use crate::catalog::{endpoints, regions};
use crate::fleet::{Identity, NatGateways, Network};

/// Groups of an existing VPC that workers are in besides the fleet's own.
#[must_use]
pub fn extra_security_groups(network: &Network) -> &[String] {
    match &network.existing {
        Some(existing) => &existing.security_group_ids,
        None => &[],
    }
}

/// Zones of a fleet that names none.
pub const DEFAULT_ZONES: usize = 3;

/// The zones of a new VPC: those declared, or the first of the region.
#[must_use]
pub fn zones(network: &Network, identity: &Identity) -> Vec<String> {
    match &network.availability_zones {
        Some(zones) => zones.clone(),
        None => regions::find(&identity.region)
            .map(|region| region.zones().take(DEFAULT_ZONES).collect())
            .unwrap_or_default(),
    }
}

/// How many zones the workers are spread over. Of existing subnets each counts as one: which zones
/// they are in is known to AWS alone.
#[must_use]
pub fn zone_count(network: &Network, identity: &Identity) -> usize {
    match &network.existing {
        Some(existing) => existing.private_subnet_ids.len(),
        None => zones(network, identity).len(),
    }
}

/// The range of a new VPC; `None` when it is not in CIDR notation.
#[must_use]
pub fn vpc_range(network: &Network) -> Option<Ipv4Net> {
    network.cidr_block.parse().ok()
}

/// The subnets of a new VPC by zone: those declared, or parts of the VPC's range. Public ones only
/// where a NAT gateway stands in them.
#[must_use]
pub fn subnets(network: &Network, identity: &Identity) -> Subnets {
    let zones = zones(network, identity);
    let computed =
        vpc_range(network).map_or_else(Subnets::default, |range| subnets::divide(range, &zones));
    let or_computed =
        |declared: &Option<Vec<String>>, computed: BTreeMap<String, String>| match declared {
            Some(ranges) => zones.iter().cloned().zip(ranges.iter().cloned()).collect(),
            None => computed,
        };
    // One range per NAT gateway; with one per zone, those of zones without a gateway are not used.
    let mut public = or_computed(&network.public_subnets, computed.public);
    let nat_zones = nat_zones(network.nat_gateways, &zones);
    public.retain(|zone, _| nat_zones.contains(zone));
    Subnets {
        private: or_computed(&network.private_subnets, computed.private),
        public,
    }
}

/// The zones that have a NAT gateway.
#[must_use]
pub fn nat_zones(nat_gateways: NatGateways, zones: &[String]) -> &[String] {
    match nat_gateways {
        NatGateways::PerZone => zones,
        NatGateways::Single => &zones[..zones.len().min(1)],
        NatGateways::None => &[],
    }
}

/// The endpoints of this kind, in the order of their names.
fn endpoints_of(kind: endpoints::EndpointType, network: &Network) -> Vec<String> {
    let mut names: Vec<String> = network
        .vpc_endpoints
        .iter()
        // A service that the registry does not have is an interface: nearly all are.
        .filter(|name| {
            endpoints::find(name).map_or(endpoints::EndpointType::Interface, |endpoint| {
                endpoint.endpoint_type
            }) == kind
        })
        .cloned()
        .collect();
    names.sort();
    names
}

/// AWS services reached through an interface in every zone, in the order of their names.
#[must_use]
pub fn interface_endpoints(network: &Network) -> Vec<String> {
    endpoints_of(endpoints::EndpointType::Interface, network)
}

/// AWS services reached through the route tables, in the order of their names.
#[must_use]
pub fn gateway_endpoints(network: &Network) -> Vec<String> {
    endpoints_of(endpoints::EndpointType::Gateway, network)
}

/// Whether a new VPC has no way out but its endpoints.
#[must_use]
pub fn has_no_internet_access(network: &Network) -> bool {
    network.existing.is_none() && network.nat_gateways == NatGateways::None
}

/// Addresses that AWS keeps of each subnet (VPC user guide, subnet sizing).
const KEPT_BY_AWS: u64 = 5;

/// Addresses of a subnet that instances can have: AWS keeps five, and each interface endpoint takes
/// one.
#[must_use]
pub fn addresses_for_instances(subnet: Ipv4Net, interface_endpoints: usize) -> u64 {
    let all = 1_u64 << (32 - subnet.prefix_len());
    let endpoints = u64::try_from(interface_endpoints).unwrap_or(u64::MAX);
    all.saturating_sub(KEPT_BY_AWS.saturating_add(endpoints))
}

/// Addresses that a group of this size takes: an instance refresh and a rebalance launch instances
/// before others end, and a tenth is kept free for them.
#[must_use]
pub fn addresses_needed(largest_size: u32) -> u64 {
    let instances = u64::from(largest_size);
    instances + instances.div_ceil(10)
}
