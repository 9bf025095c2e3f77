//! How far a statement reaches: further than its author can list, or to whoever asks.

use super::pattern::{is_everything, matches};
use super::statement::Statement;

/// Actions that are as good as any other where they are allowed on every resource: they hand on a role, write
/// permissions, or read what is secret. In small letters, with what each does.
const HANDS_OVER: &[(&str, &str)] = &[
    (
        "iam:addusertogroup",
        "gives itself the permissions of a group",
    ),
    ("iam:attachgrouppolicy", "gives itself any permission"),
    ("iam:attachrolepolicy", "gives itself any permission"),
    ("iam:attachuserpolicy", "gives itself any permission"),
    ("iam:createaccesskey", "makes keys of any user"),
    ("iam:createloginprofile", "signs in as any user"),
    ("iam:createpolicyversion", "gives itself any permission"),
    ("iam:passrole", "hands any role to a service"),
    ("iam:putgrouppolicy", "gives itself any permission"),
    ("iam:putrolepolicy", "gives itself any permission"),
    ("iam:putuserpolicy", "gives itself any permission"),
    ("iam:setdefaultpolicyversion", "gives itself any permission"),
    ("iam:updateassumerolepolicy", "opens any role"),
    ("iam:updateloginprofile", "signs in as any user"),
    ("secretsmanager:getsecretvalue", "reads every secret"),
    ("ssm:getparameter", "reads every parameter"),
    ("ssm:getparameters", "reads every parameter"),
    ("ssm:getparametersbypath", "reads every parameter"),
    ("ssm:sendcommand", "runs commands on every instance"),
    ("ssm:startsession", "opens a shell on every instance"),
    ("sts:assumerole", "takes on any role"),
];

/// Keys of conditions that say to which service a role goes, and not which role.
const OF_THE_SERVICE: &[&str] = &["iam:associatedresourcearn", "iam:passedtoservice"];

impl Statement {
    /// Whether anybody on the internet is allowed: everybody is a principal, and no condition says who is meant.
    #[must_use]
    pub fn is_public(&self) -> bool {
        let everybody = |principal: &String| principal.ends_with(":*");
        let inverted = self.inverted.contains(&"NotPrincipal");
        self.allows
            && (inverted || self.principals.iter().any(everybody))
            && !self.tests.iter().any(super::Test::names_callers)
    }

    /// Whether whoever an identity provider knows may take on the role: no condition says which of its identities.
    #[must_use]
    pub fn admits_every_identity(&self) -> bool {
        let by_token = |action: &String| matches(action, "sts:assumerolewithwebidentity");
        let federated = |principal: &String| principal.starts_with("Federated:");
        self.allows
            && self.actions.iter().any(by_token)
            && self.principals.iter().any(federated)
            && !self.tests.iter().any(super::Test::names_identities)
    }

    /// Why an `Allow` reaches further than its author can list, if it does.
    #[must_use]
    pub fn breadth(&self) -> Option<String> {
        if !self.allows {
            return None;
        }
        if let Some(inverted) = self.inverted.first() {
            return Some(format!("everything that `{inverted}` does not list"));
        }
        let whole = |action: &&String| match action.split_once(':') {
            Some((_, name)) => is_everything(name),
            None => is_everything(action),
        };
        if let Some(action) = self.actions.iter().find(whole) {
            return Some(
                if is_everything(action.split(':').next().unwrap_or_default()) {
                    "every action of every service".to_owned()
                } else {
                    format!("every action of a service, `{action}`")
                },
            );
        }
        self.handed_over()
    }

    fn handed_over(&self) -> Option<String> {
        // A policy of a resource is about that resource, whatever it writes.
        if !self.principals.is_empty() || !self.resources.iter().any(|one| is_any_resource(one)) {
            return None;
        }
        let of_service = |key: &str| OF_THE_SERVICE.contains(&key.to_lowercase().as_str());
        let is_narrowed = self.tests.iter().any(|test| !of_service(&test.key));
        let (action, does) = HANDS_OVER.iter().find(|(action, _)| {
            let is_listed = self.actions.iter().any(|pattern| matches(pattern, action));
            is_listed && (self.tests.is_empty() || *action == "iam:passrole" && !is_narrowed)
        })?;
        Some(format!("`{action}` on every resource, which {does}"))
    }
}

/// Whether a resource is every one, or every one of its kind: `*`, `arn:aws:iam::111122223333:role/*`.
fn is_any_resource(pattern: &str) -> bool {
    if is_everything(pattern) {
        return true;
    }
    let Some(resource) = pattern
        .starts_with("arn:")
        .then(|| pattern.splitn(6, ':').nth(5))
    else {
        return false;
    };
    let resource = resource.unwrap_or_default();
    let name = resource
        .split_once(['/', ':'])
        .map_or(resource, |(_, name)| name);
    is_everything(name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::review::iam::{Statement, statements};

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers write the statement in place"
    )]
    fn one(statement: Value) -> Statement {
        let policy = json!({ "Statement": [statement] }).to_string();
        statements(&policy).expect("a policy").remove(0)
    }

    #[test]
    fn a_service_is_whole_in_every_spelling() {
        for action in ["*", "**", "?*", "*:*", "s3:*", "S3:?*", "iam:**"] {
            let statement =
                one(json!({ "Effect": "Allow", "Action": action, "Resource": "arn:x" }));
            assert!(statement.breadth().is_some(), "{action}");
        }
        for action in ["s3:Get*", "s3:*Object", "s3:?"] {
            let statement =
                one(json!({ "Effect": "Allow", "Action": action, "Resource": "arn:x" }));
            assert_eq!(statement.breadth(), None, "{action}");
        }
    }

    #[test]
    fn what_hands_over_everything_is_broad_on_everything() {
        let to_service = json!({ "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } });
        let tagged = json!({ "StringEquals": { "aws:ResourceTag/fleet": "valet" } });
        for (action, resource, condition, is_broad) in [
            ("iam:PassRole", "*", json!({}), true),
            (
                "iam:Pass*",
                "arn:aws:iam::111122223333:role/*",
                json!({}),
                true,
            ),
            ("iam:PassRole", "*", to_service, true),
            (
                "iam:PassRole",
                "arn:aws:iam::111122223333:role/valet-*",
                json!({}),
                false,
            ),
            ("iam:*Policy", "arn:aws:iam::*:user/*", json!({}), true),
            ("sts:AssumeRole", "*", json!({}), true),
            ("ssm:Get*", "arn:aws:ssm:*:*:parameter/*", json!({}), true),
            ("ssm:StartSession", "*", tagged, false),
            ("ec2:DescribeTags", "*", json!({}), false),
        ] {
            let statement = one(json!({
                "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition,
            }));
            assert_eq!(
                statement.breadth().is_some(),
                is_broad,
                "{action} {resource}"
            );
        }
    }

    #[test]
    fn a_provider_without_a_subject_admits_every_identity() {
        let trust = |condition: Value| {
            one(json!({
                "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition,
                "Principal": { "Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" },
            }))
        };
        let audience = (
            "token.actions.githubusercontent.com:aud",
            "sts.amazonaws.com",
        );
        let subject = (
            "token.actions.githubusercontent.com:sub",
            "repo:acme/fleet:*",
        );
        assert!(trust(json!({})).admits_every_identity());
        assert!(
            trust(json!({ "StringEquals": { audience.0: audience.1 } })).admits_every_identity()
        );
        let both = json!({ "StringEquals": { audience.0: audience.1 }, "StringLike": { subject.0: subject.1 } });
        assert!(!trust(both).admits_every_identity());
    }
}
