//! Where the subnets of an existing VPC lead to.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::network::subnets_of;
use crate::load::Path;
use crate::preflight::call::{Call, flag, list, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::{ENDPOINT_MISSING, NO_ROUTE};
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[Check {
    subject: "routes and endpoints of the existing VPC",
    scope: Scope::Environment,
    concerns_bakes: true,
    actions: &[
        "ec2:DescribeRouteTables",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpoints",
    ],
    run: routes,
}];

/// What a subnet's default route leads to.
enum Way<'v> {
    Out,
    Internet(&'v str),
    Gone(&'v str),
    None,
}

/// The route table of a subnet: its own, or the VPC's main one.
fn table_of<'v>(tables: &'v [Value], subnet: &str) -> Option<&'v Value> {
    let with = |is: &dyn Fn(&Value) -> bool| {
        tables
            .iter()
            .find(|table| list(table, "associationSet").iter().any(is))
    };
    with(&|it| text(it, "subnetId") == subnet).or_else(|| with(&|it| flag(it, "main")))
}

fn way(table: Option<&Value>) -> Way<'_> {
    let routes = table.map_or(&[][..], |table| list(table, "routeSet"));
    let Some(route) = routes
        .iter()
        .find(|it| text(it, "destinationCidrBlock") == "0.0.0.0/0")
    else {
        return Way::None;
    };
    let members = [
        "natGatewayId",
        "transitGatewayId",
        "networkInterfaceId",
        "instanceId",
        "vpcPeeringConnectionId",
        "gatewayId",
    ];
    let target = members
        .iter()
        .map(|name| text(route, name))
        .find(|it| !it.is_empty())
        .unwrap_or("its target");
    match text(route, "state") {
        "blackhole" => Way::Gone(target),
        _ if target.starts_with("igw-") => Way::Internet(target),
        _ => Way::Out,
    }
}

fn routes(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let Some(existing) = &ctx.environment.network.existing else {
        return Ok(());
    };
    let of_vpc = json!({ "Filter": [{ "Name": "vpc-id", "Value": [existing.vpc_id] }] });
    let tables = Call::new(
        "ec2",
        ctx.region(),
        "DescribeRouteTables",
        of_vpc.clone(),
        &[
            "routeTableSet",
            "routeTableId",
            "associationSet",
            "subnetId",
            "main",
            "routeSet",
            "destinationCidrBlock",
            "natGatewayId",
            "transitGatewayId",
            "networkInterfaceId",
            "instanceId",
            "vpcPeeringConnectionId",
            "gatewayId",
            "state",
        ],
    );
    let endpoints = Call::new(
        "ec2",
        ctx.region(),
        "DescribeVpcEndpoints",
        of_vpc,
        &[
            "vpcEndpointSet",
            "serviceName",
            "state",
            "vpcEndpointType",
            "privateDnsEnabled",
            "routeTableIdSet",
        ],
    );
    facts.want(endpoints.clone());
    facts.want(subnets_of(ctx, existing));
    let tables = list(facts.get(tables)?, "routeTableSet");
    let endpoints = list(facts.get(endpoints)?, "vpcEndpointSet");
    let subnets = list(facts.get(subnets_of(ctx, existing))?, "subnetSet");
    // A subnet that is not there, or another VPC's, is told by another check.
    let is_of_vpc = |id: &str| {
        let of_id = |it: &&Value| text(it, "subnetId") == id;
        let found = subnets.iter().find(of_id);
        found.is_some_and(|it| text(it, "vpcId") == existing.vpc_id)
    };
    let named = existing.private_subnet_ids.iter().enumerate();
    for (index, subnet) in named.filter(|(_, id)| is_of_vpc(id)) {
        let path = Path::of("network.existing.private_subnet_ids").index(index);
        let table = table_of(tables, subnet);
        match way(table) {
            Way::Out => {}
            Way::Internet(target) => out.add(
                NO_ROUTE,
                path,
                format!("subnet {subnet} leads to the internet gateway {target}"),
                "workers have no public address, so nothing comes back",
                "name private subnets, whose default route leads to a NAT or transit gateway",
            ),
            Way::Gone(target) => out.add(
                NO_ROUTE,
                path,
                format!("the default route of subnet {subnet} leads to {target}, which is gone"),
                "what is sent there is dropped",
                "ask the VPC's owners to mend the route table",
            ),
            Way::None => {
                let missing = missing(ctx, table, endpoints);
                if !missing.is_empty() {
                    out.add(
                        ENDPOINT_MISSING,
                        path,
                        format!("subnet {subnet} has no way out, and its VPC no endpoint for {}", missing.join(", ")),
                        "workers and build hosts do not reach these services",
                        "ask the VPC's owners for the endpoints, each with private names, or for a default route",
                    );
                }
            }
        }
    }
    Ok(())
}

/// The services that a worker and a build host need and that have no endpoint.
fn missing<'c>(ctx: &'c Context<'_>, table: Option<&Value>, endpoints: &[Value]) -> Vec<&'c str> {
    // Build hosts fetch packages and the bundle by S3; the group's hooks are completed by Auto Scaling.
    let mut needed = BTreeSet::from([
        "autoscaling",
        "ec2",
        "kms",
        "logs",
        "monitoring",
        "s3",
        "ssm",
        "ssmmessages",
    ]);
    if !ctx.environment.secrets.secrets.is_empty() {
        needed.insert("secretsmanager");
    }
    let table = table.map_or("", |table| text(table, "routeTableId"));
    let is_there = |service: &&str| {
        endpoints.iter().any(|endpoint| {
            let is_of = text(endpoint, "serviceName").ends_with(&format!(".{service}"));
            let works = match text(endpoint, "vpcEndpointType") {
                "Gateway" => list(endpoint, "routeTableIdSet")
                    .iter()
                    .any(|it| it.as_str() == Some(table)),
                _ => flag(endpoint, "privateDnsEnabled"),
            };
            is_of && works && text(endpoint, "state").eq_ignore_ascii_case("available")
        })
    };
    needed
        .into_iter()
        .filter(|service| !is_there(service))
        .collect()
}
