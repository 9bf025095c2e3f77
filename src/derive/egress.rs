//! What the workers may connect to, one rule at a time.

use std::ops::RangeInclusive;

use super::network::gateway_endpoints;
use crate::fleet::{Egress, Network, Protocol};

/// The ports of a rule.
#[must_use]
pub fn ports(rule: &Egress) -> RangeInclusive<u32> {
    rule.port.get()..=rule.to_port.unwrap_or(rule.port).get()
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
    let destination = rule.prefix_list.as_ref().unwrap_or(&rule.cidr_block);
    format!("{protocol}-{ports}-{destination}")
}

/// Whether a rule lets HTTPS go everywhere.
fn opens_https_to_all(rule: &Egress) -> bool {
    rule.prefix_list.is_none()
        && rule.protocol == Protocol::Tcp
        && ports(rule).contains(&443)
        && rule.cidr_block.ends_with("/0")
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
