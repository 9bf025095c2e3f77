//! What is asked of AWS, and what AWS answers.

use serde_json::{Map, Value};

#[cfg(any(feature = "aws", test))]
use crate::catalog::resource_names::RESERVED_TAG_KEYS;

/// One question. It changes nothing: it reads, or it is a dry run, which EC2 and KMS only hold against permissions.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// As the signature names it, such as `ec2`.
    pub service: &'static str,
    pub region: String,
    /// Such as `DescribeVpcs`.
    pub operation: &'static str,
    /// The members of the request, as the service's protocol names them.
    pub input: Value,
    /// The members of the answer that are kept, at any depth. Nothing else reaches a check, or a trace.
    pub keep: &'static [&'static str],
}

impl Call {
    #[must_use]
    pub fn new(
        service: &'static str,
        region: &str,
        operation: &'static str,
        input: Value,
        keep: &'static [&'static str],
    ) -> Self {
        Self {
            service,
            region: region.to_owned(),
            operation,
            input,
            keep,
        }
    }

    /// What tells it from every other question.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.service, &self.region, self.operation, &self.input)
    }

    /// What IAM calls it, such as `ec2:DescribeVpcs`.
    #[must_use]
    pub fn action(&self) -> String {
        let operation = match (self.service, self.operation) {
            ("s3", "HeadBucket") => "ListBucket",
            (_, operation) => operation,
        };
        format!("{}:{operation}", self.service)
    }

    /// Whether it asks only whether something would be allowed.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.input.get("DryRun").is_some()
    }
}

/// What tells a question from every other one.
#[must_use]
pub fn key(service: &str, region: &str, operation: &str, input: &Value) -> String {
    let mut input = input.clone();
    input.sort_all_objects();
    format!("{service} {region} {operation} {input}")
}

/// What AWS says.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// An answer, less what nobody asked for.
    Given(Value),
    /// The service refuses, by a code of its own.
    Refused { code: String, message: String },
    /// There is no answer.
    Unreachable { problem: String },
}

/// An answer, less all members that are not named, and less all tags but the generator's own.
#[cfg(any(feature = "aws", test))]
#[must_use]
pub fn prune(value: Value, keep: &[&str]) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members
                .into_iter()
                .filter(|(name, _)| keep.contains(&name.as_str()));
            Value::Object(
                kept.map(|(name, value)| (name, prune(value, keep)))
                    .collect(),
            )
        }
        Value::Array(items) => {
            let kept = items.into_iter().filter(|item| !is_tag_of_others(item));
            Value::Array(kept.map(|item| prune(item, keep)).collect())
        }
        other => other,
    }
}

/// Whether it is a tag that the generator does not set: what somebody wrote there is nobody's business.
#[cfg(any(feature = "aws", test))]
fn is_tag_of_others(value: &Value) -> bool {
    let Some(members) = value.as_object() else {
        return false;
    };
    let text = |names: [&str; 3]| names.into_iter().find_map(|name| members.get(name));
    let (Some(Value::String(key)), Some(_)) = (
        text(["Key", "key", "TagKey"]),
        text(["Value", "value", "TagValue"]),
    ) else {
        return false;
    };
    !RESERVED_TAG_KEYS.contains(&key.as_str())
}

/// The elements of a list; none where the member is missing or empty, which XML cannot tell apart.
#[must_use]
pub fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A member's text; empty where it is missing.
#[must_use]
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member's number: XML has numbers as text.
#[must_use]
pub fn number(value: &Value, name: &str) -> Option<f64> {
    match value.get(name)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether a member is true: XML has it as text.
#[must_use]
pub fn flag(value: &Value, name: &str) -> bool {
    match value.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// Tags, in whichever form the service has them.
#[must_use]
pub fn tags(value: &Value) -> Map<String, Value> {
    let Some(items) = value.as_array() else {
        return value.as_object().cloned().unwrap_or_default();
    };
    let pair = |item: &Value| {
        let member = |names: [&str; 3]| names.into_iter().find_map(|name| item.get(name).cloned());
        let key = member(["Key", "key", "TagKey"])?.as_str()?.to_owned();
        Some((key, member(["Value", "value", "TagValue"])?))
    };
    items.iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_asked_for_is_dropped() {
        let answer = json!({ "Role": { "RoleName": "a", "Description": "private", "Tags": [
            { "Key": "Fleet", "Value": "valet" },
            { "Key": "Owner", "Value": "somebody" },
        ] } });
        let kept = prune(answer, &["Role", "RoleName", "Tags", "Key", "Value"]);
        assert_eq!(
            kept,
            json!({ "Role": { "RoleName": "a", "Tags": [{ "Key": "Fleet", "Value": "valet" }] } })
        );
    }
}
