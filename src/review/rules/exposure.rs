//! What the internet can reach after the apply and could not before.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::values::{at, is_absent, is_off, is_on, strings_at};

pub const RULES: &[Rule] = &[
    Rule {
        code: "plan.public-exposure",
        severity: Severity::Error,
        title: "Nothing becomes reachable from the internet",
        reason: "Workers take no connections, and nothing of the fleet is public. What is opened to \
              every address is found by scanners within minutes",
        run: exposure,
    },
    Rule {
        code: "plan.public-route",
        severity: Severity::Warning,
        title: "A route to an internet gateway makes a subnet public",
        reason: "An instance in such a subnet with a public address is reachable from the internet. \
              valet-gen renders such a route for the subnets of NAT gateways only",
        run: public_route,
    },
];

/// A range with so many addresses is the internet, whatever its first address.
const WORLD_V4: u8 = 8;
const WORLD_V6: u8 = 16;

fn exposure(context: &Context<'_>, findings: &mut Findings) {
    let kind = context.change.resource_type.as_ref();
    let before = exposures(kind, &context.values.before);
    for opened in exposures(kind, &context.values.after).difference(&before) {
        findings.push(
            format!("{} {opened}", context.change.address),
            "it was not so before",
            "name the addresses or groups that need it, or waive this finding with the reason",
        );
    }
}

fn public_route(context: &Context<'_>, findings: &mut Findings) {
    if context.change.resource_type != "aws_route" {
        return;
    }
    let is_public = |route: &Value| {
        let to_world = ["destination_cidr_block", "destination_ipv6_cidr_block"]
            .iter()
            .any(|key| strings_at(route, key).any(is_world));
        to_world && strings_at(route, "gateway_id").any(|id| id.starts_with("igw-"))
    };
    if is_public(&context.values.after) && !is_public(&context.values.before) {
        findings.push(
            format!("{} leads to an internet gateway", context.change.address),
            "subnets of this route table become public",
            "send the traffic through a NAT gateway where workers are in the subnet",
        );
    }
}

/// Everything about a resource that the internet can reach, each as the end of a sentence.
fn exposures(kind: &str, value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if value.is_null() {
        return found;
    }
    let mut add = |what: String| {
        found.insert(what);
    };
    match kind {
        "aws_security_group" | "aws_default_security_group" => {
            for rule in at(value, "ingress") {
                for range in ranges(rule, &["cidr_blocks", "ipv6_cidr_blocks"]) {
                    add(ingress(rule, &range, "protocol"));
                }
            }
        }
        "aws_security_group_rule" if strings_at(value, "type").any(|of| of == "ingress") => {
            for range in ranges(value, &["cidr_blocks", "ipv6_cidr_blocks"]) {
                add(ingress(value, &range, "protocol"));
            }
        }
        "aws_vpc_security_group_ingress_rule" => {
            for range in ranges(value, &["cidr_ipv4", "cidr_ipv6"]) {
                add(ingress(value, &range, "ip_protocol"));
            }
        }
        "aws_network_acl" => {
            for rule in at(value, "ingress")
                .into_iter()
                .filter(|rule| allows(rule, "action"))
            {
                for range in ranges(rule, &["cidr_block", "ipv6_cidr_block"]) {
                    add(ingress(rule, &range, "protocol"));
                }
            }
        }
        "aws_network_acl_rule" if !is_on(value, "egress") && allows(value, "rule_action") => {
            for range in ranges(value, &["cidr_block", "ipv6_cidr_block"]) {
                add(ingress(value, &range, "protocol"));
            }
        }
        "aws_eks_cluster" => {
            for vpc in at(value, "vpc_config") {
                let narrowed = !is_absent(vpc, "public_access_cidrs")
                    && ranges(vpc, &["public_access_cidrs"]).is_empty();
                if is_on(vpc, "endpoint_public_access") && !narrowed {
                    add("opens the API of the cluster to the internet".to_owned());
                }
            }
        }
        "aws_lambda_permission" if strings_at(value, "principal").any(|name| name == "*") => {
            add("lets everybody invoke the function".to_owned());
        }
        "aws_ssm_document"
            if strings_at(value, "permissions.account_ids").any(|id| id == "All") =>
        {
            add("shares the document with every account".to_owned());
        }
        _ => {}
    }
    for (of, path, what) in SWITCHES_ON {
        if kind == *of && is_on(value, path) {
            add(format!("{what} (`{path}` is on)"));
        }
    }
    for (of, path, what) in SWITCHES_OFF {
        if kind == *of && is_off(value, path) {
            add(format!("{what} (`{path}` is off)"));
        }
    }
    for (of, path, words, what) in WORDS {
        if kind == *of {
            for text in strings_at(value, path).filter(|text| words.contains(text)) {
                add(format!("{what} (`{path}` is {text:?})"));
            }
        }
    }
    found
}

