//! What the internet can reach after the apply and could not before.

use std::collections::BTreeSet;

use serde_json::Value;

use super::exposure_tables::{ARRIVALS, Arrival, SWITCHES_OFF, SWITCHES_ON, WORDS};
use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::ranges::{is_world, public_ranges};
use crate::review::values::{MAX_DEPTH, at, is_absent, is_marked, is_off, is_on, strings_at};

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

fn exposure(context: &Context<'_>, findings: &mut Findings) {
    let kind = context.change.resource_type.as_ref();
    let before = exposures(kind, &context.values.before);
    let mut after = exposures(kind, &context.values.after);
    after.extend(left_out(context));
    for opened in after.difference(&before) {
        findings.push(
            format!("{} {opened}", context.change.address),
            "it was not so before",
            "name the addresses or groups that need it, or waive this finding with the reason",
        );
    }
}

/// What is open because nothing is said: the plan only has that the value is known after the apply.
fn left_out(context: &Context<'_>) -> Option<String> {
    let is_balancer = matches!(
        context.change.resource_type.as_ref(),
        "aws_lb" | "aws_alb" | "aws_elb"
    );
    let is_left_out = is_marked(&context.values.unknown, "internal")
        && context.plan.sets(&context.change.address, "internal") == Some(false);
    (is_balancer && is_left_out).then(|| "faces the internet (`internal` is left out)".to_owned())
}

fn public_route(context: &Context<'_>, findings: &mut Findings) {
    let blocks = match context.change.resource_type.as_ref() {
        "aws_route" => None,
        "aws_default_route_table" | "aws_route_table" => Some("route"),
        _ => return,
    };
    let values = context.values;
    let routes = routes(&values.after, blocks);
    let to_world = |route: &Value| {
        let keys = [
            "destination_cidr_block",
            "destination_ipv6_cidr_block",
            "cidr_block",
            "ipv6_cidr_block",
        ];
        keys.iter().any(|key| strings_at(route, key).any(is_world))
    };
    let is_public = |route: &&Value| {
        to_world(route) && strings_at(route, "gateway_id").any(|id| id.starts_with("igw-"))
    };
    if self::routes(&values.before, blocks).iter().any(is_public) {
        return;
    }
    // The gateway is created together with the route.
    let path = blocks.map_or_else(|| "gateway_id".to_owned(), |of| format!("{of}.gateway_id"));
    let may_be = is_marked(&values.unknown, &path)
        && context
            .plan
            .sets(&context.change.address, blocks.unwrap_or("gateway_id"))
            != Some(false)
        && routes.iter().any(|route| to_world(route));
    let address = &context.change.address;
    let message = if routes.iter().any(is_public) {
        format!("{address} leads to an internet gateway")
    } else if may_be {
        format!("{address} leads to a gateway that is created with it")
    } else {
        return;
    };
    findings.push(
        message,
        "subnets of this route table become public where it is an internet gateway",
        "send the traffic through a NAT gateway where workers are in the subnet",
    );
}

fn routes<'v>(value: &'v Value, block: Option<&str>) -> Vec<&'v Value> {
    match block {
        None => vec![value],
        Some(path) => at(value, path),
    }
}

/// Everything about a resource that the internet can reach, each as the end of a sentence.
fn exposures(kind: &str, value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if value.is_null() {
        return found;
    }
    for arrival in ARRIVALS.iter().filter(|arrival| arrival.kind == kind) {
        found.extend(arrivals(arrival, value));
    }
    found.extend(special(kind, value));
    let is_of = |of: &str| of == "*" || of == kind;
    for (of, path, what) in SWITCHES_ON {
        if is_of(of) && is_on(value, path) {
            found.insert(format!("{what} (`{path}` is on)"));
        }
    }
    for (of, path, what) in SWITCHES_OFF {
        if is_of(of) && is_off(value, path) {
            found.insert(format!("{what} (`{path}` is off)"));
        }
    }
    for (of, path, words, what) in WORDS {
        if is_of(of) {
            for text in strings_at(value, path).filter(|text| words.contains(text)) {
                found.insert(format!("{what} (`{path}` is {text:?})"));
            }
        }
    }
    found
}

