//! What the statements of `[iam]` allow the workers.

use super::arn_kind::Arn;
use super::finding::{Finding, Findings};
use super::rule::Context;
use crate::fleet::Iam;
use crate::load::Path;

/// `service:Action`, with the wildcards that IAM allows in the action.
fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, action)| {
        let of_service =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let of_action = |byte: u8| byte.is_ascii_alphanumeric() || b"*?".contains(&byte);
        !service.is_empty()
            && service.bytes().all(of_service)
            && !action.is_empty()
            && action.bytes().all(of_action)
    })
}

/// Rule `iam.statement-form`.
pub fn statement_form(context: &Context<'_>, findings: &mut Findings) {
    for (index, statement) in context.fleet.iam.statements.iter().enumerate() {
        let path = Path::of("iam.statements").index(index);
        for (key, list) in [
            ("actions", &statement.actions),
            ("resources", &statement.resources),
        ] {
            if list.is_empty() {
                findings.push(
                    Finding::new(path.clone().key(key), format!("a statement has no {key}"))
                        .label("an empty list")
                        .help(format!("list the {key}, or remove the statement")),
                );
            }
        }
        for (index, action) in statement.actions.iter().enumerate() {
            if is_action(action) || action == "*" {
                continue;
            }
            findings.push(
                Finding::new(
                    path.clone().key("actions").index(index),
                    format!("`{action}` is not an action of IAM"),
                )
                .label("not `service:Action`")
                .help("write an action such as \"dynamodb:GetItem\""),
            );
        }
        for (index, resource) in statement.resources.iter().enumerate() {
            if Arn::parse(resource).is_some() || resource == "*" {
                continue;
            }
            findings.push(
                Finding::new(
                    path.clone().key("resources").index(index),
                    format!("`{resource}` is not a resource of IAM"),
                )
                .label("neither an ARN nor `*`")
                .help(
                    "write an ARN such as \"arn:aws:dynamodb:us-east-1:111122223333:table/sites\"",
                ),
            );
        }
    }
}

/// Actions that give whoever may take them on everything the rights of others, or their secrets. They are compared
/// without regard to case, as IAM does.
const POWERS: [&str; 16] = [
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreatePolicyVersion",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:UpdateAssumeRolePolicy",
    "kms:CreateGrant",
    "kms:Decrypt",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "ssm:SendCommand",
    "sts:AssumeRole",
];

/// Whether an action, with its wildcards, is one of the [`POWERS`] or stands for one.
fn is_power(action: &str) -> bool {
    let options = glob::MatchOptions {
        case_sensitive: false,
        require_literal_separator: false,
        require_literal_leading_dot: false,
    };
    glob::Pattern::new(action).is_ok_and(|pattern| {
        POWERS
            .iter()
            .any(|power| pattern.matches_with(power, options))
    })
}

/// Whether an action stands for all of a service, or for every service.
fn is_whole_service(action: &str) -> bool {
    action
        .rsplit(':')
        .next()
        .is_some_and(|action| action.bytes().all(|byte| b"*?".contains(&byte)))
}

fn is_wildcard(text: &str) -> bool {
    text.bytes().all(|byte| b"*?:/".contains(&byte))
}

/// Whether a resource is every one of the account and the service, or of its kind: `*`, `arn:aws:s3:::*`,
/// `arn:aws:iam::*:role/*`.
fn is_everything(resource: &str) -> bool {
    resource == "*" || Arn::parse(resource).is_some_and(|arn| is_wildcard(arn.resource))
}

fn is_every_of_a_kind(resource: &str) -> bool {
    let name = |arn: Arn<'_>| {
        let kind_and_name = arn.resource.split_once(['/', ':']);
        is_wildcard(kind_and_name.map_or(arn.resource, |(_, name)| name))
    };
    resource == "*" || Arn::parse(resource).is_some_and(name)
}

/// Rule `iam.statement-broad`.
pub fn statement_broad(context: &Context<'_>, findings: &mut Findings) {
    let Iam { statements, .. } = &context.fleet.iam;
    for (index, statement) in statements.iter().enumerate() {
        let everything = statement.resources.iter().any(|it| is_everything(it));
        let every_of_a_kind = statement.resources.iter().any(|it| is_every_of_a_kind(it));
        let path = Path::of("iam.statements").index(index).key("actions");
        for (index, action) in statement.actions.iter().enumerate() {
            let of_iam = action.starts_with("iam:") || action.starts_with("sts:");
            let is_whole = is_whole_service(action) && (everything || of_iam || action == "*");
            let label = if is_whole {
                "every action of the service"
            } else if every_of_a_kind && is_power(action) {
                "on every resource of the account"
            } else {
                continue;
            };
            findings.push(
                Finding::new(
                    path.clone().index(index),
                    format!("`{action}` allows a worker more than a fleet can need"),
                )
                .label(label)
                .help(
                    "list the actions that the workers take, and the ARNs that they take them on",
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions() {
        for text in [
            "s3:GetObject",
            "dynamodb:Batch*",
            "execute-api:Invoke",
            "s3:*",
        ] {
            assert!(is_action(text), "{text}");
        }
        for text in [
            "",
            "s3",
            "s3:",
            ":Get",
            "S3:Get",
            "s3:Get Object",
            "s3:Get:x",
        ] {
            assert!(!is_action(text), "{text}");
        }
        assert!(is_whole_service("*") && is_whole_service("s3:*") && is_whole_service("s3:?*"));
        assert!(!is_whole_service("s3:Get*"));
        assert!(is_power("iam:PassRole") && is_power("ssm:getparam*") && is_power("iam:*"));
        assert!(is_everything("arn:aws:s3:::*") && !is_everything("arn:aws:s3:::bucket/*"));
        for resource in [
            "*",
            "arn:aws:iam::*:role/*",
            "arn:aws:ssm:*:*:parameter/*",
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:*",
            "arn:aws:kms:us-east-1:111122223333:*",
        ] {
            assert!(is_every_of_a_kind(resource), "{resource}");
        }
        for resource in [
            "arn:aws:iam::111122223333:role/browsers/*",
            "arn:aws:ssm:us-east-1:111122223333:parameter/browsers/*",
            "arn:aws:iam::111122223333:role/browsers",
        ] {
            assert!(!is_every_of_a_kind(resource), "{resource}");
        }
        assert!(!is_power("ssm:GetDocument") && !is_power("s3:GetObject"));
    }
}