/// Switches that open something where they are on.
const SWITCHES_ON: &[(&str, &str, &str)] = &[
    (
        "aws_subnet",
        "map_public_ip_on_launch",
        "gives public addresses to what is launched in it",
    ),
    (
        "aws_instance",
        "associate_public_ip_address",
        "has a public address",
    ),
    (
        "aws_launch_template",
        "network_interfaces.associate_public_ip_address",
        "gives public addresses to instances",
    ),
    (
        "aws_launch_configuration",
        "associate_public_ip_address",
        "gives public addresses to instances",
    ),
    (
        "aws_db_instance",
        "publicly_accessible",
        "has a public address",
    ),
    (
        "aws_rds_cluster_instance",
        "publicly_accessible",
        "has a public address",
    ),
    (
        "aws_docdb_cluster_instance",
        "publicly_accessible",
        "has a public address",
    ),
    (
        "aws_redshift_cluster",
        "publicly_accessible",
        "has a public address",
    ),
    (
        "aws_dms_replication_instance",
        "publicly_accessible",
        "has a public address",
    ),
    (
        "aws_mq_broker",
        "publicly_accessible",
        "has a public address",
    ),
];

const BLOCK: &str = "lets buckets be public";

/// Switches that open something where they are off.
const SWITCHES_OFF: &[(&str, &str, &str)] = &[
    ("aws_lb", "internal", "faces the internet"),
    ("aws_alb", "internal", "faces the internet"),
    ("aws_elb", "internal", "faces the internet"),
    (
        "aws_s3_bucket_public_access_block",
        "block_public_acls",
        BLOCK,
    ),
    (
        "aws_s3_bucket_public_access_block",
        "block_public_policy",
        BLOCK,
    ),
    (
        "aws_s3_bucket_public_access_block",
        "ignore_public_acls",
        BLOCK,
    ),
    (
        "aws_s3_bucket_public_access_block",
        "restrict_public_buckets",
        BLOCK,
    ),
    (
        "aws_s3_account_public_access_block",
        "block_public_acls",
        BLOCK,
    ),
    (
        "aws_s3_account_public_access_block",
        "block_public_policy",
        BLOCK,
    ),
    (
        "aws_s3_account_public_access_block",
        "ignore_public_acls",
        BLOCK,
    ),
    (
        "aws_s3_account_public_access_block",
        "restrict_public_buckets",
        BLOCK,
    ),
];

const ACLS: &[&str] = &["authenticated-read", "public-read", "public-read-write"];

/// Words that open something.
const WORDS: &[(&str, &str, &[&str], &str)] = &[
    ("aws_s3_bucket", "acl", ACLS, "can be read by everybody"),
    ("aws_s3_bucket_acl", "acl", ACLS, "can be read by everybody"),
    (
        "aws_lambda_function_url",
        "authorization_type",
        &["NONE"],
        "can be called by everybody",
    ),
    (
        "aws_ami_launch_permission",
        "group",
        &["all"],
        "shares the image with everybody",
    ),
    (
        "aws_ebs_snapshot_block_public_access",
        "state",
        &["unblocked"],
        "lets snapshots be public",
    ),
    (
        "aws_ec2_image_block_public_access",
        "state",
        &["unblocked"],
        "lets images be public",
    ),
];

/// Types of which more is asked than a switch or a word.
const WITH_RULES: &[&str] = &[
    "aws_eks_cluster",
    "aws_lambda_permission",
    "aws_network_acl",
    "aws_network_acl_rule",
];

/// Whether it is known what can be public about a type.
pub fn knows(kind: &str) -> bool {
    let switches = SWITCHES_ON.iter().chain(SWITCHES_OFF).map(|(of, ..)| *of);
    let words = WORDS.iter().map(|(of, ..)| *of);
    switches
        .chain(words)
        .chain(WITH_RULES.iter().copied())
        .any(|of| of == kind)
}

fn allows(rule: &Value, key: &str) -> bool {
    strings_at(rule, key).any(|action| action == "allow")
}

/// The ranges of a rule that are the internet.
fn ranges(rule: &Value, keys: &[&str]) -> Vec<String> {
    keys.iter()
        .flat_map(|key| strings_at(rule, key))
        .filter(|range| is_world(range))
        .map(str::to_owned)
        .collect()
}

/// Whether a range has so many addresses that it stands for the internet. Private ranges do not.
#[must_use]
pub fn is_world(range: &str) -> bool {
    let Some((address, length)) = range.split_once('/') else {
        return false;
    };
    let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u8>()) else {
        return false;
    };
    match address {
        IpAddr::V4(address) => length <= WORLD_V4 && !(length == WORLD_V4 && address.is_private()),
        IpAddr::V6(address) => length <= WORLD_V6 && address.segments()[0] & 0xfe00 != 0xfc00,
    }
}

fn ingress(rule: &Value, range: &str, protocol: &str) -> String {
    let protocol = strings_at(rule, protocol).next().unwrap_or("-1");
    let port = |key: &str| at(rule, key).first().and_then(|port| port.as_i64());
    let ports = match (protocol, port("from_port"), port("to_port")) {
        ("-1" | "all", ..) | (_, None, _) => "every port".to_owned(),
        (_, Some(from), Some(to)) if from == to => format!("{protocol} port {from}"),
        (_, Some(from), Some(to)) => format!("{protocol} ports {from} to {to}"),
        (_, Some(from), None) => format!("{protocol} port {from}"),
    };
    format!("lets {range} in on {ports}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_is_recognised_in_every_spelling() {
        for range in [
            "0.0.0.0/0",
            "::/0",
            "0.0.0.0/1",
            "128.0.0.0/1",
            "0:0:0:0:0:0:0:0/0",
            "2000::/3",
        ] {
            assert!(is_world(range), "{range}");
        }
        for range in ["10.0.0.0/8", "203.0.113.0/24", "fd00::/8", "", "pl-1"] {
            assert!(!is_world(range), "{range}");
        }
    }
}
