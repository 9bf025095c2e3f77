//! Rules about `[worker]`: what the agent reports, and to whom.

use super::finding::{Finding, Findings};
use super::https_url::invalid_https_url;
use super::rule::{Context, Rule};
use crate::derive::egress::{HTTPS_PORT, ports};
use crate::derive::network::extra_security_groups;
use crate::derive::secrets::{API_KEY, sends_heartbeats};
use crate::diagnostic::Severity;
use crate::fleet::{Egress, Protocol};
use crate::load::Path;
use url::{Host, Url};

pub const RULES: &[Rule] = &[
    Rule {
        code: "worker.heartbeat-url",
        severity: Severity::Error,
        title: "Heartbeats go to an https address without credentials or query",
        reason: "A heartbeat carries the worker's identity. Credentials belong in `[secrets]`, and \
              the agent sends its data in the request's body.",
        run: heartbeat_url,
    },
    Rule {
        code: "worker.heartbeat-port",
        severity: Severity::Error,
        title: "An egress rule lets heartbeats out",
        reason: "The workers' security group and firewall drop what no rule of `network.egress` allows, and a \
              worker that cannot be heard counts as offline.",
        run: heartbeat_port,
    },
    Rule {
        code: "worker.heartbeat-interval",
        severity: Severity::Error,
        title: "A worker may lose a heartbeat before it counts as offline",
        reason: "With less than two intervals of silence allowed, one lost packet takes a healthy \
              worker out of service.",
        run: heartbeat_interval,
    },
    Rule {
        code: "worker.heartbeat-key",
        severity: Severity::Error,
        title: "Workers that send heartbeats have the secret WORKER_API_KEY",
        reason: "The API refuses a heartbeat without WORKER_API_KEY, and the worker counts as \
              offline from its first minute.",
        run: heartbeat_key,
    },
    Rule {
        code: "worker.namespace",
        severity: Severity::Error,
        title: "The namespace of the metrics is not one of AWS's, and CloudWatch accepts its \
                characters",
        reason: "CloudWatch API reference, PutMetricData: 1 to 255 of letters, digits and . - _ / # \
              :, not beginning with a colon; `AWS/` is kept for AWS's services.",
        run: namespace,
    },
    Rule {
        code: "worker.metrics-interval",
        severity: Severity::Error,
        title: "The metrics interval divides one minute",
        reason: "Alarms and scaling read every minute. An interval that does not divide 60 leaves \
              some minutes with fewer reports than others.",
        run: metrics_interval,
    },
];

fn heartbeat_url(context: &Context<'_>, findings: &mut Findings) {
    let Some(url) = &context.fleet.worker.heartbeat.url else {
        return;
    };
    if let Some(problem) = invalid_https_url(url) {
        findings.push(
            Finding::new(
                Path::of("worker.heartbeat.url"),
                "`worker.heartbeat.url` is not a valid https URL",
            )
            .label(problem)
            .help("write an address such as \"https://api.example.com/heartbeat\""),
        );
    }
}

fn heartbeat_port(context: &Context<'_>, findings: &mut Findings) {
    let (worker, network) = (&context.fleet.worker, &context.fleet.network);
    let Some(url) = worker.heartbeat.url.as_deref() else {
        return;
    };
    let Ok(url) = Url::parse(url) else {
        return;
    };
    let Some(port) = url.port_or_known_default().map(u32::from) else {
        return;
    };
    let key = Path::of("worker.heartbeat.url");
    // Port 443 has a rule of its own, other security groups may allow any, and a proxy has its own port.
    if port == HTTPS_PORT
        || network.proxy.is_some()
        || !extra_security_groups(network).is_empty()
        || network.egress.iter().any(|rule| lets_out(rule, port, &url))
    {
        return;
    }
    findings.push(
        Finding::new(
            key,
            format!("no egress rule lets heartbeats out to port {port}"),
        )
        .label("the security group drops them")
        .related(
            Path::of("network.egress"),
            "what the workers may connect to",
        )
        .help(format!(
            "add {{ port = {port}, description = \"heartbeats\" }} to `network.egress`"
        )),
    );
}

/// Whether a rule may allow connections to a port of a host. What a name or a prefix list stands for is not known here.
fn lets_out(rule: &Egress, port: u32, url: &Url) -> bool {
    let reaches_host = match url.host() {
        Some(Host::Ipv4(address)) if rule.prefix_list.is_none() => rule
            .cidr_block
            .parse::<ipnet::Ipv4Net>()
            .is_ok_and(|range| range.contains(&address)),
        _ => true,
    };
    rule.protocol == Protocol::Tcp && ports(rule).contains(&port) && reaches_host
}

fn heartbeat_interval(context: &Context<'_>, findings: &mut Findings) {
    let heartbeat = &context.fleet.worker.heartbeat;
    let interval = heartbeat.interval_seconds.get();
    let offline = heartbeat.offline_after_seconds.get();
    if offline >= 2 * interval {
        return;
    }
    let (interval_key, offline_key) = (
        "worker.heartbeat.interval_seconds",
        "worker.heartbeat.offline_after_seconds",
    );
    let (place, other) = if context.is_declared(offline_key) {
        (offline_key, interval_key)
    } else {
        (interval_key, offline_key)
    };
    findings.push(
        Finding::new(
            Path::of(place),
            format!(
                "with a heartbeat every {interval} s, a worker counts as offline after {offline} s"
            ),
        )
        .label("one lost heartbeat marks the worker offline")
        .related(Path::of(other), "compared with this")
        .help(format!(
            "set `offline_after_seconds` to {} or more",
            2 * interval
        )),
    );
}

fn heartbeat_key(context: &Context<'_>, findings: &mut Findings) {
    if sends_heartbeats(&context.fleet.worker) && !context.fleet.secrets.contains_key(API_KEY) {
        findings.push(
            Finding::new(
                Path::of("worker.heartbeat.url"),
                format!("heartbeats are sent without {API_KEY}"),
            )
            .label(format!("needs the secret {API_KEY}"))
            .related(Path::of("secrets"), format!("does not declare {API_KEY}"))
            .help(format!(
                "add {API_KEY} = {{ store = \"secretsmanager\", read = \"boot\", \
                 rotate_after_days = 90 }} to `[secrets]`"
            )),
        );
    }
}

fn namespace(context: &Context<'_>, findings: &mut Findings) {
    let namespace = &context.fleet.worker.metrics.namespace;
    let characters = namespace.chars().all(|character| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | '/' | '#' | ':')
    });
    let length = namespace.chars().count();
    let label = if namespace.to_ascii_lowercase().starts_with("aws/") {
        "the prefix `AWS/` is reserved for AWS services"
    } else if !(1..=255).contains(&length) {
        "not 1 to 255 characters"
    } else if !characters || namespace.starts_with(':') {
        "contains characters that CloudWatch does not allow"
    } else {
        return;
    };
    findings.push(
        Finding::new(
            Path::of("worker.metrics.namespace"),
            format!("invalid CloudWatch namespace `{namespace}`"),
        )
        .label(label)
        .help("use letters, digits and . - _ / # :, such as \"Valet/Workers\""),
    );
}

fn metrics_interval(context: &Context<'_>, findings: &mut Findings) {
    let interval = context.fleet.worker.metrics.interval_seconds.get();
    if 60 % interval != 0 {
        findings.push(
            Finding::new(
                Path::of("worker.metrics.interval_seconds"),
                format!("{interval} s does not divide one minute"),
            )
            .label("60 is not a multiple of this")
            .help("use 10, 12, 15, 20, 30 or 60"),
        );
    }
}
