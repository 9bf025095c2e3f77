//! The existing VPC that fleet.toml names, with its subnets and groups.

use serde_json::json;

use crate::fleet::ExistingNetwork;
use crate::load::Path;
use crate::preflight::call::{Call, flag, list, number, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::{SECURITY_GROUP, SUBNET, SUBNET_FULL, VPC_DNS, VPC_MISSING};
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[
    Check {
        subject: "the existing VPC",
        scope: Scope::Environment,
        concerns_bakes: true,
        actions: &["ec2:DescribeVpcAttribute", "ec2:DescribeVpcs"],
        run: vpc,
    },
    Check {
        subject: "the existing subnets",
        scope: Scope::Environment,
        concerns_bakes: true,
        actions: &["ec2:DescribeSubnets"],
        run: subnets,
    },
    Check {
        subject: "the existing security groups",
        scope: Scope::Environment,
        concerns_bakes: false,
        actions: &["ec2:DescribeSecurityGroups"],
        run: groups,
    },
];

/// The existing VPC's subnets that the workers run in.
#[must_use]
pub fn subnets_of(ctx: &Context<'_>, existing: &ExistingNetwork) -> Call {
    Call::new(
        "ec2",
        ctx.region(),
        "DescribeSubnets",
        json!({ "Filter": [{ "Name": "subnet-id", "Value": existing.private_subnet_ids }] }),
        &[
            "subnetSet",
            "subnetId",
            "vpcId",
            "availabilityZone",
            "availableIpAddressCount",
        ],
    )
}

fn vpc(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let Some(existing) = &ctx.environment.network.existing else {
        return Ok(());
    };
    let path = || Path::of("network.existing.vpc_id");
    let id = &existing.vpc_id;
    let call = Call::new(
        "ec2",
        ctx.region(),
        "DescribeVpcs",
        json!({ "Filter": [{ "Name": "vpc-id", "Value": [id] }] }),
        &["vpcSet", "vpcId"],
    );
    if list(facts.get(call)?, "vpcSet").is_empty() {
        out.add(
            VPC_MISSING,
            path(),
            format!("account {} has no VPC {id} in {}", ctx.caller.account, ctx.region()),
            "not there",
            format!("name one that `aws ec2 describe-vpcs --region {}` lists, or sign in to its account", ctx.region()),
        );
        return Ok(());
    }
    let attribute = |name: &str, keep| {
        let input = json!({ "VpcId": id, "Attribute": name });
        Call::new("ec2", ctx.region(), "DescribeVpcAttribute", input, keep)
    };
    let support = attribute("enableDnsSupport", &["enableDnsSupport", "value"]);
    facts.want(support.clone());
    let names = facts.get(attribute(
        "enableDnsHostnames",
        &["enableDnsHostnames", "value"],
    ))?;
    let support = facts.get(support)?;
    for (name, answer) in [("enableDnsSupport", support), ("enableDnsHostnames", names)] {
        if !flag(&answer[name], "value") {
            out.add(
                VPC_DNS,
                path(),
                format!("VPC {id} has `{name}` off"),
                "workers find no private name of AWS's services",
                format!("ask the VPC's owners to switch it on: `aws ec2 modify-vpc-attribute --vpc-id {id} --{} --region {}`", kebab(name), ctx.region()),
            );
        }
    }
    Ok(())
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            out.push('-');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}

fn subnets(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let Some(existing) = &ctx.environment.network.existing else {
        return Ok(());
    };
    let found = list(facts.get(subnets_of(ctx, existing))?, "subnetSet");
    let count = existing.private_subnet_ids.len().max(1);
    let largest = crate::derive::scaling::largest_size(&ctx.fleet.scaling, &ctx.fleet.schedule);
    let share = largest.div_ceil(count as u32);
    for (index, id) in existing.private_subnet_ids.iter().enumerate() {
        let path = || Path::of("network.existing.private_subnet_ids").index(index);
        let Some(subnet) = found.iter().find(|it| text(it, "subnetId") == id) else {
            out.add(
                SUBNET,
                path(),
                format!(
                    "account {} has no subnet {id} in {}",
                    ctx.caller.account,
                    ctx.region()
                ),
                "not there",
                format!("name subnets of {}", existing.vpc_id),
            );
            continue;
        };
        if text(subnet, "vpcId") != existing.vpc_id {
            out.add(
                SUBNET,
                path(),
                format!("subnet {id} is of VPC {}", text(subnet, "vpcId")),
                "another VPC's",
                format!("name subnets of {}", existing.vpc_id),
            );
        } else if let Some(free) =
            number(subnet, "availableIpAddressCount").filter(|it| *it < f64::from(share))
        {
            out.add(
                SUBNET_FULL,
                path(),
                format!("subnet {id} has {free} free addresses, and may get {share} instances"),
                "too small for the largest size of the group",
                "name larger subnets, or lower `max_size`",
            );
        }
    }
    Ok(())
}

fn groups(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let Some(existing) = &ctx.environment.network.existing else {
        return Ok(());
    };
    if existing.security_group_ids.is_empty() {
        return Ok(());
    }
    let call = Call::new(
        "ec2",
        ctx.region(),
        "DescribeSecurityGroups",
        json!({ "Filter": [{ "Name": "group-id", "Value": existing.security_group_ids }] }),
        &["securityGroupInfo", "groupId", "vpcId"],
    );
    let found = list(facts.get(call)?, "securityGroupInfo");
    for (index, id) in existing.security_group_ids.iter().enumerate() {
        let group = found.iter().find(|it| text(it, "groupId") == id);
        let problem = match group.map(|it| text(it, "vpcId")) {
            None => format!(
                "account {} has no security group {id} in {}",
                ctx.caller.account,
                ctx.region()
            ),
            Some(vpc) if vpc != existing.vpc_id => format!("security group {id} is of VPC {vpc}"),
            Some(_) => continue,
        };
        out.add(
            SECURITY_GROUP,
            Path::of("network.existing.security_group_ids").index(index),
            problem,
            "EC2 refuses it",
            format!("name groups of {}", existing.vpc_id),
        );
    }
    Ok(())
}
