//! What the workers may connect to, one rule at a time.

use std::ops::RangeInclusive;

use super::network::gateway_endpoints;
use crate::fleet::{Egress, Network, Protocol};

/// The ports of a rule.
#[must_use]
pub fn ports(rule: &Egress) -> RangeInclusive<u32> {
    rule.port.get()..=rule.to_port.unwrap_or(rule.port).get()
}

/// What a rule leads to: a range of IPv4 or IPv6 addresses, or a prefix list.
#[must_use]
pub fn destination(rule: &Egress) -> &str {
    let other = rule.prefix_list.as_ref().or(rule.ipv6_cidr_block.as_ref());
    other.unwrap_or(&rule.cidr_block)
}

/// Protocol, ports and range of a rule: what EC2 tells two rules of a security group apart by.
#[must_use]
pub fn key(rule: &Egress) -> String {
    let protocol = match rule.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    let (first, last) = ports(rule).into_inner();
    let ports = if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    };
    format!("{protocol}-{ports}-{}", destination(rule))
}

/// The IPv4 range of a rule, unless it leads to IPv6 addresses or to a prefix list.
#[must_use]
pub fn ipv4_range(rule: &Egress) -> Option<&str> {
    let is_other = rule.prefix_list.is_some() || rule.ipv6_cidr_block.is_some();
    (!is_other).then_some(rule.cidr_block.as_str())
}

/// The port of HTTPS.
pub const HTTPS_PORT: u32 = 443;

/// Whether a rule lets HTTPS go everywhere.
fn opens_https_to_all(rule: &Egress) -> bool {
    rule.protocol == Protocol::Tcp
        && ports(rule).contains(&HTTPS_PORT)
        && ipv4_range(rule).is_some_and(|range| range.ends_with("/0"))
}

/// The gateway endpoints of a new VPC that the workers reach only by a rule to the endpoint's own prefix list. A route
/// alone is not enough: the addresses of S3 and DynamoDB are public, so a security group that names no such range drops
/// what goes there.
#[must_use]
pub fn gateway_endpoints_needing_egress(network: &Network) -> Vec<String> {
    if network.existing.is_some() || network.egress.iter().any(opens_https_to_all) {
        return Vec::new();
    }
    gateway_endpoints(network)
}
