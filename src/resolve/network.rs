//! `[network]`

use std::collections::BTreeMap;

use serde::Serialize;

use super::subnets::{self, Subnets};
use crate::catalog::{endpoints, regions};
use crate::fleet::{self, FlowLogs, NatGateways};

/// The network and what the workers reach through it.
#[derive(Clone, Debug, Serialize)]
pub struct Network {
    /// The VPC that is made; `None` where an existing one is used.
    pub created: Option<CreatedNetwork>,
    pub existing: Option<fleet::ExistingNetwork>,
    /// The Terraform address of the VPC.
    pub vpc: &'static str,
    /// The Terraform address of the workers' subnets, and the key of the first.
    pub subnets: &'static str,
    pub first_subnet: String,
    /// What the workers may connect to, by a key that says it.
    pub egress: Vec<Egress>,
}

impl Network {
    /// The number of zones that the workers run in.
    #[must_use]
    pub fn zones(&self) -> usize {
        match (&self.created, &self.existing) {
            (Some(created), _) => created.zones.len(),
            (None, Some(existing)) => existing.private_subnet_ids.len(),
            (None, None) => 0,
        }
    }
}

/// A VPC that is made for the fleet.
#[derive(Clone, Debug, Serialize)]
pub struct CreatedNetwork {
    pub cidr_block: String,
    /// In the order of fleet.toml.
    pub zones: Vec<String>,
    /// The workers' subnets: range by zone.
    pub private_subnets: BTreeMap<String, String>,
    /// The NAT gateways' subnets: range by zone. Empty without NAT.
    pub public_subnets: BTreeMap<String, String>,
    pub nat_gateways: NatGateways,
    /// Whether there is a way to the internet.
    pub has_nat: bool,
    /// The zone of the single NAT gateway.
    pub single_nat_zone: Option<String>,
    /// AWS services reached through an interface in every zone, in the order of their names.
    pub interface_endpoints: Vec<String>,
    /// AWS services reached through the route tables, in the order of their names.
    pub gateway_endpoints: Vec<String>,
    pub has_s3_endpoint: bool,
    pub has_dynamodb_endpoint: bool,
    pub flow_logs: FlowLogs,
}

/// One thing that the workers may connect to.
#[derive(Clone, Debug, Serialize)]
pub struct Egress {
    /// Protocol, ports and range, which no other rule has.
    pub key: String,
    pub cidr_block: String,
    pub description: String,
    pub protocol: fleet::Protocol,
    pub from_port: u32,
    pub to_port: u32,
}

/// Zones of a fleet that names none.
const DEFAULT_ZONES: usize = 3;

pub fn resolve(network: &fleet::Network, identity: &fleet::Identity) -> Network {
    let fleet::Network {
        cidr_block,
        availability_zones,
        private_subnets,
        public_subnets,
        nat_gateways,
        vpc_endpoints,
        flow_logs,
        egress,
        existing,
    } = network;
    let egress = resolve_egress(egress);
    if existing.is_some() {
        return Network {
            created: None,
            existing: existing.clone(),
            vpc: "data.aws_vpc.fleet",
            subnets: "data.aws_subnet.private",
            first_subnet: "0".to_owned(),
            egress,
        };
    }
    let zones = availability_zones
        .clone()
        .unwrap_or_else(|| default_zones(&identity.region));
    let computed = cidr_block.parse().map_or_else(
        |_| Subnets {
            private: BTreeMap::new(),
            public: BTreeMap::new(),
        },
        |range| subnets::divide(range, &zones),
    );
    let typed = |ranges: &Option<Vec<String>>, computed: BTreeMap<String, String>| match ranges {
        Some(ranges) => zones.iter().cloned().zip(ranges.iter().cloned()).collect(),
        None => computed,
    };
    let private_subnets = typed(private_subnets, computed.private);
    let mut public_subnets = typed(public_subnets, computed.public);
    let first_zone = zones.first().cloned();
    match nat_gateways {
        NatGateways::PerZone => {}
        NatGateways::Single => public_subnets.retain(|zone, _| Some(zone) == first_zone.as_ref()),
        NatGateways::None => public_subnets.clear(),
    }
    let (mut gateway_endpoints, mut interface_endpoints): (Vec<_>, Vec<_>) =
        vpc_endpoints.iter().cloned().partition(|service| {
            endpoints::find(service)
                .is_some_and(|endpoint| endpoint.kind == endpoints::Kind::Gateway)
        });
    gateway_endpoints.sort();
    interface_endpoints.sort();
    let has = |service: &str| gateway_endpoints.iter().any(|name| name == service);
    let created = CreatedNetwork {
        cidr_block: cidr_block.clone(),
        zones,
        private_subnets,
        public_subnets,
        nat_gateways: *nat_gateways,
        has_nat: *nat_gateways != NatGateways::None,
        single_nat_zone: first_zone.filter(|_| *nat_gateways == NatGateways::Single),
        interface_endpoints,
        has_s3_endpoint: has("s3"),
        has_dynamodb_endpoint: has("dynamodb"),
        gateway_endpoints,
        flow_logs: flow_logs.clone(),
    };
    Network {
        first_subnet: created.zones.first().cloned().unwrap_or_default(),
        created: Some(created),
        existing: None,
        vpc: "aws_vpc.fleet",
        subnets: "aws_subnet.private",
        egress,
    }
}

/// The zones of a fleet that names none: the first of its region.
#[must_use]
pub fn default_zones(region: &str) -> Vec<String> {
    regions::find(region)
        .map(|region| region.zones().take(DEFAULT_ZONES).collect())
        .unwrap_or_default()
}

fn resolve_egress(egress: &[fleet::Egress]) -> Vec<Egress> {
    let mut rules: Vec<Egress> = egress
        .iter()
        .map(|rule| {
            let fleet::Egress {
                port,
                to_port,
                protocol,
                cidr_block,
                description,
            } = rule;
            let (from_port, to_port) = (port.get(), to_port.unwrap_or(*port).get());
            let word = match protocol {
                fleet::Protocol::Tcp => "tcp",
                fleet::Protocol::Udp => "udp",
            };
            let ports = if from_port == to_port {
                from_port.to_string()
            } else {
                format!("{from_port}-{to_port}")
            };
            Egress {
                key: format!("{word}-{ports}-{cidr_block}"),
                cidr_block: cidr_block.clone(),
                description: description.clone(),
                protocol: *protocol,
                from_port,
                to_port,
            }
        })
        .collect();
    rules.sort_by(|a, b| {
        (a.from_port, a.to_port, &a.cidr_block).cmp(&(b.from_port, b.to_port, &b.cidr_block))
    });
    rules
}
