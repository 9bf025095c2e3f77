//! Conditions of a statement: whether one says who is meant.
//!
//! A condition that asks for TLS or for a range that is the internet leaves a policy as public as it was. What counts
//! is a test that asks for a value that is written down, that fails where the value is missing, and whose key says who
//! calls or on whose behalf ("The meaning of public", Amazon S3 User Guide; AWS global condition context keys).

use std::collections::BTreeSet;

use serde_json::Value;

use super::pattern::is_everything;
use crate::review::ranges::is_world;

/// One test of a condition: an operator, a key, and the values of which one has to match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    /// Such as `StringEquals`.
    pub operator: String,
    /// Such as `aws:SourceAccount`.
    pub key: String,
    pub values: BTreeSet<String>,
}

/// The tests of a condition in JSON.
#[must_use]
pub fn tests(condition: &Value) -> Vec<Test> {
    let operators = condition.as_object().into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| Test {
                operator: operator.clone(),
                key: key.clone(),
                values: match values {
                    Value::Array(values) => values.iter().map(text).collect(),
                    single => [text(single)].into(),
                },
            })
        })
        .collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Keys that say who calls, or on whose behalf a service does, in small letters.
const CALLERS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// What the keys of an identity provider end with that say which of its identities is meant.
const IDENTITIES: &[&str] = &[
    ":job_workflow_ref",
    ":namespace_id",
    ":project_id",
    ":project_path",
    ":repository",
    ":repository_id",
    ":repository_owner",
    ":repository_owner_id",
    ":sub",
];

impl Test {
    /// Whether it only holds for callers that are written down.
    #[must_use]
    pub fn names_callers(&self) -> bool {
        let key = self.key.to_lowercase();
        self.asks_for_a_value()
            && CALLERS.contains(&key.as_str())
            && self.all(|value| is_caller(&key, value))
    }

    /// Whether it only holds for some identities of a provider.
    #[must_use]
    pub fn names_identities(&self) -> bool {
        let key = self.key.to_lowercase();
        let says_which = IDENTITIES.iter().any(|end| key.ends_with(end))
            // The audience is the identity pool, of which there is one per application.
            || key == "cognito-identity.amazonaws.com:aud";
        self.asks_for_a_value() && says_which && self.all(is_identity)
    }

    fn all(&self, is_named: impl Fn(&str) -> bool) -> bool {
        !self.values.is_empty() && self.values.iter().all(|value| is_named(value))
    }

    /// Whether the operator compares with a value, and does not hold where there is none.
    fn asks_for_a_value(&self) -> bool {
        let operator = self.operator.to_lowercase();
        let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
        matches!(
            operator,
            "arnequals"
                | "arnlike"
                | "bool"
                | "ipaddress"
                | "stringequals"
                | "stringequalsignorecase"
                | "stringlike"
        )
    }
}

fn is_caller(key: &str, value: &str) -> bool {
    let has_wildcard = value.contains(['*', '?']);
    match key {
        "aws:sourceip" => !is_world(value) && !has_wildcard,
        "aws:principalisawsservice" => value == "true",
        // `AROAEXAMPLE:*` is each session of one role.
        "aws:userid" => value.find(['*', '?']).is_none_or(|at| at > 16),
        _ if value.starts_with("arn:") => is_arn_of_somebody(value),
        // `o-*` is every organisation, and `*` everybody.
        _ => !value.is_empty() && !has_wildcard,
    }
}

/// Whether an ARN names an account, or something that is unique without one, as a bucket is.
fn is_arn_of_somebody(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, _, _, account, resource] = parts[..] else {
        return false;
    };
    if account.is_empty() {
        return !resource.starts_with(['*', '?']);
    }
    !account.contains(['*', '?'])
}

/// Whether a subject is one of some, and not any that the provider knows: `repo:*` is every repository.
fn is_identity(value: &str) -> bool {
    let written = &value[..value.find(['*', '?']).unwrap_or(value.len())];
    if is_everything(value) || written.is_empty() {
        return false;
    }
    if written.len() == value.len() {
        return true;
    }
    let rest = written
        .strip_prefix("system:serviceaccount:")
        .or_else(|| written.split_once(':').map(|(_, rest)| rest));
    rest.is_none_or(|rest| !rest.is_empty())
}

#[cfg(test)]
mod test {
    use super::*;
    use serde_json::json;

    fn one(condition: &Value) -> Test {
        tests(condition).pop().expect("a test")
    }

    #[test]
    fn callers_are_named_by_what_is_written_down() {
        for named in [
            json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } }),
            json!({ "StringEquals": { "AWS:SourceOwner": ["111122223333"] } }),
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:*" } }),
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::a-bucket" } }),
            json!({ "IpAddress": { "aws:SourceIp": ["192.0.2.0/24", "10.0.0.0/8"] } }),
            json!({ "Bool": { "aws:PrincipalIsAWSService": "true" } }),
            json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-1/r-1/ou-1/" } }),
        ] {
            assert!(one(&named).names_callers(), "{named}");
        }
        for nobody in [
            json!({ "Bool": { "aws:SecureTransport": "true" } }),
            json!({ "Bool": { "aws:PrincipalIsAWSService": "false" } }),
            json!({ "IpAddress": { "aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/0"] } }),
            json!({ "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" } }),
            json!({ "StringLike": { "aws:PrincipalArn": "*" } }),
            json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/reader" } }),
            json!({ "StringLike": { "aws:PrincipalOrgID": "o-*" } }),
            json!({ "StringEqualsIfExists": { "aws:SourceAccount": "111122223333" } }),
            json!({ "ForAllValues:StringEquals": { "aws:SourceAccount": "111122223333" } }),
            json!({ "StringNotEquals": { "aws:SourceAccount": "111122223333" } }),
            json!({ "StringEquals": { "aws:SourceAccount": [] } }),
            json!({ "StringEquals": { "aws:RequestedRegion": "us-east-1" } }),
        ] {
            assert!(!one(&nobody).names_callers(), "{nobody}");
        }
    }

    #[test]
    fn identities_are_named_by_their_subject() {
        let github = |key: &str, value: &str| {
            one(
                &json!({ "StringLike": { format!("token.actions.githubusercontent.com:{key}"): value } }),
            )
        };
        for subject in [
            "repo:acme/fleet:*",
            "repo:acme/*",
            "repo:acme/fleet:ref:refs/heads/main",
        ] {
            assert!(github("sub", subject).names_identities(), "{subject}");
        }
        for subject in [
            "*",
            "repo:*",
            "repo:*/fleet:ref:refs/heads/main",
            "system:serviceaccount:*",
        ] {
            assert!(!github("sub", subject).names_identities(), "{subject}");
        }
        assert!(!github("aud", "sts.amazonaws.com").names_identities());
    }
}
