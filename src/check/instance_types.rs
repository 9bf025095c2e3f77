//! Rules about the instance types.

use super::finding::{Finding, Findings};
use super::identifiers::duplicates;
use super::rule::{Context, Rule};
use crate::catalog::instance_types::{self, InstanceType};
use crate::catalog::regional::{self, OFFERED_AS_OF, Offer};
use crate::derive::instances::{facts, slots};
use crate::diagnostic::Severity;
use crate::fleet::InstanceTypeOverride;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "instances.types-none",
        severity: Severity::Error,
        title: "There is at least one instance type",
        reason: "There is no safe default: the type decides what a worker can do and what it costs.",
        run: none,
    },
    Rule {
        code: "instances.types-too-many",
        severity: Severity::Error,
        title: "There are at most 40 instance types",
        reason: "EC2 Auto Scaling API reference, LaunchTemplate of a mixed instances policy: up to \
              40 overrides.",
        run: too_many,
    },
    Rule {
        code: "instances.type-unknown",
        severity: Severity::Error,
        title: "Every instance type is in the catalogue or in `[instance_types]`",
        reason: "Slots, weights and cost are computed from the memory, vCPUs and price in the \
              catalogue. A newer type is declared with the same facts.",
        run: unknown,
    },
    Rule {
        code: "instances.type-not-in-region",
        severity: Severity::Warning,
        title: "Every instance type is offered in the fleet's region",
        reason: "EC2 Auto Scaling launches none of a type that its region does not have, and the apply may be refused. \
              The catalogue has what DescribeInstanceTypeOfferings answered on 2026-10-27; AWS may have added the type \
              since then.",
        run: not_in_region,
    },
    Rule {
        code: "instances.type-twice",
        severity: Severity::Error,
        title: "Every instance type is listed once",
        reason: "EC2 Auto Scaling refuses two overrides of the same type.",
        run: twice,
    },
    Rule {
        code: "instances.type-architecture",
        severity: Severity::Error,
        title: "Every instance type has the fleet's architecture",
        reason: "One image serves the whole fleet, and an image has one architecture.",
        run: architecture,
    },
    Rule {
        code: "instances.type-bare-metal",
        severity: Severity::Error,
        title: "No instance type is bare metal",
        reason: "Bare metal takes many minutes to start, is rarely available as spot, and cannot be \
              moved by automatic recovery.",
        run: bare_metal,
    },
    Rule {
        code: "instances.type-no-encryption",
        severity: Severity::Error,
        title: "Every instance type can use encrypted volumes",
        reason: "Every volume of the fleet is encrypted (DescribeInstanceTypes, EBS encryption \
              support).",
        run: no_encryption,
    },
    Rule {
        code: "instances.type-too-small",
        severity: Severity::Error,
        title: "At least one browser fits on every type",
        reason: "`[instances.capacity]` computes the slots from memory and vCPUs; an instance \
              without a slot costs money and takes no task.",
        run: too_small,
    },
    Rule {
        code: "instances.weights-partial",
        severity: Severity::Error,
        title: "Weights are given for all types or for none",
        reason: "Declared and computed weights are in different units, so `min_size` and `max_size` \
              could not count both.",
        run: weights_partial,
    },
];

