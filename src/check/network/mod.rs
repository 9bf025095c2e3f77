//! Rules about `[network]`, one file per subject.

pub mod egress;
pub mod endpoints;
pub mod existing;
pub mod flow_logs;
pub mod subnets;
pub mod vpc_cidr;
pub mod zones;

use ipnet::Ipv4Net;

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
