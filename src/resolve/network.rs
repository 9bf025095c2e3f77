//! `[network]`

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fleet::{FlowLogs, NatGateways};
use crate::{derive, fleet};

/// The network and what the workers reach through it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Network {
    /// The VPC that is made; `None` where an existing one is used.
    pub created: Option<CreatedNetwork>,
    pub existing: Option<fleet::ExistingNetwork>,
    /// Groups of the existing VPC that workers are in besides the fleet's own.
    pub extra_security_groups: Vec<String>,
    /// What the workers may connect to, by a key that says it.
    pub egress: Vec<Egress>,
    /// Whether any rule leads to IPv6 addresses.
    pub has_ipv6_egress: bool,
    /// Gateway endpoints that the workers reach by a rule of its own each.
    pub gateway_egress: Vec<String>,
    /// The proxy that hosts reach the internet by.
    pub proxy: Option<Proxy>,
}

/// An HTTP proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proxy {
    pub url: String,
    /// Everything that is reached without it.
    pub no_proxy: Vec<String>,
    /// The hosts among these, one by one: apt knows no other exception.
    pub hosts: Vec<String>,
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
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of one part of the network whether it is there, and templates ask them one by one"
)]
pub struct CreatedNetwork {
    pub cidr_block: String,
    /// In the order of fleet.toml.
    pub zones: Vec<String>,
    /// The workers' subnets: range by zone.
    pub private_subnets: BTreeMap<String, String>,
    /// The NAT gateways' subnets: range by zone. Empty without NAT.
    pub public_subnets: BTreeMap<String, String>,
    /// Whether fleet.toml declares the ranges, rather than leaving them to be computed.
    pub declares_private: bool,
    pub declares_public: bool,
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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Egress {
    /// Protocol, ports and range, which no other rule has.
    pub key: String,
    /// The IPv4 range connected to, unless it is something else.
    pub cidr_block: Option<String>,
    pub ipv6_cidr_block: Option<String>,
    pub prefix_list: Option<String>,
    pub description: String,
    pub protocol: fleet::Protocol,
    pub from_port: u32,
    pub to_port: u32,
}

pub fn resolve(fleet: &fleet::Fleet) -> Network {
    let (network, identity) = (&fleet.network, &fleet.identity);
    let fleet::Network {
        cidr_block,
        availability_zones: _,
        private_subnets,
        public_subnets,
        nat_gateways,
        vpc_endpoints: _,
        flow_logs,
        egress,
        proxy,
        existing,
    } = network;
    let proxy = proxy.as_ref().map(|proxy| resolve_proxy(fleet, proxy));
    let egress = resolve_egress(egress);
    let has_ipv6_egress = egress.iter().any(|rule| rule.ipv6_cidr_block.is_some());
    let gateway_egress = derive::egress::gateway_endpoints_needing_egress(network);
    if existing.is_some() {
        return Network {
            created: None,
            existing: existing.clone(),
            extra_security_groups: derive::network::extra_security_groups(network).to_vec(),
            egress,
            has_ipv6_egress,
            gateway_egress,
            proxy,
        };
    }
    let zones = derive::network::zones(network, identity);
    let subnets = derive::network::subnets(network, identity);
    let gateway_endpoints = derive::network::gateway_endpoints(network);
    let has = |service: &str| gateway_endpoints.iter().any(|name| name == service);
    let first_zone = zones.first().cloned();
    let created = CreatedNetwork {
        cidr_block: cidr_block.clone(),
        zones,
        private_subnets: subnets.private,
        public_subnets: subnets.public,
        declares_private: private_subnets.is_some(),
        declares_public: public_subnets.is_some(),
        nat_gateways: *nat_gateways,
        has_nat: *nat_gateways != NatGateways::None,
        single_nat_zone: first_zone.filter(|_| *nat_gateways == NatGateways::Single),
        interface_endpoints: derive::network::interface_endpoints(network),
        has_s3_endpoint: has("s3"),
        has_dynamodb_endpoint: has("dynamodb"),
        gateway_endpoints,
        flow_logs: flow_logs.clone(),
    };
    Network {
        created: Some(created),
        existing: None,
        extra_security_groups: Vec::new(),
        egress,
        has_ipv6_egress,
        gateway_egress,
        proxy,
    }
}

fn resolve_proxy(fleet: &fleet::Fleet, proxy: &fleet::Proxy) -> Proxy {
    let fleet::Proxy {
        url,
        // Among others.
        no_proxy: _,
    } = proxy;
    let no_proxy = derive::proxy::no_proxy(fleet, proxy);
    Proxy {
        url: url.clone(),
        hosts: no_proxy
            .iter()
            .filter(|entry| derive::proxy::is_host_name(entry))
            .cloned()
            .collect(),
        no_proxy,
    }
}

fn resolve_egress(egress: &[fleet::Egress]) -> Vec<Egress> {
    let mut rules: Vec<Egress> = egress
        .iter()
        .map(|rule| {
            let fleet::Egress {
                port: _,
                to_port: _,
                protocol,
                cidr_block: _,
                ipv6_cidr_block,
                prefix_list,
                description,
            } = rule;
            let (from_port, to_port) = derive::egress::ports(rule).into_inner();
            Egress {
                key: derive::egress::key(rule),
                cidr_block: derive::egress::ipv4_range(rule).map(str::to_owned),
                ipv6_cidr_block: ipv6_cidr_block.clone(),
                prefix_list: prefix_list.clone(),
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