/// What the rules of a type let in from the internet.
fn arrivals(arrival: &Arrival, value: &Value) -> Vec<String> {
    let rules = match arrival.block {
        Some(block) => at(value, block),
        None => vec![value],
    };
    rules
        .into_iter()
        .filter(|rule| {
            let words = arrival.only_if;
            words.is_none_or(|(key, word)| strings_at(rule, key).any(|text| text == word))
        })
        .filter(|rule| arrival.unless.is_none_or(|key| !is_on(rule, key)))
        .flat_map(|rule| {
            let ranges = arrival.ranges.iter().flat_map(|key| strings_at(rule, key));
            let found = public_ranges(ranges).into_iter();
            found
                .map(|range| ingress(rule, &range, arrival.protocol))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What is asked of one type alone.
fn special(kind: &str, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |what: &str| found.push(what.to_owned());
    match kind {
        "aws_eks_cluster" => {
            for vpc in at(value, "vpc_config") {
                let narrowed = !is_absent(vpc, "public_access_cidrs")
                    && public_ranges(strings_at(vpc, "public_access_cidrs")).is_empty();
                if is_on(vpc, "endpoint_public_access") && !narrowed {
                    add("opens the API of the cluster to the internet");
                }
            }
        }
        "aws_ssm_document"
            if strings_at(value, "permissions.account_ids").any(|id| id == "All") =>
        {
            add("shares the document with every account");
        }
        "aws_ec2_managed_prefix_list" | "aws_ec2_managed_prefix_list_entry" => {
            let path = if kind.ends_with("_entry") {
                "cidr"
            } else {
                "entry.cidr"
            };
            for range in public_ranges(strings_at(value, path)) {
                add(&format!("has {range} for every rule that names the list"));
            }
        }
        "aws_eip" if !is_absent(value, "instance") || !is_absent(value, "network_interface") => {
            add("gives a public address to an instance or an interface");
        }
        "aws_ssm_service_setting"
            if strings_at(value, "setting_id")
                .any(|id| id.ends_with("public-sharing-permission"))
                && strings_at(value, "setting_value").any(|to| to == "Enable") =>
        {
            add("lets documents be public");
        }
        "aws_eip_association" => add("gives a public address to an instance or an interface"),
        "aws_default_subnet" => add("gives public addresses to what is launched in it"),
        "aws_elasticsearch_domain" | "aws_opensearch_domain" if is_absent(value, "vpc_options") => {
            add("has a public endpoint");
        }
        _ if kind.ends_with("_permission") => {
            let is_narrowed = [
                "condition",
                "organization_id",
                "principal_org_id",
                "source_account",
                "source_arn",
            ]
            .iter()
            .any(|key| !is_absent(value, key));
            let of_everybody = ["principal", "account_id", "principal_arn"]
                .iter()
                .any(|key| strings_at(value, key).any(|name| matches!(name, "*" | "all")));
            if of_everybody && !is_narrowed {
                add("is for everybody");
            }
        }
        _ => {}
    }
    if has_text(value, PUBLIC_GROUPS, 0) {
        found.push("is for everybody, by an access control list".to_owned());
    }
    found
}

/// Groups of S3 that are everybody.
const PUBLIC_GROUPS: &[&str] = &[
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
];

fn has_text(value: &Value, texts: &[&str], depth: usize) -> bool {
    match value {
        Value::String(text) => texts.contains(&text.as_str()),
        Value::Array(all) if depth < MAX_DEPTH => {
            all.iter().any(|one| has_text(one, texts, depth + 1))
        }
        Value::Object(all) if depth < MAX_DEPTH => {
            all.values().any(|one| has_text(one, texts, depth + 1))
        }
        _ => false,
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
