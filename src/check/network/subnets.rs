//! Rules about ranges of subnets, and whether the workers fit into them.

use ipnet::Ipv4Net;

use super::super::finding::{Finding, Findings};
use super::super::rule::{Context, Rule};
use super::cidr_range::{parse_exact_range, parse_range, range_help};
use crate::derive::network::{self, addresses_for_instances, addresses_needed};
use crate::derive::scaling::largest_size;
use crate::diagnostic::Severity;
use crate::fleet::NatGateways;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "network.subnet-malformed",
        severity: Severity::Error,
        title: "A subnet's range is an IPv4 CIDR block without host bits",
        reason: "With host bits set, AWS would use another range than the one that is written.",
        run: malformed,
    },
    Rule {
        code: "network.subnet-count",
        severity: Severity::Error,
        title: "There are as many ranges as zones",
        reason: "The first range is the first zone's, and so on. Public ranges may also be as many \
              as NAT gateways.",
        run: count,
    },
    Rule {
        code: "network.public-subnets-spare",
        severity: Severity::Warning,
        title: "Every declared public subnet range is used",
        reason: "Public subnets hold NAT gateways and nothing else. With a single gateway there is \
              one public subnet, in the first zone; the other ranges have no effect.",
        run: public_spare,
    },
    Rule {
        code: "network.subnet-size",
        severity: Severity::Error,
        title: "A subnet is from /16 to /28",
        reason: "VPC user guide, subnet CIDR blocks: between /16 and /28.",
        run: size,
    },
    Rule {
        code: "network.subnet-outside",
        severity: Severity::Error,
        title: "Every subnet lies inside the VPC's range",
        reason: "AWS refuses a subnet outside its VPC, at apply.",
        run: outside,
    },
    Rule {
        code: "network.subnets-overlap",
        severity: Severity::Error,
        title: "No two subnets overlap",
        reason: "AWS refuses a subnet whose addresses are another's, at apply.",
        run: overlap,
    },
    Rule {
        code: "network.public-subnets-unused",
        severity: Severity::Error,
        title: "Public subnets are declared only with NAT gateways",
        reason: "Public subnets hold NAT gateways and nothing else. Without NAT gateways they are \
              not created, and the key has no effect.",
        run: public_unused,
    },
    Rule {
        code: "network.subnets-too-small",
        severity: Severity::Error,
        title: "The private subnets have an address for every worker",
        reason: "AWS keeps five addresses of each subnet (VPC user guide), each interface endpoint \
              takes one, and an instance refresh or a rebalance launches workers before others \
              end: a tenth is kept free for them.",
        run: too_small,
    },
];

/// Lists of ranges, by their keys.
const KEYS: [&str; 2] = ["network.private_subnets", "network.public_subnets"];

/// A list of ranges as declared.
fn declared<'a>(context: &Context<'a>, key: &str) -> &'a [String] {
    let network = &context.fleet.network;
    let ranges = if key == KEYS[0] {
        &network.private_subnets
    } else {
        &network.public_subnets
    };
    ranges.as_deref().unwrap_or_default()
}

/// Every range that can be read, with its place.
fn ranges(context: &Context<'_>) -> Vec<(Path, Ipv4Net)> {
    KEYS.into_iter()
        .flat_map(|key| {
            let ranges = declared(context, key).iter().enumerate();
            ranges.filter_map(move |(index, text)| {
                Some((Path::of(key).index(index), parse_exact_range(text)?))
            })
        })
        .collect()
}

fn malformed(context: &Context<'_>, findings: &mut Findings) {
    for key in KEYS {
        for (index, text) in declared(context, key).iter().enumerate() {
            let (label, help) = match parse_range(text) {
                None => ("not CIDR notation", range_help(text)),
                Some(range) if range.trunc() != range => {
                    ("host bits are set", format!("write \"{}\"", range.trunc()))
                }
                Some(_) => continue,
            };
            findings.push(
                Finding::new(
                    Path::of(key).index(index),
                    format!("`{text}` is not an IPv4 CIDR block"),
                )
                .label(label)
                .help(help),
            );
        }
    }
}

fn count(context: &Context<'_>, findings: &mut Findings) {
    let all = network::zones(&context.fleet.network, &context.fleet.identity);
    let zones = all.len();
    let gateways = network::nat_zones(context.fleet.network.nat_gateways, &all).len();
    for key in KEYS {
        let count = declared(context, key).len();
        // Public subnets hold NAT gateways: a range for each of those is enough.
        let fits = count == zones || key == KEYS[1] && count == gateways;
        if !context.is_declared(key) || fits {
            continue;
        }
        findings.push(
            Finding::new(
                Path::of(key),
                format!("{count} subnet ranges for {zones} Availability Zones"),
            )
            .label(format!("{count} ranges"))
            .related(
                Path::of("network.availability_zones"),
                format!("{zones} zones"),
            )
            .help(format!(
                "list {zones} ranges, one per zone in the same order, or leave out `{}`, which is computed then",
                key.trim_start_matches("network.")
            )),
        );
    }
}

