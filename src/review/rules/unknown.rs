//! Values that rules need and that are known only after the apply.

use super::access::policy_attributes;
use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::values::is_marked;

pub const RULES: &[Rule] = &[Rule {
    code: "plan.unknown-value",
    severity: Severity::Warning,
    title: "What decides about access is known before the apply",
    reason: "A value that is \"known after apply\" passes every rule unseen. A policy becomes unknown \
          when one resource that it names is created or replaced in the same plan",
    run: unknown,
}];

/// Values that rules need, beside policies.
const NEEDED: &[(&str, &[&str])] = &[
    (
        "aws_security_group_rule",
        &["cidr_blocks", "ipv6_cidr_blocks"],
    ),
    (
        "aws_vpc_security_group_ingress_rule",
        &["cidr_ipv4", "cidr_ipv6"],
    ),
    ("aws_network_acl_rule", &["cidr_block", "ipv6_cidr_block"]),
    ("aws_iam_role_policy_attachment", &["policy_arn"]),
    ("aws_lambda_permission", &["principal"]),
    (
        "aws_db_instance",
        &["publicly_accessible", "storage_encrypted"],
    ),
    ("aws_ebs_volume", &["encrypted"]),
];

/// Blocks of rules, which are unknown as a whole where the configuration has none.
const BLOCKS: &[(&str, &str)] = &[
    ("aws_security_group", "ingress"),
    ("aws_default_security_group", "ingress"),
];

fn unknown(context: &Context<'_>, findings: &mut Findings) {
    let kind = context.change.resource_type.as_ref();
    let markers = &context.values.unknown;
    let needed = NEEDED
        .iter()
        .filter(|(of, _)| *of == kind)
        .flat_map(|(_, paths)| *paths)
        .copied();
    let mut paths: Vec<&str> = policy_attributes(kind)
        .chain(needed)
        .filter(|path| is_marked(markers, path))
        .collect();
    for (_, block) in BLOCKS.iter().filter(|(of, _)| *of == kind) {
        let inside = markers.get(*block).and_then(serde_json::Value::as_array);
        if inside.is_some_and(|_| is_marked(markers, block)) {
            paths.push(block);
        }
    }
    if !paths.is_empty() {
        findings.push(
            format!("{} cannot be judged whole", context.change.address),
            format!("known after apply: `{}`", paths.join("`, `")),
            "read the configuration for these values; a second plan after the apply shows them",
        );
    }
}
