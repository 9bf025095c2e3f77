//! What principals may do after the apply and might not before.

use std::collections::{BTreeMap, BTreeSet};

use super::policies::{self, policies};
use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::iam::{self, Grant, Statement};
use crate::review::terraform_plan::ResourceChange;
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
        reason: "A wildcard over a service grants what AWS will add to the service next year, and \
              `iam:PassRole` on every resource is as good as every permission. A policy of a resource with \
              the principal `*` is for every account unless a condition says whose callers it means; a \
              role for an identity provider without a subject is for everybody who can sign in there",
        run: broad,
    },
];

/// Policies of AWS that are all or nearly all of an account.
const BROAD_POLICIES: &[&str] = &["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"];

struct AddedGrant {
    grant: Grant,
    narrows: bool,
}

fn grants(context: &Context<'_>) -> Vec<AddedGrant> {
    let (change, values) = (context.change, context.values);
    let narrows = policies::narrows(&change.resource_type);
    let mut before = policies(&values.before);
    let mut after = policies(&values.after);
    if values.after.is_null() && !loses_its_denials(context) {
        return Vec::new();
    }
    // The statements of what must not be printed are not; that it cannot be judged is said elsewhere.
    let is_known = |path: &String| {
        !is_marked(&values.unknown, path)
            && !is_marked(&values.after_sensitive, path)
            && !is_marked(&values.before_sensitive, path)
    };
    before.retain(|path, _| is_known(path));
    after.retain(|path, _| is_known(path));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |all: &BTreeMap<String, Vec<Statement>>, path: &String| {
        all.get(path).cloned().unwrap_or_default()
    };
    paths
        .into_iter()
        .flat_map(|path| iam::added(&of(&before, path), &of(&after, path)))
        .map(|grant| AddedGrant { grant, narrows })
        .collect()
}

/// Arguments that name what a policy is attached to.
const ATTACHED_TO: &[&str] = &[
    "bucket",
    "domain_name",
    "file_system_id",
    "function_name",
    "key_id",
    "queue_url",
    "repository",
    "resource_arn",
    "role",
    "secret_arn",
    "topic_arn",
    "arn",
    "group",
    "user",
];

/// Whether a policy that is destroyed leaves what it is attached to. One that goes with its resource denies nothing any
/// more, and there is nothing left that it could deny.
fn loses_its_denials(context: &Context<'_>) -> bool {
    let kind = context.change.resource_type.as_ref();
    if !kind.ends_with("_policy") || kind == "aws_iam_policy" {
        return false;
    }
    let before = &context.values.before;
    let Some(of) = ATTACHED_TO
        .iter()
        .find_map(|name| strings_at(before, name).next())
    else {
        return true;
    };
    let goes = |change: &&ResourceChange<'_>| {
        let names = ["id", "arn", "bucket", "name", "url"];
        change.action.destroys()
            && change.resource_type != kind
            && names
                .iter()
                .any(|name| strings_at(&change.values().before, name).any(|text| text == of))
    };
    !context.plan.changes.iter().any(|change| goes(&change))
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
            _ if statement.is_public() => "everybody, and no condition says who".to_owned(),
            _ if statement.admits_every_identity() => {
                "every identity that the provider knows".to_owned()
            }
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
    // A policy that only narrows what others grant is most often wide open.
    !found.grant.lost_denial
        && !found.narrows
        && (statement.is_public()
            || statement.admits_every_identity()
            || statement.breadth().is_some())
}

/// Arguments that name policies, by type.
const ATTACHMENTS: &[(&str, &str)] = &[
    ("aws_iam_group_policy_attachment", "policy_arn"),
    ("aws_iam_policy_attachment", "policy_arn"),
    ("aws_iam_role", "managed_policy_arns"),
    ("aws_iam_role_policy_attachment", "policy_arn"),
    ("aws_iam_role_policy_attachments_exclusive", "policy_arns"),
    ("aws_iam_user_policy_attachment", "policy_arn"),
    ("aws_iam_user_policy_attachments_exclusive", "policy_arns"),
    (
        "aws_ssoadmin_managed_policy_attachment",
        "managed_policy_arn",
    ),
];

fn attached(context: &Context<'_>, findings: &mut Findings, broad: bool) {
    let (kind, address) = (
        context.change.resource_type.as_ref(),
        &context.change.address,
    );
    let arns = |value, path| {
        let texts = strings_at(value, path);
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    for (_, path) in ATTACHMENTS.iter().filter(|(of, _)| *of == kind) {
        let before = arns(&context.values.before, path);
        let after = arns(&context.values.after, path);
        for arn in after.iter().filter(|arn| !before.contains(arn)) {
            let name = arn.rsplit('/').next().unwrap_or_default();
            let is_broad = BROAD_POLICIES.contains(&name) || name.ends_with("FullAccess");
            if is_broad == broad {
                findings.push(
                    format!("{address} attaches the policy `{name}`"),
                    arn.clone(),
                    "attach a policy that lists what is needed",
                );
            }
        }
    }
    if kind == "aws_kms_grant" && !broad {
        let operations = arns(&context.values.after, "operations");
        let before = arns(&context.values.before, "operations");
        let new: Vec<&str> = operations
            .iter()
            .filter(|one| !before.contains(one))
            .map(String::as_str)
            .collect();
        if !new.is_empty() {
            let to = arns(&context.values.after, "grantee_principal").join(", ");
            findings.push(
                format!("{address} allows more"),
                format!("{} with the key for {to}", new.join(", ")),
                "grant what the principal calls",
            );
        }
    }
}

/// A grant as one line.
#[must_use]
pub fn sentence(grant: &Grant) -> String {
    let list = |texts: &BTreeSet<String>| {
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
    let but = |key: &str| {
        if statement.inverted.contains(&key) {
            "everything but "
        } else {
            ""
        }
    };
    text.push_str(but("NotAction"));
    text.push_str(&list(&grant.actions));
    if !statement.resources.is_empty() {
        text.push_str(&format!(
            " on {}{}",
            but("NotResource"),
            list(&statement.resources)
        ));
    }
    if !statement.principals.is_empty() {
        let but = but("NotPrincipal").replace("everything", "everybody");
        text.push_str(&format!(" for {but}{}", list(&statement.principals)));
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
