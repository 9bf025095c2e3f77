//! The fleet as a Mermaid flowchart, for pages that draw it themselves.

use std::fmt::Write;

use super::{escape, labels};
use crate::resolve::{CreatedNetwork, Environment};

/// The flowchart of one environment.
#[must_use]
pub fn mermaid(environment: &Environment) -> String {
    let mut chart = Chart::default();
    chart.line("flowchart TB");
    chart.inner(|chart| {
        let created = environment.network.created.as_ref();
        if created.is_none_or(|created| created.has_nat) {
            chart.node("internet", &["Internet".to_owned()]);
        }
        region(chart, environment);
        outside(chart, environment);
        paths(chart, environment);
    });
    chart.text
}

/// Lines so far. Ids are the generator's own words; every label goes through the one escape.
#[derive(Default)]
struct Chart {
    text: String,
    depth: usize,
}

impl Chart {
    fn line(&mut self, line: &str) {
        let indent = "  ".repeat(self.depth);
        let _ = writeln!(self.text, "{indent}{line}");
    }

    fn inner(&mut self, write: impl FnOnce(&mut Self)) {
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    fn subgraph(&mut self, id: &str, label: &str, write: impl FnOnce(&mut Self)) {
        self.line(&format!("subgraph {id}[\"{}\"]", escape::mermaid(label)));
        self.inner(write);
        self.line("end");
    }

    /// A box with these lines in it.
    fn node(&mut self, id: &str, lines: &[String]) {
        let lines: Vec<String> = lines.iter().map(|line| escape::mermaid(line)).collect();
        self.line(&format!("{id}[\"{}\"]", lines.join("<br/>")));
    }

    fn arrow(&mut self, from: &str, to: &str, label: &str) {
        let label = if label.is_empty() {
            String::new()
        } else {
            format!("|\"{}\"|", escape::mermaid(label))
        };
        self.line(&format!("{from} -->{label} {to}"));
    }
}

fn region(chart: &mut Chart, environment: &Environment) {
    let label = format!("Region {}", environment.identity.region);
    chart.subgraph("region", &label, |chart| {
        let network = &environment.network;
        let label = match (&network.created, &network.existing) {
            (Some(created), _) => format!("VPC {}", created.cidr_block),
            (None, Some(existing)) => format!("Existing VPC {}", existing.vpc_id),
            (None, None) => "VPC".to_owned(),
        };
        chart.subgraph("vpc", &label, |chart| vpc(chart, environment));
        services(chart, environment);
    });
}

fn vpc(chart: &mut Chart, environment: &Environment) {
    match (&environment.network.created, &environment.network.existing) {
        (Some(created), _) => created_vpc(chart, created),
        (None, Some(existing)) => {
            chart.node("way_out", &["The VPC's routes".to_owned()]);
            for (index, id) in existing.private_subnet_ids.iter().enumerate() {
                let lines = ["Private subnet".to_owned(), id.clone()];
                chart.node(&format!("private_{index}"), &lines);
            }
        }
        (None, None) => {}
    }
    let mut group = vec![
        format!("Auto Scaling group {}", environment.identity.group),
        labels::group_sizes(environment),
        labels::instance_types(&environment.instances).join(", "),
    ];
    group.extend(labels::scaling_policies(&environment.scaling));
    chart.node("group", &group);
}

fn created_vpc(chart: &mut Chart, network: &CreatedNetwork) {
    if network.has_nat {
        chart.node("way_out", &["Internet gateway".to_owned()]);
    }
    for (index, zone) in network.zones.iter().enumerate() {
        chart.subgraph(&format!("zone_{index}"), zone, |chart| {
            if let Some(range) = network.public_subnets.get(zone) {
                let lines = ["NAT gateway".to_owned(), format!("public subnet {range}")];
                chart.node(&format!("nat_{index}"), &lines);
            }
            if let Some(range) = network.private_subnets.get(zone) {
                let lines = ["Private subnet".to_owned(), range.clone()];
                chart.node(&format!("private_{index}"), &lines);
            }
        });
    }
    if !network.interface_endpoints.is_empty() {
        let lines = [
            "Interface endpoints".to_owned(),
            network.interface_endpoints.join(", "),
        ];
        chart.node("endpoints", &lines);
    }
    if !network.gateway_endpoints.is_empty() {
        let lines = [
            "Gateway endpoints".to_owned(),
            network.gateway_endpoints.join(", "),
        ];
        chart.node("gateway_endpoints", &lines);
    }
}

fn services(chart: &mut Chart, environment: &Environment) {
    chart.node(
        "systems_manager",
        &[
            "Systems Manager".to_owned(),
            "Session Manager, Run Command, Parameter Store".to_owned(),
        ],
    );
    let secrets = labels::quantity(environment.secrets.secrets.len(), "secret");
    chart.node("secrets_manager", &["Secrets Manager".to_owned(), secrets]);
    chart.node(
        "cloudwatch",
        &[
            "CloudWatch".to_owned(),
            "metrics, logs, dashboard".to_owned(),
        ],
    );
    let alarms = labels::quantity(labels::notifying_alarms(environment), "alarm");
    chart.node("alarms", &["Alarms".to_owned(), alarms]);
    chart.node("topic", &["SNS topic".to_owned()]);
    let healing = labels::quantity(environment.alerts.healing.len(), "alarm");
    chart.node(
        "rule",
        &["EventBridge rule".to_owned(), format!("on {healing}")],
    );
    chart.node("s3", &["S3".to_owned()]);
}

fn outside(chart: &mut Chart, environment: &Environment) {
    chart.node(
        "operators",
        &["Operators".to_owned(), "with MFA".to_owned()],
    );
    if !environment.alerts.email.is_empty() {
        let mut lines = vec!["E-mail".to_owned()];
        lines.extend(environment.alerts.email.iter().cloned());
        chart.node("email", &lines);
    }
}

fn paths(chart: &mut Chart, environment: &Environment) {
    way_to_internet(chart, environment);
    for index in 0..environment.network.zones() {
        chart.line(&format!("group --- private_{index}"));
    }
    ways_to_services(chart, environment);
    chart.arrow("cloudwatch", "alarms", "");
    chart.arrow("alarms", "topic", "notify");
    if !environment.alerts.email.is_empty() {
        chart.arrow("topic", "email", "");
    }
    chart.arrow("alarms", "rule", "");
    chart.arrow("rule", "systems_manager", "Run Command: valet-worker heal");
    chart.arrow("operators", "systems_manager", "Session Manager");
    chart.arrow("systems_manager", "group", "heal, shell, noVNC");
}

fn way_to_internet(chart: &mut Chart, environment: &Environment) {
    let network = &environment.network;
    let ports = format!("ports {}", labels::egress(network).join(", "));
    let Some(created) = &network.created else {
        for index in 0..network.zones() {
            chart.arrow(&format!("private_{index}"), "way_out", "");
        }
        chart.arrow("way_out", "internet", &ports);
        return;
    };
    if !created.has_nat {
        return;
    }
    let has_nat = |zone: &String| created.public_subnets.contains_key(zone);
    let single = created.zones.iter().position(has_nat).unwrap_or(0);
    for (index, zone) in created.zones.iter().enumerate() {
        let nat = if has_nat(zone) { index } else { single };
        chart.arrow(&format!("private_{index}"), &format!("nat_{nat}"), "");
        if has_nat(zone) {
            chart.arrow(&format!("nat_{index}"), "way_out", "");
        }
    }
    chart.arrow("way_out", "internet", &ports);
}

/// Through an endpoint where there is one, and otherwise over the way to the internet.
fn ways_to_services(chart: &mut Chart, environment: &Environment) {
    let Some(created) = &environment.network.created else {
        return;
    };
    if !created.interface_endpoints.is_empty() {
        chart.arrow("group", "endpoints", "443");
    }
    let services = [
        ("ssmmessages", "systems_manager"),
        ("secretsmanager", "secrets_manager"),
        ("monitoring", "cloudwatch"),
    ];
    for (endpoint, service) in services {
        if created
            .interface_endpoints
            .iter()
            .any(|name| name == endpoint)
        {
            chart.arrow("endpoints", service, "");
        }
    }
    if !created.gateway_endpoints.is_empty() {
        chart.arrow("group", "gateway_endpoints", "443");
    }
    if created.has_s3_endpoint {
        chart.arrow("gateway_endpoints", "s3", "");
    }
}
