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

/// `1 zone`, `2 zones`.
fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
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
                format!(
                    "{} for {}",
                    counted(count, "subnet range"),
                    counted(zones, "Availability Zone")
                ),
            )
            .label(counted(count, "range"))
            .related(
                Path::of("network.availability_zones"),
                counted(zones, "zone"),
            )
            .help(format!(
                "list {}, one per zone in the same order, or leave out `{}`, which is computed then",
                counted(zones, "range"),
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

/// Whether AWS allows a subnet of this size (VPC user guide, subnet sizing).
fn is_subnet_size(range: Ipv4Net) -> bool {
    (16..=28).contains(&range.prefix_len())
}

fn size(context: &Context<'_>, findings: &mut Findings) {
    for (path, range) in ranges(context) {
        if !is_subnet_size(range) {
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

/// A subnet's range: where fleet.toml has it, or by which key it could.
struct SubnetRange {
    path: Path,
    range: Ipv4Net,
    is_declared: bool,
}

/// The ranges that will be rendered: those declared, and those computed beside them, because whoever declares the one kind
/// has not seen the other.
fn rendered_ranges(context: &Context<'_>) -> Vec<SubnetRange> {
    let network = &context.fleet.network;
    let mut all: Vec<SubnetRange> = ranges(context)
        .into_iter()
        .map(|(path, range)| SubnetRange {
            path,
            range,
            is_declared: true,
        })
        .collect();
    // What is wrong by itself, or not rendered at all, is another rule's.
    let is_possible = |it: &SubnetRange| is_subnet_size(it.range);
    let leaves_public_out =
        network.nat_gateways == NatGateways::None && network.public_subnets.is_some();
    if network.existing.is_some()
        || leaves_public_out
        || vpc_is_unreadable(context)
        || !all.iter().all(is_possible)
    {
        return all;
    }
    let subnets = network::subnets(network, &context.fleet.identity);
    for (key, by_zone) in KEYS.into_iter().zip([subnets.private, subnets.public]) {
        if context.is_declared(key) {
            continue;
        }
        let computed = by_zone.values().filter_map(|text| parse_exact_range(text));
        all.extend(computed.map(|range| SubnetRange {
            path: Path::of(key),
            range,
            is_declared: false,
        }));
    }
    all
}

fn vpc_is_unreadable(context: &Context<'_>) -> bool {
    parse_exact_range(&context.fleet.network.cidr_block).is_none()
}

/// Each range that overlaps one before it, with the nearest such one. Of ranges in the order of their addresses, a larger
/// one comes before those inside it, so that the last one that is still open is the one to look at.
fn overlaps(ranges: &[SubnetRange]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|index| {
        let SubnetRange { range, .. } = &ranges[*index];
        (range.network(), range.prefix_len(), *index)
    });
    let mut found = Vec::new();
    let mut open: Option<usize> = None;
    for index in order {
        match open.filter(|open| ranges[*open].range.contains(&ranges[index].range)) {
            Some(open) => found.push((index.max(open), index.min(open))),
            None => open = Some(index),
        }
    }
    found.sort_unstable();
    found
}

fn overlap(context: &Context<'_>, findings: &mut Findings) {
    let ranges = rendered_ranges(context);
    for (later, earlier) in overlaps(&ranges) {
        let (later, earlier) = (&ranges[later], &ranges[earlier]);
        let (range, other) = (later.range, earlier.range);
        if later.is_declared {
            findings.push(
                Finding::new(later.path.clone(), format!("{range} overlaps {other}"))
                    .label("shares addresses")
                    .related(earlier.path.clone(), "with this subnet")
                    .help("give every subnet addresses of its own"),
            );
            continue;
        }
        let key = later.path.to_string().replace("network.", "");
        findings.push(
            Finding::new(
                earlier.path.clone(),
                format!("{other} overlaps {range}, a range that is computed for `{key}`"),
            )
            .label("shares addresses")
            .help(format!(
                "choose a range outside of it, or declare `{key}` as well"
            )),
        );
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