/// The types with their indices.
pub fn declared<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = (usize, &'a InstanceTypeOverride)> + use<'a> {
    context.fleet.instances.types.iter().enumerate()
}

/// The place of a type.
pub fn path(index: usize) -> Path {
    Path::of("instances.types").index(index)
}

/// Types that are in the catalogue, with their facts.
fn known<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = (usize, &'a InstanceTypeOverride, InstanceType)> + use<'a> {
    declared(context).filter_map(|(index, choice)| {
        let facts = facts(&choice.instance_type, &context.fleet.instance_types)?;
        Some((index, choice, facts))
    })
}

fn none(context: &Context<'_>, findings: &mut Findings) {
    if !context.fleet.instances.types.is_empty() {
        return;
    }
    let place = ["instances.types", "instances", "fleet"]
        .into_iter()
        .find(|place| context.is_declared(place))
        .unwrap_or("fleet");
    findings.push(
        Finding::new(Path::of(place), "the fleet has no instance type")
            .label("no type to launch")
            .help("write `types = [{ instance_type = \"m7i.large\" }]` in `[instances]`"),
    );
}

fn too_many(context: &Context<'_>, findings: &mut Findings) {
    const MAX_TYPES: usize = 40;
    let count = context.fleet.instances.types.len();
    if count > MAX_TYPES {
        findings.push(
            Finding::new(
                Path::of("instances.types"),
                format!("{count} instance types are more than an Auto Scaling group accepts"),
            )
            .on_key()
            .label(format!("at most {MAX_TYPES}"))
            .help("keep the types that fit best"),
        );
    }
}

fn unknown(context: &Context<'_>, findings: &mut Findings) {
    for (index, choice) in declared(context) {
        let name = &choice.instance_type;
        if facts(name, &context.fleet.instance_types).is_some() {
            continue;
        }
        let similar = instance_types::similar(name, context.fleet.instances.architecture);
        let near = if similar.is_empty() {
            String::new()
        } else {
            format!("did you mean one of {}? ", similar.join(", "))
        };
        findings.push(
            Finding::new(
                path(index).key("instance_type"),
                format!("the catalogue has no instance type `{name}`"),
            )
            .label("unknown type")
            .help(format!(
                "{near}if the type is newer than the catalogue, declare it: [instance_types.\"{name}\"] with \
                 `vcpus`, `memory_mib` and `architecture`"
            )),
        );
    }
}

fn not_in_region(context: &Context<'_>, findings: &mut Findings) {
    let region = &context.fleet.identity.region;
    for (index, choice) in declared(context) {
        let name = &choice.instance_type;
        if regional::offer(name, region) == Offer::None {
            findings.push(
                Finding::new(
                    path(index).key("instance_type"),
                    format!("{name} is not offered in {region}"),
                )
                .label(format!("not there on {OFFERED_AS_OF}"))
                .related(Path::of("fleet.region"), "the fleet's region")
                .help(format!(
                    "choose another type; `aws ec2 describe-instance-type-offerings --region {region} --filters \
                     Name=instance-type,Values={name}` prints it where AWS has added it since"
                )),
            );
        }
    }
}

fn twice(context: &Context<'_>, findings: &mut Findings) {
    for (index, first) in duplicates(declared(context).map(|(_, choice)| &choice.instance_type)) {
        let name = &context.fleet.instances.types[index].instance_type;
        findings.push(
            Finding::new(
                path(index).key("instance_type"),
                format!("instance type {name} is listed twice"),
            )
            .label("listed again")
            .related(path(first).key("instance_type"), "listed here first")
            .help("remove one of them"),
        );
    }
}

fn architecture(context: &Context<'_>, findings: &mut Findings) {
    let architecture = context.fleet.instances.architecture;
    for (index, choice, facts) in known(context) {
        if !facts.runs(architecture) {
            findings.push(
                Finding::new(
                    path(index).key("instance_type"),
                    format!(
                        "{} does not run {} images",
                        choice.instance_type,
                        architecture.as_str()
                    ),
                )
                .label(format!("this type runs {}", facts.architectures()))
                .related(Path::of("instances.architecture"), "the fleet's")
                .help("choose types of one architecture, and name it in `architecture`"),
            );
        }
    }
}

fn bare_metal(context: &Context<'_>, findings: &mut Findings) {
    for (index, choice, facts) in known(context) {
        if facts.bare_metal {
            findings.push(
                Finding::new(
                    path(index).key("instance_type"),
                    format!("{} is bare metal", choice.instance_type),
                )
                .label("takes minutes to start and has no automatic recovery")
                .help("choose a virtualized type of the same family"),
            );
        }
    }
}

fn lacks_encryption(facts: &InstanceType) -> bool {
    !facts.ebs_encryption
}

fn no_encryption(context: &Context<'_>, findings: &mut Findings) {
    for (index, choice, facts) in known(context) {
        if lacks_encryption(&facts) {
            findings.push(
                Finding::new(
                    path(index).key("instance_type"),
                    format!("{} cannot use encrypted volumes", choice.instance_type),
                )
                .label("no EBS encryption")
                .help("choose a type of a newer generation"),
            );
        }
    }
}

fn too_small(context: &Context<'_>, findings: &mut Findings) {
    for (index, choice, facts) in known(context) {
        if slots(choice, context.fleet) == 0 {
            findings.push(
                Finding::new(
                    path(index).key("instance_type"),
                    format!("no browser fits on {}", choice.instance_type),
                )
                .label(format!(
                    "{} MiB of memory and {} vCPUs",
                    facts.memory_mib, facts.vcpus
                ))
                .related(Path::of("instances.capacity"), "the capacity model")
                .help("choose a larger type, give it `slots`, or change `[instances.capacity]`"),
            );
        }
    }
}

fn weights_partial(context: &Context<'_>, findings: &mut Findings) {
    let weighted = declared(context).find(|(_, choice)| choice.weight.is_some());
    let Some((weighted, _)) = weighted else {
        return;
    };
    for (index, choice) in declared(context).filter(|(_, choice)| choice.weight.is_none()) {
        findings.push(
            Finding::new(
                path(index).key("instance_type"),
                format!(
                    "{} has no weight while another type has",
                    choice.instance_type
                ),
            )
            .label("no weight")
            .related(path(weighted).key("weight"), "a weight")
            .help("give every type a `weight`, or none: they are computed from the slots"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_without_encryption_is_noticed() {
        let mut facts = instance_types::find("m7i.large").expect("it is in the catalogue");
        assert!(!lacks_encryption(&facts));
        facts.ebs_encryption = false;
        assert!(lacks_encryption(&facts));
    }
}
