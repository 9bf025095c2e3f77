//! Rules about what the workers may connect to.

use super::super::finding::{Finding, Findings};
use super::super::identifiers::{duplicates, is_ec2_id};
use super::super::rule::{Context, Rule};
use super::cidr_range::{
    ipv6_range_help, parse_exact_ipv6_range, parse_exact_range, parse_range, range_help,
};
use crate::derive::egress::{HTTPS_PORT, destination, ipv4_range, key, ports};
use crate::derive::network::{extra_security_groups, interface_endpoints};
use crate::diagnostic::Severity;
use crate::fleet::{Egress, Protocol};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "network.egress-everything",
        severity: Severity::Error,
        title: "Egress rules allow the ports that workers need",
        reason: "With all ports open, a browser that is taken over reaches any service on any host: \
              mail, databases, remote shells.",
        run: everything,
    },
    Rule {
        code: "network.egress-ports-reversed",
        severity: Severity::Error,
        title: "An egress rule's `to_port` is not below its `port`",
        reason: "EC2 refuses a reversed range of ports, at apply.",
        run: ports_reversed,
    },
    Rule {
        code: "network.egress-range",
        severity: Severity::Error,
        title: "An egress rule's destination is an IPv4 CIDR block without host bits",
        reason: "EC2 refuses anything else, at apply.",
        run: range,
    },
    Rule {
        code: "network.egress-ipv6-range",
        severity: Severity::Error,
        title: "An egress rule's IPv6 destination is a CIDR block in its shortest form",
        reason: "EC2 answers with the shortest form, so that another one would be a difference in every plan. It \
              refuses host bits, at apply.",
        run: ipv6_range,
    },
    Rule {
        code: "network.egress-ipv6-none",
        severity: Severity::Warning,
        title: "A network with IPv6 egress rules has IPv6",
        reason: "A new VPC has IPv4 addresses alone, so that a rule for IPv6 allows nothing. IPv6 comes with the subnets \
              of an existing VPC.",
        run: ipv6_none,
    },
    Rule {
        code: "network.egress-prefix-list",
        severity: Severity::Error,
        title: "An egress rule has one destination, and a prefix list by its id",
        reason: "EC2 accepts one destination per rule, and a prefix list by its id. It refuses \
              anything else, at apply.",
        run: prefix_list,
    },
    Rule {
        code: "network.egress-twice",
        severity: Severity::Error,
        title: "Every egress rule is listed once",
        reason: "EC2 refuses a rule that the security group already has.",
        run: twice,
    },
    Rule {
        code: "network.egress-description",
        severity: Severity::Error,
        title: "An egress rule's description is one that EC2 accepts",
        reason: "EC2 API reference, security group rules: up to 255 of a-z, A-Z, 0-9, spaces and \
              ._-:/()#,@[]+=&;{}!$* are accepted.",
        run: description,
    },
    Rule {
        code: "network.egress-not-endpoints",
        severity: Severity::Error,
        title: "Workers can reach the VPC's own endpoints",
        reason: "An interface endpoint has addresses of the VPC. Where no rule allows port 443 to \
              them, workers reach neither Session Manager nor metrics, logs and secrets.",
        run: not_endpoints,
    },
    Rule {
        code: "network.egress-no-https",
        severity: Severity::Warning,
        title: "Workers can reach port 443",
        reason: "AWS's APIs, Hatchet and nearly every page are reached there.",
        run: no_https,
    },
];

/// Ports that one rule may open to everywhere.
const MAX_PORTS: usize = 1024;

fn path(index: usize) -> Path {
    Path::of("network.egress").index(index)
}

