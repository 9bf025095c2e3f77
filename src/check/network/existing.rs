//! Rules about an existing network.

use super::super::finding::{Finding, Findings};
use super::super::identifiers::{duplicates, is_ec2_id};
use super::super::rule::{Context, Rule};
use crate::diagnostic::Severity;
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "network.existing-conflict",
        severity: Severity::Error,
        title: "An existing network is used as it is",
        reason: "Ranges, zones, gateways, endpoints and flow logs belong to whoever made the VPC; a \
              key about them would have no effect.",
        run: conflict,
    },
    Rule {
        code: "network.vpc-id",
        severity: Severity::Error,
        title: "A VPC's id has the form that EC2 gives it",
        reason: "EC2: `vpc-` and 8 or 17 hexadecimal digits.",
        run: vpc_id,
    },
    Rule {
        code: "network.subnet-id",
        severity: Severity::Error,
        title: "A subnet's id has the form that EC2 gives it",
        reason: "EC2: `subnet-` and 8 or 17 hexadecimal digits.",
        run: subnet_id,
    },
    Rule {
        code: "network.subnet-ids-none",
        severity: Severity::Error,
        title: "An existing network has at least one subnet for the workers",
        reason: "An Auto Scaling group needs a subnet to launch into.",
        run: subnet_ids_none,
    },
    Rule {
        code: "network.subnet-id-twice",
        severity: Severity::Error,
        title: "Every existing subnet is listed once",
        reason: "A subnet that is listed twice reads as two zones, but is one.",
        run: subnet_id_twice,
    },
    Rule {
        code: "network.security-group-id",
        severity: Severity::Error,
        title: "Every extra security group is an id of EC2 and listed once",
        reason: "EC2: `sg-` and 8 or 17 hexadecimal digits. An interface is in a group once.",
        run: security_group_id,
    },
];

fn ids() -> Path {
    Path::of("network.existing.private_subnet_ids")
}

fn conflict(context: &Context<'_>, findings: &mut Findings) {
    const KEYS: [&str; 7] = [
        "cidr_block",
        "availability_zones",
        "private_subnets",
        "public_subnets",
        "nat_gateways",
        "vpc_endpoints",
        "flow_logs",
    ];
    if context.fleet.network.existing.is_none() {
        return;
    }
    for key in KEYS {
        let path = Path::of("network").key(key);
        if context.tree.contains(&path) && !is_replaced(context, &path) {
            findings.push(
                Finding::new(
                    path,
                    format!("`{key}` is about a new VPC, and this fleet uses an existing one"),
                )
                .on_key()
                .label("has no effect on an existing VPC")
                .related(Path::of("network.existing"), "the existing network")
                .help(format!(
                    "remove `{key}`, or remove `existing` for a new VPC"
                )),
            );
        }
    }
}

/// Whether the key is what environments with a VPC of their own inherit, and this one has laid an
/// existing VPC over it: it cannot take the key out of the tables above.
fn is_replaced(context: &Context<'_>, path: &Path) -> bool {
    let existing = Path::of("network.existing");
    !context.base.contains(&existing)
        && context.base.contains(path)
        && context.base.span(path) == context.tree.span(path)
}

fn vpc_id(context: &Context<'_>, findings: &mut Findings) {
    let Some(existing) = &context.fleet.network.existing else {
        return;
    };
    if !is_ec2_id(&existing.vpc_id, "vpc-") {
        findings.push(
            Finding::new(
                Path::of("network.existing.vpc_id"),
                format!("`{}` is not the id of a VPC", existing.vpc_id),
            )
            .label("not an EC2 id")
            .help("copy the id from the VPC console: `vpc-` and 8 or 17 hexadecimal digits"),
        );
    }
}

fn subnet_id(context: &Context<'_>, findings: &mut Findings) {
    let Some(existing) = &context.fleet.network.existing else {
        return;
    };
    for (index, id) in existing.private_subnet_ids.iter().enumerate() {
        if !is_ec2_id(id, "subnet-") {
            findings.push(
                Finding::new(
                    ids().index(index),
                    format!("`{id}` is not the id of a subnet"),
                )
                .label("not an EC2 id")
                .help("copy the id from the VPC console: `subnet-` and 8 or 17 hexadecimal digits"),
            );
        }
    }
}

fn subnet_ids_none(context: &Context<'_>, findings: &mut Findings) {
    let Some(existing) = &context.fleet.network.existing else {
        return;
    };
    if existing.private_subnet_ids.is_empty() {
        findings.push(
            Finding::new(ids(), "the existing network has no subnet for the workers")
                .label("an empty list")
                .help("list the ids of private subnets, one per zone"),
        );
    }
}

fn security_group_id(context: &Context<'_>, findings: &mut Findings) {
    let Some(existing) = &context.fleet.network.existing else {
        return;
    };
    let groups = &existing.security_group_ids;
    let path = |index| Path::of("network.existing.security_group_ids").index(index);
    for (index, id) in groups.iter().enumerate() {
        if !is_ec2_id(id, "sg-") {
            findings.push(
                Finding::new(
                    path(index),
                    format!("`{id}` is not the id of a security group"),
                )
                .label("not an EC2 id")
                .help("copy the id from the EC2 console: `sg-` and 8 or 17 hexadecimal digits"),
            );
        }
    }
    for (index, first) in duplicates(groups) {
        findings.push(
            Finding::new(
                path(index),
                format!("security group `{}` is listed twice", groups[index]),
            )
            .label("listed again")
            .related(path(first), "listed here first")
            .help("remove one of them"),
        );
    }
}

fn subnet_id_twice(context: &Context<'_>, findings: &mut Findings) {
    let Some(existing) = &context.fleet.network.existing else {
        return;
    };
    for (index, first) in duplicates(&existing.private_subnet_ids) {
        findings.push(
            Finding::new(
                ids().index(index),
                format!(
                    "subnet `{}` is listed twice",
                    existing.private_subnet_ids[index]
                ),
            )
            .label("listed again")
            .related(ids().index(first), "listed here first")
            .help("remove one of them"),
        );
    }
}
