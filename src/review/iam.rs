//! Policy documents of IAM, and what one grants that another did not.

use std::collections::BTreeSet;

use serde_json::Value;

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
    /// The condition as JSON; empty without one.
    pub condition: String,
}

/// What of a statement is new: these actions, on these resources, for these principals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub statement: Statement,
    /// The actions that nothing granted before.
    pub actions: BTreeSet<String>,
    /// Whether it is a `Deny` that is gone rather than an `Allow` that came.
    pub lost_denial: bool,
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

/// What `after` grants and `before` did not: `Allow`s that came, `Deny`s that are gone.
#[must_use]
pub fn added(before: &[Statement], after: &[Statement]) -> Vec<Grant> {
    let mut grants = Vec::new();
    for statement in after.iter().filter(|statement| statement.allows) {
        let actions: BTreeSet<String> = statement
            .actions
            .iter()
            .filter(|action| !is_granted(before, statement, action))
            .cloned()
            .collect();
        if !actions.is_empty() {
            grants.push(Grant {
                statement: statement.clone(),
                actions,
                lost_denial: false,
            });
        }
    }
    for denial in before.iter().filter(|statement| !statement.allows) {
        let actions: BTreeSet<String> = denial
            .actions
            .iter()
            .filter(|action| {
                !after
                    .iter()
                    .any(|now| !now.allows && covers(now, denial, action, false))
            })
            .cloned()
            .collect();
        if !actions.is_empty() {
            grants.push(Grant {
                statement: denial.clone(),
                actions,
                lost_denial: true,
            });
        }
    }
    grants
}

fn is_granted(before: &[Statement], wanted: &Statement, action: &str) -> bool {
    let each = |resource: &String| {
        before
            .iter()
            .any(|had| had.allows && covers_one(had, wanted, action, resource, true))
    };
    if wanted.resources.is_empty() || !wanted.inverted.is_empty() {
        return before
            .iter()
            .any(|had| had.allows && covers(had, wanted, action, true));
    }
    wanted.resources.iter().all(each)
}

/// Whether one statement says all that the other says of an action.
fn covers(one: &Statement, other: &Statement, action: &str, unconditional_is_more: bool) -> bool {
    if !other.inverted.is_empty() || !one.inverted.is_empty() {
        return one.inverted == other.inverted
            && one.actions == other.actions
            && one.resources == other.resources
            && one.principals == other.principals
            && one.condition == other.condition;
    }
    if other.resources.is_empty() {
        return one.resources.is_empty()
            && covers_one(one, other, action, "", unconditional_is_more);
    }
    other
        .resources
        .iter()
        .all(|resource| covers_one(one, other, action, resource, unconditional_is_more))
}

fn covers_one(
    one: &Statement,
    other: &Statement,
    action: &str,
    resource: &str,
    unconditional_is_more: bool,
) -> bool {
    one.inverted.is_empty()
        && one.actions.iter().any(|pattern| matches(pattern, action))
        && (resource.is_empty()
            || one
                .resources
                .iter()
                .any(|pattern| matches(pattern, resource)))
        && other.principals.iter().all(|principal| {
            one.principals
                .iter()
                .any(|had| had == principal || had == "AWS:*")
        })
        && one.principals.is_empty() == other.principals.is_empty()
        && (one.condition == other.condition || unconditional_is_more && one.condition.is_empty())
}

/// Whether a text matches a pattern of IAM, in which `*` is anything and `?` one character.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some('?') => {
                p += 1;
                t += 1;
            }
            Some(letter) if *letter == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

impl Statement {
    /// Whether anybody on the internet is allowed, without a condition.
    #[must_use]
    pub fn is_public(&self) -> bool {
        let everybody = |principal: &String| principal.ends_with(":*");
        let inverted = self.inverted.contains(&"NotPrincipal");
        self.allows
            && self.condition.is_empty()
            && (inverted || self.principals.iter().any(everybody))
    }

    /// Why an `Allow` reaches further than its author can list, if it does.
    #[must_use]
    pub fn breadth(&self) -> Option<String> {
        if !self.allows {
            return None;
        }
        if let Some(inverted) = self.inverted.first() {
            return Some(format!(
                "`{inverted}` allows everything that it does not list"
            ));
        }
        let whole = |action: &&String| action.as_str() == "*" || action.ends_with(":*");
        self.actions
            .iter()
            .find(whole)
            .map(|action| match action.as_str() {
                "*" => "every action of every service".to_owned(),
                action => format!("every action of a service, `{action}`"),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &str) -> Vec<Statement> {
        statements_of(&format!("{{\"Statement\":[{statements}]}}"))
    }

    fn statements_of(text: &str) -> Vec<Statement> {
        statements(text).expect("a policy")
    }

    const READ: &str = r#"{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:a/*"}"#;

    #[test]
    fn order_case_and_names_of_statements_grant_nothing() {
        let before = policy(READ);
        let after = policy(
            r#"{"Sid":"New","Effect":"Allow","Action":"S3:getobject","Resource":["arn:a/*"]}"#,
        );
        assert_eq!(added(&before, &after), []);
    }

    #[test]
    fn a_wildcard_grants_what_it_did_not_list() {
        let after = policy(r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:a/*"}"#);
        let grants = added(&policy(READ), &after);
        assert_eq!(grants.len(), 1);
        assert_eq!(
            added(&after, &policy(READ)),
            [],
            "and the other way takes away"
        );
    }

    #[test]
    fn a_condition_that_goes_is_a_grant() {
        let with = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:a/*","Condition":{"Bool":{"a":"true"}}}"#;
        assert_eq!(added(&policy(with), &policy(READ)).len(), 1);
        assert_eq!(added(&policy(READ), &policy(with)), []);
    }

    #[test]
    fn a_denial_that_goes_is_a_grant() {
        let denial = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#;
        let grants = added(&policy(&format!("{READ},{denial}")), &policy(READ));
        assert!(grants[0].lost_denial);
    }

    #[test]
    fn patterns_are_those_of_iam() {
        assert!(matches("s3:Get*", "s3:GetObject"));
        assert!(matches("*", "anything"));
        assert!(matches("a?c*", "abcd"));
        assert!(!matches("s3:Get", "s3:GetObject"));
        assert!(!matches("s3:*Object", "s3:ObjectGet"));
    }
}
