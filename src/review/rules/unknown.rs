//! Values that rules need and that are known only after the apply, or must not be looked at.

use super::exposure_tables;
use super::policies::{self, is_policy_argument};
use super::protection_tables;
use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::values::{is_marked, is_on, marked_paths, strings_at};

pub const RULES: &[Rule] = &[Rule {
    code: "plan.unknown-value",
    severity: Severity::Warning,
    title: "What decides about access is known before the apply",
    reason: "A value that is \"known after apply\" passes every rule unseen, and so does a policy that is \
          sensitive. A policy becomes unknown when one resource that it names is created or replaced in \
          the same plan. What ranges a prefix list has is in no plan",
    run: unknown,
}];

/// Values that rules need, beside policies and what the tables of the rules name.
const NEEDED: &[(&str, &[&str])] = &[
    (
        "aws_security_group_rule",
        &["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids"],
    ),
    (
        "aws_vpc_security_group_ingress_rule",
        &["cidr_ipv4", "cidr_ipv6", "prefix_list_id"],
    ),
    ("aws_network_acl_rule", &["cidr_block", "ipv6_cidr_block"]),
    ("aws_iam_role_policy_attachment", &["policy_arn"]),
    ("aws_lambda_permission", &["principal"]),
];

/// Blocks of rules, which are unknown as a whole where the configuration has none.
const BLOCKS: &[(&str, &str)] = &[
    ("aws_default_security_group", "ingress"),
    ("aws_security_group", "ingress"),
];

/// Where rules that let connections in name prefix lists.
const PREFIX_LISTS: &[(&str, &str)] = &[
    ("aws_default_security_group", "ingress.prefix_list_ids"),
    ("aws_security_group", "ingress.prefix_list_ids"),
    ("aws_security_group_rule", "prefix_list_ids"),
    ("aws_vpc_security_group_ingress_rule", "prefix_list_id"),
];

fn unknown(context: &Context<'_>, findings: &mut Findings) {
    unknown_values(context, findings);
    sensitive_policies(context, findings);
    prefix_lists(context, findings);
}

fn unknown_values(context: &Context<'_>, findings: &mut Findings) {
    let kind = context.change.resource_type.as_ref();
    let values = context.values;
    let markers = &values.unknown;
    // What the configuration leaves out is the provider's to choose, as before.
    let is_set = |path: &str| {
        let first = path.split('.').next().unwrap_or(path);
        let sets = || context.plan.sets(&context.change.address, first);
        // Blocks that are made by `dynamic` are not in the plan's configuration.
        path.contains('.') && markers.get(first) != Some(&true.into()) || sets() != Some(false)
    };
    let needed = NEEDED
        .iter()
        .filter(|(of, _)| *of == kind)
        .flat_map(|(_, paths)| *paths)
        .copied();
    let protects = protection_tables::required_arguments(kind)
        // Nothing can be lost where nothing was there.
        .filter(|path| is_on(&values.before, path));
    let tables = exposure_tables::required_arguments(kind)
        .chain(protection_tables::encrypts(kind))
        .chain(protects);
    let mut paths: Vec<String> = needed
        .chain(tables)
        .filter(|path| is_marked(markers, path) && is_set(path))
        .map(str::to_owned)
        .collect();
    let of_policies = marked_paths(markers).into_iter().filter(|path| {
        let name = path.rsplit('.').next().unwrap_or(path);
        is_policy_argument(name) && is_set(path)
    });
    paths.extend(of_policies);
    for (_, block) in BLOCKS.iter().filter(|(of, _)| *of == kind) {
        let inside = markers.get(*block).and_then(serde_json::Value::as_array);
        if inside.is_some_and(|_| is_marked(markers, block)) {
            paths.push((*block).to_owned());
        }
    }
    paths.sort();
    paths.dedup();
    if !paths.is_empty() {
        findings.push(
            format!("{} cannot be judged whole", context.change.address),
            format!("known after apply: `{}`", paths.join("`, `")),
            "read the configuration for these values; a second plan after the apply shows them",
        );
    }
}

fn sensitive_policies(context: &Context<'_>, findings: &mut Findings) {
    let values = context.values;
    let before = policies::policies(&values.before);
    let after = policies::policies(&values.after);
    for (path, statements) in &after {
        let is_hidden =
            is_marked(&values.after_sensitive, path) || is_marked(&values.before_sensitive, path);
        if is_hidden && before.get(path) != Some(statements) {
            findings.push(
                format!("{} cannot be judged whole", context.change.address),
                format!("sensitive: `{path}`"),
                "read the policy where it is written; a policy holds no secret, so that it need not be sensitive",
            );
        }
    }
}

fn prefix_lists(context: &Context<'_>, findings: &mut Findings) {
    let kind = context.change.resource_type.as_ref();
    let values = context.values;
    let is_egress = strings_at(&values.after, "type").any(|word| word == "egress");
    for (_, path) in PREFIX_LISTS
        .iter()
        .filter(|(of, _)| *of == kind && !is_egress)
    {
        let before: Vec<&str> = strings_at(&values.before, path).collect();
        for list in strings_at(&values.after, path).filter(|list| !before.contains(list)) {
            findings.push(
                format!("{} cannot be judged whole", context.change.address),
                format!("the ranges of the prefix list {list} are in no plan"),
                "look up what the list has: `aws ec2 get-managed-prefix-list-entries`",
            );
        }
    }
}
