//! Rules about spot capacity.

use super::finding::{Finding, Findings};
use super::instance_types::{declared, path};
use super::rule::{Context, Rule};
use crate::derive::instances::facts;
use crate::derive::network::zone_count;
use crate::derive::scaling::uses_spot;
use crate::diagnostic::Severity;
use crate::fleet::CpuCredits;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "instances.type-no-spot",
        severity: Severity::Error,
        title: "Every type is offered as spot where spot is used",
        reason: "EC2 refuses a spot request for a type that it does not offer as spot \
              (DescribeInstanceTypes, supported usage classes).",
        run: no_spot,
    },
    Rule {
        code: "instances.few-types",
        severity: Severity::Warning,
        title: "Spot capacity is drawn from ten types or more",
        reason: "Each type in each zone is a pool of its own. EC2's spot best practices ask for at \
              least ten types, so that one empty pool is not an outage.",
        run: few_types,
    },
    Rule {
        code: "instances.few-zones",
        severity: Severity::Warning,
        title: "Spot capacity is drawn from two zones or more",
        reason: "A zone can run out of spot capacity in all types at once.",
        run: few_zones,
    },
    Rule {
        code: "instances.unlimited-credits-on-spot",
        severity: Severity::Warning,
        title: "Burstable spot instances do not spend CPU credits that they have to pay for",
        reason: "With unlimited credits a burstable spot instance that works from its first minute \
              on pays 0.05 USD per vCPU-hour above its baseline (EC2 user guide, burstable \
              instances), which is often more than the instance itself.",
        run: unlimited_credits,
    },
];

/// The key that says how much of the group is spot, to be pointed at beside a finding.
pub fn spot_share_path() -> Path {
    Path::of("instances.on_demand_percentage_above_base_capacity")
}

fn no_spot(context: &Context<'_>, findings: &mut Findings) {
    if !uses_spot(context.fleet) {
        return;
    }
    for (index, choice) in declared(context) {
        if facts(&choice.instance_type, &context.fleet.instance_types)
            .is_some_and(|facts| !facts.spot)
        {
            findings.push(
                Finding::new(
                    path(index).key("instance_type"),
                    format!("{} is not offered as spot", choice.instance_type),
                )
                .label("on demand only")
                .related(spot_share_path(), "the other instances are spot")
                .help(
                    "choose another type, or set `on_demand_percentage_above_base_capacity = 100`",
                ),
            );
        }
    }
}

fn few_types(context: &Context<'_>, findings: &mut Findings) {
    const DEPENDABLE: usize = 10;
    let count = context.fleet.instances.types.len();
    if uses_spot(context.fleet) && (1..DEPENDABLE).contains(&count) {
        let types = if count == 1 { "type" } else { "types" };
        findings.push(
            Finding::new(
                Path::of("instances.types"),
                format!("spot capacity depends on only {count} {types}"),
            )
            .on_key()
            .label(format!("{count} {types}; EC2 recommends at least 10"))
            .related(spot_share_path(), "the other instances are spot")
            .help("add types of the same size from other families and generations"),
        );
    }
}

fn few_zones(context: &Context<'_>, findings: &mut Findings) {
    if !uses_spot(context.fleet) || zone_count(&context.fleet.network, &context.fleet.identity) != 1
    {
        return;
    }
    let path = if context.fleet.network.existing.is_some() {
        Path::of("network.existing.private_subnet_ids")
    } else {
        Path::of("network.availability_zones")
    };
    findings.push(
        Finding::new(path, "spot capacity depends on a single Availability Zone")
            .label("a single zone")
            .related(spot_share_path(), "the other instances are spot")
            .help("add a second zone"),
    );
}

fn unlimited_credits(context: &Context<'_>, findings: &mut Findings) {
    let burstable = declared(context).find(|(_, choice)| {
        facts(&choice.instance_type, &context.fleet.instance_types)
            .is_some_and(|facts| facts.burstable)
    });
    let unlimited = context.fleet.instances.cpu_credits == CpuCredits::Unlimited;
    if let (Some((index, choice)), true, true) = (burstable, unlimited, uses_spot(context.fleet)) {
        findings.push(
            Finding::new(
                Path::of("instances.cpu_credits"),
                "burstable spot instances are charged for CPU credits",
            )
            .label("each vCPU-hour above the baseline costs extra")
            .related(
                path(index),
                format!("{} is burstable", choice.instance_type),
            )
            .help("set `cpu_credits = \"standard\"`, or choose types that are not burstable"),
        );
    }
}
