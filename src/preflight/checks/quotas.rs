//! Whether the account's quotas hold the fleet at its largest.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::quota_families::{self, QuotaFamily};
use crate::catalog::instance_types;
use crate::derive;
use crate::load::Path;
use crate::preflight::call::{Answer, Call, list, number, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::{ADDRESS_QUOTA, NAT_QUOTA, VCPU_QUOTA, VPC_QUOTA};
use crate::preflight::facts::{Facts, NotKnown, Stop, is_missing};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[
    Check {
        subject: "quotas of vCPUs",
        scope: Scope::Environment,
        concerns_bakes: false,
        actions: &[
            "ec2:DescribeInstances",
            "servicequotas:GetAWSDefaultServiceQuota",
            "servicequotas:GetServiceQuota",
        ],
        run: vcpus,
    },
    Check {
        subject: "the quota of vCPUs, for a build host",
        scope: Scope::Environment,
        concerns_bakes: true,
        actions: &[],
        run: build_host,
    },
    Check {
        subject: "quotas of the network",
        scope: Scope::Environment,
        concerns_bakes: false,
        actions: &[
            "ec2:DescribeAddresses",
            "ec2:DescribeNatGateways",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ],
        run: network,
    },
];

/// A quota of the account in the region: its own, or AWS's default where it never had another.
fn quota(ctx: &Context<'_>, facts: &Facts, service: &str, code: &str) -> Result<f64, Stop> {
    let input = json!({ "ServiceCode": service, "QuotaCode": code });
    let ask = |operation| {
        Call::new(
            "servicequotas",
            ctx.region(),
            operation,
            input.clone(),
            &["Quota", "Value"],
        )
    };
    let own = ask("GetServiceQuota");
    let answer = match facts.answer(own.clone())? {
        Answer::Refused { code, .. } if is_missing(code) => {
            facts.find(ask("GetAWSDefaultServiceQuota"))?
        }
        _ => facts.find(own)?,
    };
    let value = answer.and_then(|answer| number(answer.get("Quota")?, "Value"));
    value.ok_or_else(|| {
        Stop::NotKnown(NotKnown {
            action: "servicequotas:GetServiceQuota".to_owned(),
            problem: format!("it knows no quota {code} of {service}"),
            is_denied: false,
        })
    })
}

/// Instances that run, with these filters besides.
fn running(ctx: &Context<'_>, filters: &[(&str, &str)]) -> Call {
    let mut all = vec![json!({ "Name": "instance-state-name", "Value": ["pending", "running"] })];
    all.extend(
        filters
            .iter()
            .map(|(name, value)| json!({ "Name": name, "Value": [value] })),
    );
    Call::new(
        "ec2",
        ctx.region(),
        "DescribeInstances",
        json!({ "Filter": all, "MaxResults": 1000 }),
        &[
            "reservationSet",
            "instancesSet",
            "instanceType",
            "instanceLifecycle",
            "cpuOptions",
            "coreCount",
            "threadsPerCore",
        ],
    )
}

fn of_environment<'c>(ctx: &'c Context<'_>) -> [(&'static str, &'c str); 2] {
    let identity = &ctx.environment.identity;
    [
        ("tag:Fleet", &identity.fleet),
        ("tag:Environment", &identity.environment),
    ]
}

/// The vCPUs of instances, by the code of the quota that counts them.
fn used(instances: &Value) -> BTreeMap<&'static str, u32> {
    let mut used = BTreeMap::new();
    let reservations = list(instances, "reservationSet").iter();
    for instance in reservations.flat_map(|it| list(it, "instancesSet")) {
        let instance_type = text(instance, "instanceType");
        let family = quota_families::of(instance_type);
        let code = match text(instance, "instanceLifecycle") {
            "spot" => family.spot,
            _ => Some(family.on_demand),
        };
        let cores = instance
            .get("cpuOptions")
            .and_then(|it| Some((number(it, "coreCount")? * number(it, "threadsPerCore")?) as u32));
        let of_type = || instance_types::find(instance_type).map(|it| it.vcpus);
        if let (Some(code), Some(vcpus)) = (code, cores.filter(|it| *it > 0).or_else(of_type)) {
            *used.entry(code).or_default() += vcpus;
        }
    }
    used
}

