//! What one policy grants that another did not.

use std::collections::BTreeSet;

use super::pattern::matches;
use super::statement::Statement;

/// What of a statement is new: these actions, on these resources, for these principals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub statement: Statement,
    /// The actions that nothing granted before.
    pub actions: BTreeSet<String>,
    /// Whether it is a `Deny` that is gone rather than an `Allow` that came.
    pub lost_denial: bool,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::iam::statements;

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
}
