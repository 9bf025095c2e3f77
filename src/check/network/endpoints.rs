//! Rules about VPC endpoints.

use super::super::finding::{Finding, Findings};
use super::super::identifiers::{did_you_mean, duplicates};
use super::super::rule::{Context, Rule};
use crate::catalog::{endpoints, most_similar};
use crate::derive::access::records_to_s3;
use crate::derive::network::has_no_internet_access;
use crate::derive::secrets::kept_in;
use crate::diagnostic::Severity;
use crate::fleet::SecretStore;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "network.endpoint-unknown",
        severity: Severity::Error,
        title: "Every VPC endpoint is one that valet-gen knows",
        reason: "An endpoint's name is a part of `com.amazonaws.<region>.<name>`; a wrong one fails \
              at apply. To add a service, add a line to src/catalog/endpoints.rs.",
        run: unknown,
    },
    Rule {
        code: "network.endpoint-absent",
        severity: Severity::Error,
        title: "The fleet's region has the service of every VPC endpoint",
        reason: "A region without the service has no endpoint of it, and the plan fails.",
        run: absent,
    },
    Rule {
        code: "network.endpoint-twice",
        severity: Severity::Error,
        title: "Every VPC endpoint is listed once",
        reason: "Two endpoints of a service cannot both have its private DNS name.",
        run: twice,
    },
    Rule {
        code: "network.endpoint-missing",
        severity: Severity::Error,
        title: "Without NAT gateways, endpoints lead to every service that a worker needs",
        reason: "Without NAT gateways, workers reach Session Manager, logs, metrics and secrets \
              through endpoints alone. A worker that lacks one starts, but cannot be managed or \
              monitored.",
        run: missing,
    },
    Rule {
        code: "network.endpoint-lifecycle",
        severity: Severity::Warning,
        title: "Without NAT gateways, workers can reach EC2 Auto Scaling",
        reason: "A drained worker completes its lifecycle hook through the Auto Scaling API. \
              Without an endpoint for it, each instance waits until the hook times out.",
        run: lifecycle,
    },
];

fn path() -> Path {
    Path::of("network.vpc_endpoints")
}

fn unknown(context: &Context<'_>, findings: &mut Findings) {
    for (index, name) in context.fleet.network.vpc_endpoints.iter().enumerate() {
        if endpoints::find(name).is_some() {
            continue;
        }
        let mut retired = endpoints::RETIRED.iter();
        if let Some(retired) = retired.find(|retired| retired.name == name) {
            findings.push(
                Finding::new(
                    path().index(index),
                    format!("AWS has retired the VPC endpoint `{name}`"),
                )
                .label(retired.since)
                .help(format!("remove it; `{}` replaces it", retired.successor)),
            );
            continue;
        }
        let known = endpoints::ENDPOINTS.iter().map(|endpoint| endpoint.name);
        let all: Vec<&str> = known.clone().collect();
        // The whole name of the service, as other programs ask for it: `com.amazonaws.us-east-1.ssm`.
        let short = name.strip_prefix("com.amazonaws.");
        let short = short.and_then(|rest| Some(rest.split_once('.')?.1));
        findings.push(
            Finding::new(
                path().index(index),
                format!("there is no VPC endpoint `{name}`"),
            )
            .label("unknown service")
            .help(did_you_mean(
                most_similar(short.unwrap_or(name), known),
                &format!("the services are {}", all.join(", ")),
            )),
        );
    }
}

fn absent(context: &Context<'_>, findings: &mut Findings) {
    let region = &context.fleet.identity.region;
    for (index, name) in context.fleet.network.vpc_endpoints.iter().enumerate() {
        if endpoints::is_absent(name, region) {
            findings.push(
                Finding::new(
                    path().index(index),
                    format!("{region} has no `{name}`, and so no VPC endpoint of it"),
                )
                .label("not in the region")
                .related(Path::of("fleet.region"), "the fleet's region")
                .help("remove it; what needs the service reaches it in another region, through a NAT gateway"),
            );
        }
    }
}

fn twice(context: &Context<'_>, findings: &mut Findings) {
    let names = &context.fleet.network.vpc_endpoints;
    for (index, first) in duplicates(names) {
        findings.push(
            Finding::new(
                path().index(index),
                format!("endpoint `{}` is listed twice", names[index]),
            )
            .label("listed again")
            .related(path().index(first), "listed here first")
            .help("remove one of them"),
        );
    }
}

/// Endpoints that a worker needs where there is no NAT gateway, each with what it is needed for.
fn needed(context: &Context<'_>) -> Vec<(&'static str, &'static str)> {
    let mut needed = vec![
        ("ssm", "Session Manager and parameters"),
        ("ssmmessages", "Session Manager"),
        ("logs", "logs"),
        ("monitoring", "metrics"),
        ("kms", "the key of encrypted sessions"),
        (
            "ec2",
            "the group's name, by which alarms find the CloudWatch agent's metrics",
        ),
    ];
    let mut secrets = kept_in(&context.fleet.secrets, SecretStore::SecretsManager);
    if secrets.next().is_some() {
        needed.push(("secretsmanager", "secrets in Secrets Manager"));
    }
    if records_to_s3(&context.fleet.access) {
        needed.push(("s3", "session records in S3"));
    }
    needed
}

fn has_endpoint(context: &Context<'_>, name: &str) -> bool {
    let names = &context.fleet.network.vpc_endpoints;
    names.iter().any(|endpoint| endpoint == name)
}

/// The list of endpoints where it is declared, and what asks for them where it is not.
fn nearest_place(context: &Context<'_>) -> Path {
    if context.tree.contains(&path()) {
        path()
    } else {
        Path::of("network.nat_gateways")
    }
}

fn missing(context: &Context<'_>, findings: &mut Findings) {
    if !has_no_internet_access(&context.fleet.network) {
        return;
    }
    for (name, purpose) in needed(context) {
        if !has_endpoint(context, name) {
            findings.push(
                Finding::new(
                    nearest_place(context),
                    format!("without NAT gateways the workers cannot reach `{name}`"),
                )
                .label(format!("no endpoint for {purpose}"))
                .related(
                    Path::of("network.nat_gateways"),
                    "no NAT gateway: VPC endpoints are the only way out",
                )
                .help(format!("add \"{name}\" to `vpc_endpoints`")),
            );
        }
    }
}

fn lifecycle(context: &Context<'_>, findings: &mut Findings) {
    if has_no_internet_access(&context.fleet.network) && !has_endpoint(context, "autoscaling") {
        findings.push(
            Finding::new(
                nearest_place(context),
                "without NAT gateways a drained worker cannot complete its lifecycle action",
            )
            .label("no endpoint for EC2 Auto Scaling")
            .help("add \"autoscaling\" to `vpc_endpoints`"),
        );
    }
}