/// What others in the account use of each quota.
fn used_by_others(ctx: &Context<'_>, facts: &Facts) -> Result<BTreeMap<&'static str, u32>, Stop> {
    let own = running(ctx, &of_environment(ctx));
    facts.want(own.clone());
    let mut all = used(facts.get(running(ctx, &[]))?);
    for (code, vcpus) in used(facts.get(own)?) {
        let of_all = all.entry(code).or_default();
        *of_all = of_all.saturating_sub(vcpus);
    }
    Ok(all)
}

/// The most vCPUs of one purchase option that types of a group can have at the largest size, and the type that has them.
fn most<'c>(ctx: &'c Context<'_>, family: &QuotaFamily, units: u32) -> Option<(u32, u32, &'c str)> {
    let types = ctx.environment.instances.types.iter();
    let of_family = types.filter(|it| quota_families::of(&it.instance_type) == family);
    let vcpus = of_family.filter_map(|choice| {
        let count = units.div_ceil(choice.weight.max(1));
        let each = instance_types::find(&choice.instance_type)?.vcpus;
        Some((count * each, count, choice.instance_type.as_str()))
    });
    vcpus.max_by_key(|(vcpus, ..)| *vcpus)
}

fn vcpus(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let largest = derive::scaling::largest_size(&ctx.fleet.scaling, &ctx.fleet.schedule);
    let instances = &ctx.environment.instances;
    let base = instances.on_demand_base_capacity.min(largest);
    let percent = instances.on_demand_percentage_above_base_capacity;
    let on_demand = base + ((largest - base) * percent).div_ceil(100);
    let mut needs = Vec::new();
    let families: BTreeMap<_, _> = instances
        .types
        .iter()
        .map(|it| quota_families::of(&it.instance_type))
        .map(|family| (family.name, family))
        .collect();
    for family in families.into_values() {
        let options = [
            ("on demand", Some(family.on_demand), on_demand),
            ("as spot", family.spot, largest - on_demand),
        ];
        for (option, code, units) in options {
            if let (Some(code), Some(most)) = (code, most(ctx, family, units).filter(|it| it.0 > 0))
            {
                needs.push((family, option, code, most));
            }
        }
    }
    // All that is asked is asked at once.
    let _ = used_by_others(ctx, facts);
    for (.., code, _) in &needs {
        let _ = quota(ctx, facts, "ec2", code);
    }
    let others = used_by_others(ctx, facts)?;
    for (family, option, code, (vcpus, count, instance_type)) in needs {
        let quota = quota(ctx, facts, "ec2", code)?;
        let others = others.get(code).copied().unwrap_or_default();
        if f64::from(vcpus + others) > quota {
            let used = match others {
                0 => String::new(),
                _ => format!(", of which others use {others}"),
            };
            out.add(
                VCPU_QUOTA,
                ctx.declared_or("scaling.max_size", "scaling"),
                format!(
                    "the account may run {quota} vCPUs of {} {option} in {}{used}, and the fleet needs up to {vcpus}",
                    family.name,
                    ctx.region()
                ),
                format!("{count} instances of {instance_type} have {vcpus} vCPUs"),
                format!(
                    "ask for more with `aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {code} --desired-value {} --region {}`, or lower `max_size`",
                    vcpus + others,
                    ctx.region()
                ),
            );
        }
    }
    Ok(())
}

fn build_host(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let build_type = &ctx.environment.image.build_instance_type;
    let Some(vcpus) = instance_types::find(build_type).map(|it| it.vcpus) else {
        return Ok(());
    };
    let family = quota_families::of(build_type);
    facts.want(running(ctx, &[]));
    let quota = quota(ctx, facts, "ec2", family.on_demand)?;
    let used = used(facts.get(running(ctx, &[]))?);
    let used = used.get(family.on_demand).copied().unwrap_or_default();
    if f64::from(used + vcpus) > quota {
        out.add(
            VCPU_QUOTA,
            ctx.declared_or("image.build_instance_type", "image"),
            format!(
                "the account may run {quota} vCPUs of {} on demand in {}, uses {used}, and a build host needs {vcpus}",
                family.name,
                ctx.region()
            ),
            format!("{build_type} has {vcpus} vCPUs"),
            format!(
                "ask for more with `aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {} --desired-value {} --region {}`",
                family.on_demand,
                used + vcpus,
                ctx.region()
            ),
        );
    }
    Ok(())
}

fn filters(filters: &[(&str, &str)]) -> Value {
    let one = |(name, value): &(&str, &str)| json!({ "Name": name, "Value": [value] });
    json!({ "Filter": filters.iter().map(one).collect::<Vec<_>>() })
}

/// Codes of Service Quotas: addresses, NAT gateways of a zone, VPCs.
const ADDRESSES: &str = "L-0263D0A3";
const NAT_GATEWAYS: &str = "L-FE5A380F";
const VPCS: &str = "L-F678F1CE";

