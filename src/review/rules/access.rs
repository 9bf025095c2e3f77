//! What principals may do after the apply and might not before.

use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::iam::{self, Grant, Statement};
use crate::review::values::{is_marked, strings_at};

pub const RULES: &[Rule] = &[
    Rule {
        code: "plan.iam-granted",
        severity: Severity::Warning,
        title: "Every new permission is meant",
        reason: "Reviewers read statements, and miss one action among thirty. Listed is what a policy \
              grants after the apply and did not before, statement by statement",
        run: granted,
    },
    Rule {
        code: "plan.iam-broad",
        severity: Severity::Error,
        title: "No new permission covers a whole service, and none is for everybody",
        reason: "A wildcard over a service grants what AWS will add to the service next year. A policy \
              of a resource with the principal `*` and no condition is for every account",
        run: broad,
    },
];

/// Where policies stand: type, attribute, and whether the policy only narrows what others grant.
const POLICIES: &[(&str, &str, bool)] = &[
    ("aws_ecr_repository_policy", "policy", false),
    ("aws_iam_group_policy", "policy", false),
    ("aws_iam_policy", "policy", false),
    ("aws_iam_role", "assume_role_policy", false),
    ("aws_iam_role", "inline_policy.policy", false),
    ("aws_iam_role_policy", "policy", false),
    ("aws_iam_user_policy", "policy", false),
    ("aws_kms_key", "policy", false),
    ("aws_kms_key_policy", "policy", false),
    ("aws_s3_bucket", "policy", false),
    ("aws_s3_bucket_policy", "policy", false),
    ("aws_secretsmanager_secret_policy", "policy", false),
    ("aws_sns_topic", "policy", false),
    ("aws_sns_topic_policy", "policy", false),
    ("aws_sqs_queue", "policy", false),
    ("aws_sqs_queue_policy", "policy", false),
    ("aws_vpc_endpoint", "policy", true),
];

/// Policies of AWS that are all or nearly all of an account.
const BROAD_POLICIES: &[&str] = &["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"];

/// The attributes of a type that hold policies.
pub fn policy_attributes(kind: &str) -> impl Iterator<Item = &'static str> + '_ {
    POLICIES
        .iter()
        .filter(move |(of, ..)| *of == kind)
        .map(|(_, path, _)| *path)
}

struct AddedGrant {
    grant: Grant,
    narrows: bool,
}

fn grants(context: &Context<'_>) -> Vec<AddedGrant> {
    let mut found = Vec::new();
    for (_, path, narrows) in POLICIES
        .iter()
        .filter(|(of, ..)| context.change.resource_type == *of)
    {
        let values = context.values;
        if is_marked(&values.unknown, path) || is_marked(&values.after_sensitive, path) {
            continue;
        }
        let read = |value| -> Vec<Statement> {
            strings_at(value, path)
                .filter_map(iam::statements)
                .flatten()
                .collect()
        };
        let (before, after) = (read(&values.before), read(&values.after));
        // A policy that is destroyed with its resource denies nothing any more, and there is
        // nothing left that it could deny.
        if values.after.is_null() {
            continue;
        }
        let added = iam::added(&before, &after).into_iter();
        found.extend(added.map(|grant| AddedGrant {
            grant,
            narrows: *narrows,
        }));
    }
    found
}

fn granted(context: &Context<'_>, findings: &mut Findings) {
    for AddedGrant { grant, .. } in grants(context).iter().filter(|found| !is_broad(found)) {
        let message = if grant.lost_denial {
            format!("{} denies less", context.change.address)
        } else {
            format!("{} allows more", context.change.address)
        };
        findings.push(
            message,
            sentence(grant),
            "grant what the code calls, on what it calls it",
        );
    }
    attached(context, findings, false);
}

fn broad(context: &Context<'_>, findings: &mut Findings) {
    for found in grants(context).iter().filter(|found| is_broad(found)) {
        let statement = &found.grant.statement;
        let why = match statement.breadth() {
            _ if statement.is_public() => "everybody, without a condition".to_owned(),
            Some(breadth) => breadth,
            None => continue,
        };
        findings.push(
            format!("{} allows {why}", context.change.address),
            sentence(&found.grant),
            "list the actions and the principals, or waive this finding with the reason",
        );
    }
    attached(context, findings, true);
}

fn is_broad(found: &AddedGrant) -> bool {
    let statement = &found.grant.statement;
    // Behind a condition an endpoint's or a key's wildcard is the usual form; so is an endpoint's
    // without one, because it grants nothing by itself.
    !found.grant.lost_denial
        && !found.narrows
        && (statement.is_public() || statement.breadth().is_some())
}

fn attached(context: &Context<'_>, findings: &mut Findings, broad: bool) {
    let kinds = [
        "aws_iam_role_policy_attachment",
        "aws_iam_policy_attachment",
        "aws_iam_user_policy_attachment",
        "aws_iam_group_policy_attachment",
    ];
    if !kinds.contains(&context.change.resource_type.as_ref()) {
        return;
    }
    let arns = |value| {
        strings_at(value, "policy_arn")
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let before = arns(&context.values.before);
    for arn in arns(&context.values.after)
        .iter()
        .filter(|arn| !before.contains(arn))
    {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let is_broad = BROAD_POLICIES.contains(&name) || name.ends_with("FullAccess");
        if is_broad == broad {
            findings.push(
                format!("{} attaches the policy `{name}`", context.change.address),
                arn.clone(),
                "attach a policy that lists what is needed",
            );
        }
    }
}

/// A grant as one line.
#[must_use]
pub fn sentence(grant: &Grant) -> String {
    let list = |texts: &std::collections::BTreeSet<String>| {
        let mut shown: Vec<&str> = texts.iter().take(MAX_LISTED).map(String::as_str).collect();
        let more = format!("{} more", texts.len().saturating_sub(MAX_LISTED));
        if texts.len() > MAX_LISTED {
            shown.push(&more);
        }
        shown.join(", ")
    };
    let statement = &grant.statement;
    let mut text = if grant.lost_denial {
        "no longer Deny "
    } else {
        "Allow "
    }
    .to_owned();
    text.push_str(&list(&grant.actions));
    if !statement.resources.is_empty() {
        text.push_str(&format!(" on {}", list(&statement.resources)));
    }
    if !statement.principals.is_empty() {
        text.push_str(&format!(" for {}", list(&statement.principals)));
    }
    if !statement.condition.is_empty() {
        text.push_str(&format!(" if {}", statement.condition));
    }
    if !statement.sid.is_empty() {
        text.push_str(&format!(" (statement {})", statement.sid));
    }
    text
}

/// How many actions, resources or principals are printed.
const MAX_LISTED: usize = 8;
