//! Data that a change takes away: what goes with a resource, and records that are kept for a shorter time.

use super::config::{Object, Term};
use super::planner::Change;
use super::types;

/// What is lost by a change of a resource, where anything is.
#[must_use]
pub fn loss(change: &Change) -> Option<String> {
    if change.action.destroys() {
        let facts = types::find(&change.kind)?;
        return facts.data.map(str::to_owned);
    }
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    match change.kind.as_str() {
        "aws_cloudwatch_log_group" => of_log_group(before, after),
        "aws_s3_bucket_lifecycle_configuration" => of_bucket(before, after),
        _ => None,
    }
}

fn days_at(of: &Object, path: &str) -> Option<f64> {
    let values = Term::Map(of.values.clone());
    values.at(path).and_then(Term::as_number)
}

/// Nothing and 0 are for ever.
fn of_log_group(before: &Object, after: &Object) -> Option<String> {
    let days = |of: &Object| days_at(of, "retention_in_days").filter(|days| *days > 0.0);
    let now = days(after)?;
    let shorter = days(before).is_none_or(|was| now < was);
    shorter.then(|| format!("the log events that are older than {now:.0} days"))
}

/// What is deleted soonest, of present and of earlier versions.
fn of_bucket(before: &Object, after: &Object) -> Option<String> {
    let soonest = |of: &Object, path: &str| {
        let rules = of.values.get("rule").map_or(&[][..], Term::elements);
        let days = rules.iter().filter_map(|rule| rule.at(path)?.as_number());
        days.reduce(f64::min)
    };
    let paths = [
        ("expiration.days", "objects"),
        (
            "noncurrent_version_expiration.noncurrent_days",
            "earlier versions",
        ),
    ];
    paths.into_iter().find_map(|(path, what)| {
        let now = soonest(after, path)?;
        let shorter = soonest(before, path).is_none_or(|was| now < was);
        shorter.then(|| format!("the {what} that are older than {now:.0} days"))
    })
}