fn public_spare(context: &Context<'_>, findings: &mut Findings) {
    let all = network::zones(&context.fleet.network, &context.fleet.identity);
    let gateways = network::nat_zones(context.fleet.network.nat_gateways, &all).len();
    let ranges = declared(context, KEYS[1]).len();
    if gateways > 0 && ranges == all.len() && ranges > gateways {
        findings.push(
            Finding::new(
                Path::of(KEYS[1]),
                format!(
                    "{} of {ranges} public subnet ranges are not used",
                    ranges - gateways
                ),
            )
            .label(format!("{ranges} ranges"))
            .related(
                Path::of("network.nat_gateways"),
                "one public subnet for each NAT gateway",
            )
            .help(format!(
                "keep the first, or write `nat_gateways = \"per_zone\"` for {ranges} gateways"
            )),
        );
    }
}

fn size(context: &Context<'_>, findings: &mut Findings) {
    for (path, range) in ranges(context) {
        if !(16..=28).contains(&range.prefix_len()) {
            findings.push(
                Finding::new(
                    path,
                    format!("AWS does not allow a subnet of the size of {range}"),
                )
                .label(format!("a /{}", range.prefix_len()))
                .help("use a prefix length from /16 to /28"),
            );
        }
    }
}

fn outside(context: &Context<'_>, findings: &mut Findings) {
    let Some(vpc) = parse_exact_range(&context.fleet.network.cidr_block) else {
        return;
    };
    for (path, range) in ranges(context) {
        if !vpc.contains(&range) {
            findings.push(
                Finding::new(path, format!("{range} is not inside the VPC's {vpc}"))
                    .label("outside the VPC")
                    .related(Path::of("network.cidr_block"), "the VPC's range")
                    .help(format!("choose a range inside {vpc}")),
            );
        }
    }
}

fn overlap(context: &Context<'_>, findings: &mut Findings) {
    let ranges = ranges(context);
    for (index, (path, range)) in ranges.iter().enumerate() {
        let earlier = ranges[..index]
            .iter()
            .find(|(_, other)| other.contains(range) || range.contains(other));
        if let Some((earlier, other)) = earlier {
            findings.push(
                Finding::new(path.clone(), format!("{range} overlaps {other}"))
                    .label("shares addresses")
                    .related(earlier.clone(), "with this subnet")
                    .help("give every subnet addresses of its own"),
            );
        }
    }
}

fn public_unused(context: &Context<'_>, findings: &mut Findings) {
    let network = &context.fleet.network;
    if network.nat_gateways == NatGateways::None && network.public_subnets.is_some() {
        findings.push(
            Finding::new(
                Path::of("network.public_subnets"),
                "public subnets are declared but not used",
            )
            .on_key()
            .label("no NAT gateway is placed in them")
            .related(Path::of("network.nat_gateways"), "NAT gateways are off")
            .help("remove `public_subnets`, or enable NAT gateways"),
        );
    }
}

/// The private subnets' ranges; `None` when one cannot be read.
fn private_ranges(context: &Context<'_>) -> Option<Vec<Ipv4Net>> {
    let network = &context.fleet.network;
    // A VPC's range with bits behind the prefix is another rule's.
    parse_exact_range(&network.cidr_block)?;
    let subnets = network::subnets(network, &context.fleet.identity);
    let ranges = subnets.private.values();
    ranges.map(|text| parse_exact_range(text)).collect()
}

fn too_small(context: &Context<'_>, findings: &mut Findings) {
    let network = &context.fleet.network;
    if network.existing.is_some() {
        return;
    }
    let Some(ranges) = private_ranges(context).filter(|ranges| !ranges.is_empty()) else {
        return;
    };
    let endpoints = network::interface_endpoints(network).len();
    let room: u64 = ranges
        .iter()
        .map(|range| addresses_for_instances(*range, endpoints))
        .sum();
    let workers = largest_size(&context.fleet.scaling, &context.fleet.schedule);
    let needed = addresses_needed(workers);
    if needed <= room {
        return;
    }
    let path = if network.private_subnets.is_some() {
        Path::of("network.private_subnets")
    } else {
        Path::of("network.cidr_block")
    };
    let finding = if context.tree.contains(&path) {
        Finding::new(path, message(workers)).related(
            Path::of("scaling.max_size"),
            "the largest size of the group",
        )
    } else {
        Finding::new(Path::of("scaling.max_size"), message(workers))
    };
    findings.push(
        finding
            .label(format!(
                "the private subnets have {room} addresses for instances"
            ))
            .help(format!(
                "use larger ranges or more zones, for {needed} addresses, or lower \
                 `max_size`"
            )),
    );
}

fn message(workers: u32) -> String {
    format!("the private subnets are too small for {workers} workers")
}