/// Whether there is room for the fleet's VPC, where Terraform has not made it yet.
fn vpcs(
    ctx: &Context<'_>,
    facts: &Facts,
    out: &mut Findings,
    own: &[(&str, &str)],
) -> Result<(), Stop> {
    let vpcs = |input| {
        Call::new(
            "ec2",
            ctx.region(),
            "DescribeVpcs",
            input,
            &["vpcSet", "vpcId"],
        )
    };
    facts.want(vpcs(json!({})));
    let own_vpcs = list(facts.get(vpcs(filters(own)))?, "vpcSet").len();
    if own_vpcs == 0 {
        let all = list(facts.get(vpcs(json!({})))?, "vpcSet").len();
        let quota = quota(ctx, facts, "vpc", VPCS)?;
        if all as f64 + 1.0 > quota {
            out.add(
                VPC_QUOTA,
                ctx.declared_or("network.cidr_block", "network"),
                format!(
                    "the account may have {quota} VPCs in {}, and has {all}",
                    ctx.region()
                ),
                "one more is made for the fleet",
                more("vpc", VPCS, all + 1, ctx.region())
                    + ", or name an existing VPC with [network.existing]",
            );
        }
    }
    Ok(())
}

fn network(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let Some(created) = &ctx.environment.network.created else {
        return Ok(());
    };
    let own = of_environment(ctx);
    let ask = |operation, input, keep| Call::new("ec2", ctx.region(), operation, input, keep);
    vpcs(ctx, facts, out, &own)?;
    if !created.has_nat {
        return Ok(());
    }
    let zones: Vec<&String> = match &created.single_nat_zone {
        Some(zone) => vec![zone],
        None => created.zones.iter().collect(),
    };
    let addresses = |input| {
        ask(
            "DescribeAddresses",
            input,
            &["addressesSet", "allocationId"],
        )
    };
    facts.want(addresses(json!({})));
    facts.want(addresses(filters(&own)));
    let gateways = |filters: &[(&str, &str)]| {
        let mut all = vec![json!({ "Name": "state", "Value": ["pending", "available"] })];
        all.extend(
            filters
                .iter()
                .map(|(name, value)| json!({ "Name": name, "Value": [value] })),
        );
        ask(
            "DescribeNatGateways",
            json!({ "Filter": all }),
            &["natGatewaySet", "natGatewayId", "subnetId"],
        )
    };
    facts.want(gateways(&[]));
    facts.want(gateways(&own));
    let subnets = ask(
        "DescribeSubnets",
        json!({}),
        &["subnetSet", "subnetId", "availabilityZone"],
    );
    facts.want(subnets.clone());
    let address_quota = quota(ctx, facts, "ec2", ADDRESSES)?;
    let nat_quota = quota(ctx, facts, "vpc", NAT_GATEWAYS)?;
    let all = list(facts.get(addresses(json!({})))?, "addressesSet").len();
    let of_fleet = list(facts.get(addresses(filters(&own)))?, "addressesSet").len();
    let others = all - of_fleet.min(all);
    if (others + zones.len()) as f64 > address_quota {
        out.add(
            ADDRESS_QUOTA,
            ctx.declared_or("network.nat_gateways", "network"),
            format!(
                "the account may have {address_quota} Elastic IP addresses in {}, of which others use {others}, and the fleet needs {}",
                ctx.region(),
                zones.len()
            ),
            "one address for each NAT gateway",
            more("ec2", ADDRESSES, others + zones.len(), ctx.region()) + ", or release addresses that nothing uses",
        );
    }
    let of_fleet: BTreeSet<&str> = list(facts.get(gateways(&own))?, "natGatewaySet")
        .iter()
        .map(|it| text(it, "natGatewayId"))
        .collect();
    let zone_of: BTreeMap<&str, &str> = list(facts.get(subnets)?, "subnetSet")
        .iter()
        .map(|it| (text(it, "subnetId"), text(it, "availabilityZone")))
        .collect();
    let all = list(facts.get(gateways(&[]))?, "natGatewaySet");
    for zone in zones {
        let others = all.iter().filter(|it| {
            zone_of.get(text(it, "subnetId")) == Some(&zone.as_str())
                && !of_fleet.contains(text(it, "natGatewayId"))
        });
        let others = others.count();
        if others as f64 + 1.0 > nat_quota {
            out.add(
                NAT_QUOTA,
                ctx.declared_or("network.nat_gateways", "network"),
                format!("the account may have {nat_quota} NAT gateways in {zone}, and others use {others}"),
                "one more is made there",
                more("vpc", NAT_GATEWAYS, others + 1, ctx.region()),
            );
        }
    }
    Ok(())
}

fn more(service: &str, code: &str, wanted: usize, region: &str) -> String {
    format!(
        "ask for more with `aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} --desired-value {wanted} --region {region}`"
    )
}

/// The path of a fleet's element.
#[must_use]
pub fn type_path(index: usize) -> Path {
    Path::of("instances.types")
        .index(index)
        .key("instance_type")
}
