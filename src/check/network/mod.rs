//! Rules about `[network]`, one file per subject.

pub mod egress;
pub mod endpoints;
pub mod existing;
pub mod flow_logs;
pub mod range;
pub mod subnets;
pub mod zones;

use ipnet::Ipv4Net;

use super::Context;
use crate::catalog::regions;

/// How a range is written.
const RANGE_HELP: &str = "write an address and a prefix length, such as \"10.40.0.0/16\"";

/// Reads a range as CIDR notation.
fn parse_range(text: &str) -> Option<Ipv4Net> {
    text.parse().ok()
}

/// Reads a range whose address is the first of it.
fn parse_exact_range(text: &str) -> Option<Ipv4Net> {
    parse_range(text).filter(|range| range.trunc() == *range)
}

/// The zones: those typed, or the region's first three.
fn zones(context: &Context<'_>) -> Vec<String> {
    const USUAL: usize = 3;
    match &context.fleet.network.availability_zones {
        Some(zones) => zones.clone(),
        None => regions::find(&context.fleet.identity.region)
            .map(|region| region.zones().take(USUAL).collect())
            .unwrap_or_default(),
    }
}

/// How many zones the workers are spread over. Of existing subnets each counts as one: which
/// zones they are in is known to AWS alone.
pub fn zone_count(context: &Context<'_>) -> usize {
    match &context.fleet.network.existing {
        Some(existing) => existing.private_subnet_ids.len(),
        None => zones(context).len(),
    }
}
