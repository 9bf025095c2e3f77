//! Statements of policy documents, in a form in which two can be compared.

use std::collections::BTreeSet;

use serde_json::Value;

use super::condition::{self, Test};

/// One statement, in the order-free form in which two can be compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    pub sid: String,
    pub allows: bool,
    /// `type:identifier`, such as `Service:ec2.amazonaws.com`. Empty in a policy of an identity.
    pub principals: BTreeSet<String>,
    pub actions: BTreeSet<String>,
    pub resources: BTreeSet<String>,
    /// Whether the statement names what it does not cover, with `NotAction`, `NotResource` or
    /// `NotPrincipal`.
    pub inverted: Vec<&'static str>,
    /// The condition as text; empty without one.
    pub condition: String,
    /// The tests of the condition, all of which have to hold.
    pub tests: Vec<Test>,
}

/// Reads a policy. `None` when the text is no policy.
#[must_use]
pub fn statements(policy: &str) -> Option<Vec<Statement>> {
    let document: Value = serde_json::from_str(policy).ok()?;
    let statements = match document.get("Statement")? {
        Value::Array(statements) => statements.iter().map(statement).collect(),
        single => vec![statement(single)],
    };
    Some(statements)
}

fn statement(value: &Value) -> Statement {
    let either = |plain: &str, inverted: &'static str| {
        let found = value.get(plain).or_else(|| value.get(inverted));
        let is_inverted = value.get(plain).is_none() && value.get(inverted).is_some();
        (found, is_inverted.then_some(inverted))
    };
    let (actions, not_actions) = either("Action", "NotAction");
    let (resources, not_resources) = either("Resource", "NotResource");
    let (principals, not_principals) = either("Principal", "NotPrincipal");
    let condition = value
        .get("Condition")
        .filter(|condition| condition.as_object().is_none_or(|tests| !tests.is_empty()));
    Statement {
        sid: value
            .get("Sid")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        allows: value.get("Effect").and_then(Value::as_str) == Some("Allow"),
        principals: principals.map(principals_of).unwrap_or_default(),
        // IAM compares actions without regard to case.
        actions: texts(actions)
            .iter()
            .map(|action| action.to_lowercase())
            .collect(),
        resources: texts(resources),
        inverted: [not_actions, not_resources, not_principals]
            .into_iter()
            .flatten()
            .collect(),
        condition: condition
            .map(sorted)
            .map(|value| value.to_string())
            .unwrap_or_default(),
        tests: condition.map(condition::tests).unwrap_or_default(),
    }
}

fn principals_of(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(kinds) => kinds
            .iter()
            .flat_map(|(kind, names)| {
                texts(Some(names))
                    .into_iter()
                    .map(move |name| format!("{kind}:{name}"))
            })
            .collect(),
        other => texts(Some(other))
            .into_iter()
            .map(|name| format!("AWS:{name}"))
            .collect(),
    }
}

fn texts(value: Option<&Value>) -> BTreeSet<String> {
    match value {
        Some(Value::String(text)) => [text.clone()].into(),
        Some(Value::Array(texts)) => texts
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// JSON in which the order of members and of lists does not matter.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str());
            members
                .into_iter()
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect()
        }
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.iter().map(sorted).collect();
            elements.sort_by_key(Value::to_string);
            Value::Array(elements)
        }
        other => other.clone(),
    }
}
