//! Rules about the VPC's range.

use ipnet::Ipv4Net;

use super::super::finding::{Finding, Findings};
use super::super::rule::{Context, Rule};
use super::cidr_range::{parse_exact_range, parse_range, range_help};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "network.cidr-malformed",
        severity: Severity::Error,
        title: "The VPC's range is an IPv4 CIDR block",
        reason: "Every subnet is computed from it.",
        run: malformed,
    },
    Rule {
        code: "network.cidr-host-bits",
        severity: Severity::Error,
        title: "The VPC's range has no host bits set",
        reason: "AWS clears the host bits without a message, and Terraform then shows a difference \
              at every plan.",
        run: host_bits,
    },
    Rule {
        code: "network.cidr-not-private",
        severity: Severity::Error,
        title: "The VPC's range is private",
        reason: "RFC 1918 keeps 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16 for private networks. \
              Any other range hides a part of the internet from the workers.",
        run: not_private,
    },
    Rule {
        code: "network.cidr-size",
        severity: Severity::Error,
        title: "The VPC's range is from /16 to /22",
        reason: "AWS allows a VPC /16 at most (VPC user guide, VPC CIDR blocks). Below /22 an eighth \
              of the range, which is what a zone gets, has too few addresses for workers.",
        run: size,
    },
];

/// The ranges of RFC 1918.
const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

fn path() -> Path {
    Path::of("network.cidr_block")
}

fn malformed(context: &Context<'_>, findings: &mut Findings) {
    let declared = &context.fleet.network.cidr_block;
    if parse_range(declared).is_none() {
        findings.push(
            Finding::new(path(), format!("`{declared}` is not an IPv4 CIDR block"))
                .label("not CIDR notation")
                .help(range_help(declared)),
        );
    }
}

fn host_bits(context: &Context<'_>, findings: &mut Findings) {
    let Some(range) = parse_range(&context.fleet.network.cidr_block) else {
        return;
    };
    if range != range.trunc() {
        findings.push(
            Finding::new(path(), format!("{range} has host bits set"))
                .label("host bits are set")
                .help(format!("write \"{}\"", range.trunc())),
        );
    }
}

fn is_private(range: Ipv4Net) -> bool {
    PRIVATE
        .iter()
        .filter_map(|private| parse_range(private))
        .any(|private| private.contains(&range))
}

fn not_private(context: &Context<'_>, findings: &mut Findings) {
    let Some(range) = parse_exact_range(&context.fleet.network.cidr_block) else {
        return;
    };
    if !is_private(range) {
        findings.push(
            Finding::new(
                path(),
                format!("{range} is not a private (RFC 1918) CIDR block"),
            )
            .label("not a private range")
            .help(format!("choose a range inside {}", PRIVATE.join(", "))),
        );
    }
}

fn size(context: &Context<'_>, findings: &mut Findings) {
    let Some(range) = parse_exact_range(&context.fleet.network.cidr_block) else {
        return;
    };
    let problem = match range.prefix_len() {
        ..16 => "above AWS's limit for a VPC, a /16",
        16..=22 => return,
        _ => "too small for the fleet's subnets, which need a /22",
    };
    findings.push(
        Finding::new(path(), format!("{range} is {problem}"))
            .label(format!("a /{}", range.prefix_len()))
            .help("use a prefix length from /16 to /22"),
    );
}