fn rules<'a>(context: &Context<'a>) -> impl Iterator<Item = (usize, &'a Egress)> + use<'a> {
    context.fleet.network.egress.iter().enumerate()
}

fn everything(context: &Context<'_>, findings: &mut Findings) {
    for (index, egress) in rules(context) {
        // The whole internet can be written as two halves, so very short prefixes count too.
        let ipv4 = ipv4_range(egress);
        let everywhere = match (&egress.ipv6_cidr_block, ipv4) {
            // The addresses that are given out begin at 2000::/3.
            (Some(text), _) => text
                .parse::<ipnet::Ipv6Net>()
                .is_ok_and(|range| range.prefix_len() < 12),
            (None, Some(text)) => parse_range(text).is_some_and(|range| range.prefix_len() < 8),
            (None, None) => false,
        };
        let destination = destination(egress);
        let ports = ports(egress).count();
        if everywhere && ports > MAX_PORTS {
            findings.push(
                Finding::new(
                    path(index).key("to_port"),
                    format!("an egress rule opens {ports} ports to {destination}"),
                )
                .label("allows nearly all outbound traffic")
                .help("write one rule per port that the pages need, such as 443 and 80"),
            );
        }
    }
}

fn ports_reversed(context: &Context<'_>, findings: &mut Findings) {
    for (index, egress) in rules(context) {
        let (first, last) = ports(egress).into_inner();
        if last < first {
            findings.push(
                Finding::new(
                    path(index).key("to_port"),
                    format!("ports {first} to {last} are reversed"),
                )
                .label(format!("before {first}"))
                .related(path(index).key("port"), "first port")
                .help(format!("write `port = {last}, to_port = {first}`")),
            );
        }
    }
}

fn range(context: &Context<'_>, findings: &mut Findings) {
    for (index, egress) in rules(context) {
        if parse_exact_range(&egress.cidr_block).is_some() {
            continue;
        }
        let (label, help) = match parse_range(&egress.cidr_block) {
            Some(range) => ("host bits are set", format!("write \"{}\"", range.trunc())),
            None => ("not CIDR notation", range_help(&egress.cidr_block)),
        };
        findings.push(
            Finding::new(
                path(index).key("cidr_block"),
                format!("`{}` is not an IPv4 CIDR block", egress.cidr_block),
            )
            .label(label)
            .help(help),
        );
    }
}

fn ipv6_range(context: &Context<'_>, findings: &mut Findings) {
    for (index, egress) in rules(context) {
        let Some(text) = &egress.ipv6_cidr_block else {
            continue;
        };
        if parse_exact_ipv6_range(text).is_none() {
            findings.push(
                Finding::new(
                    path(index).key("ipv6_cidr_block"),
                    format!("`{text}` is not an IPv6 CIDR block in its shortest form"),
                )
                .label("not as EC2 writes it")
                .help(ipv6_range_help(text)),
            );
        }
    }
}

fn ipv6_none(context: &Context<'_>, findings: &mut Findings) {
    if context.fleet.network.existing.is_some() {
        return;
    }
    for (index, _) in rules(context).filter(|(_, egress)| egress.ipv6_cidr_block.is_some()) {
        findings.push(
            Finding::new(
                path(index).key("ipv6_cidr_block"),
                "an egress rule allows IPv6, which the fleet's network does not have",
            )
            .label("allows nothing")
            .help(
                "remove the rule; for IPv6, use subnets of an existing VPC that assign IPv6 addresses \
                 (`[network.existing]`)",
            ),
        );
    }
}

fn prefix_list(context: &Context<'_>, findings: &mut Findings) {
    for (index, egress) in rules(context) {
        let destinations =
            ["prefix_list", "ipv6_cidr_block", "cidr_block"].map(|key| path(index).key(key));
        let declared: Vec<&Path> = destinations
            .iter()
            .filter(|place| context.tree.contains(place))
            .collect();
        if let [first, second, ..] = declared.as_slice() {
            findings.push(
                Finding::new(
                    (*first).clone(),
                    format!("an egress rule has {} destinations", declared.len()),
                )
                .label("one destination")
                .related((*second).clone(), "another")
                .help("keep one of them, or write two rules"),
            );
            continue;
        }
        let Some(list) = &egress.prefix_list else {
            continue;
        };
        if !is_ec2_id(list, "pl-") {
            findings.push(
                Finding::new(
                    path(index).key("prefix_list"),
                    format!("`{list}` is not the id of a prefix list"),
                )
                .label("not a prefix list id")
                .help(
                    "write the id, such as \"pl-63a5400a\"; `aws ec2 \
                     describe-managed-prefix-lists` prints those of your account and of AWS",
                ),
            );
        }
    }
}

fn twice(context: &Context<'_>, findings: &mut Findings) {
    let keys = rules(context).map(|(_, egress)| key(egress));
    for (index, first) in duplicates(keys) {
        findings.push(
            Finding::new(
                path(index).key("port"),
                "two egress rules allow the same connections",
            )
            .label("allowed again")
            .related(path(first).key("port"), "allowed here first")
            .help("remove one of them"),
        );
    }
}

fn is_description_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(character)
}

fn description(context: &Context<'_>, findings: &mut Findings) {
    for (index, egress) in rules(context) {
        let text = &egress.description;
        let length = text.chars().count();
        let label = match text.chars().find(|other| !is_description_character(*other)) {
            Some(other) => format!("{other:?} is not accepted"),
            None if length > 255 => format!("{length} characters"),
            None => continue,
        };
        findings.push(
            Finding::new(
                path(index).key("description"),
                "EC2 does not accept this security group rule description",
            )
            .label(label)
            .help("use up to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*"),
        );
    }
}

/// Rules that allow HTTPS, wherever to.
fn https<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Egress> + use<'a> {
    rules(context)
        .filter(|(_, egress)| {
            egress.protocol == Protocol::Tcp && ports(egress).contains(&HTTPS_PORT)
        })
        .map(|(_, egress)| egress)
}

fn not_endpoints(context: &Context<'_>, findings: &mut Findings) {
    let network = &context.fleet.network;
    let Some(of_vpc) = parse_range(&network.cidr_block) else {
        return;
    };
    if network.existing.is_some() || interface_endpoints(network).is_empty() {
        return;
    }
    let reaches = |egress: &Egress| {
        ipv4_range(egress)
            .and_then(parse_range)
            .is_some_and(|range| range.contains(&of_vpc))
    };
    // Without any HTTPS the rule below has said it, unless a proxy takes the place of HTTPS.
    let is_meant = https(context).next().is_some() || network.proxy.is_some();
    if is_meant && !https(context).any(reaches) {
        findings.push(
            Finding::new(
                Path::of("network.egress"),
                format!("the workers cannot reach the endpoints of their own VPC, {of_vpc}"),
            )
            .on_key()
            .label("no rule allows HTTPS to the VPC's range")
            .help(format!(
                "add {{ port = 443, cidr_block = \"{of_vpc}\", description = \"endpoints\" }}"
            )),
        );
    }
}

fn no_https(context: &Context<'_>, findings: &mut Findings) {
    let others_decide = !extra_security_groups(&context.fleet.network).is_empty();
    let has_proxy = context.fleet.network.proxy.is_some();
    if https(context).next().is_none() && !others_decide && !has_proxy {
        findings.push(
            Finding::new(
                Path::of("network.egress"),
                "the workers cannot reach port 443 anywhere",
            )
            .on_key()
            .label("no rule allows HTTPS")
            .help("add { port = 443, description = \"HTTPS\" }"),
        );
    }
}
