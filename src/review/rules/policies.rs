//! The policies of a resource: wherever one stands among its values, so that a type that nobody has listed is read too.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::review::iam::{self, Statement};
use crate::review::values::MAX_DEPTH;

/// Types whose policies only narrow what others grant.
const NARROWS: &[&str] = &[
    "aws_organizations_policy",
    "aws_vpc_endpoint",
    "aws_vpc_endpoint_policy",
];

/// Whether the policies of a type grant nothing by themselves.
#[must_use]
pub fn narrows(kind: &str) -> bool {
    NARROWS.contains(&kind)
}

/// Whether a type is nothing but its policy, so that rules about policies know it.
#[must_use]
pub fn is_policy(kind: &str) -> bool {
    kind.ends_with("_policy") || kind == "aws_iam_role"
}

/// Whether an argument of this name holds a policy.
#[must_use]
pub fn is_policy_argument(name: &str) -> bool {
    name == "policy"
        || name.ends_with("_policy")
        || matches!(name, "access_policies" | "policy_document")
}

/// The statements of every policy among the values, by the path of the argument.
#[must_use]
pub fn policies(values: &Value) -> BTreeMap<String, Vec<Statement>> {
    let mut found = BTreeMap::new();
    collect(values, "", 0, &mut found);
    found
}

fn collect(value: &Value, path: &str, depth: usize, found: &mut BTreeMap<String, Vec<Statement>>) {
    match value {
        Value::String(text) if text.trim_start().starts_with('{') => {
            if let Some(statements) = iam::statements(text) {
                found.entry(path.to_owned()).or_default().extend(statements);
            }
        }
        Value::Array(elements) if depth < MAX_DEPTH => {
            for element in elements {
                collect(element, path, depth + 1, found);
            }
        }
        Value::Object(members) if depth < MAX_DEPTH => {
            for (name, value) in members {
                let below = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                collect(value, &below, depth + 1, found);
            }
        }
        _ => {}
    }
}
