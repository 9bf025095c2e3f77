//! What the workers may connect to, one rule at a time.

use std::ops::RangeInclusive;

use crate::fleet::{Egress, Protocol};

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
    format!("{protocol}-{ports}-{}", rule.cidr_block)
}
