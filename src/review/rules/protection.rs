//! Encryption, logging and other protections that go.

use serde_json::Value;

use super::protection_tables::{
    DAYS, DELETES_AFTER, EXPOSES, GUARDS, KEYS, NAMED, PROTECTS, SMALL, SSE, WORDS, encrypts,
};
use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::terraform_plan::Action;
use crate::review::values::{at, is_absent, is_marked, is_off, is_on, strings_at};

pub const RULES: &[Rule] = &[
    Rule {
        code: "plan.encryption-off",
        severity: Severity::Error,
        title: "What is encrypted stays encrypted, with its own key",
        reason: "Without encryption a copied snapshot or a stolen disk is readable. AWS's own key in \
              place of the fleet's takes away who may use it and the record of its use",
        run: encryption,
    },
    Rule {
        code: "plan.protection-removed",
        severity: Severity::Error,
        title: "No protection is removed",
        reason: "Deletion protection, versions, key rotation, required session tokens, records of \
              access and the drain hook are there for the day on which something else fails",
        run: protection,
    },
    Rule {
        code: "plan.retention-shortened",
        severity: Severity::Warning,
        title: "Records are kept for as long as before",
        reason: "CloudWatch Logs deletes the older events within days after a group's retention is \
              shortened, and a longer one does not bring them back",
        run: retention,
    },
];

fn encryption(context: &Context<'_>, findings: &mut Findings) {
    let (change, values) = (context.change, context.values);
    let kind = change.resource_type.as_ref();
    let help = "keep the encryption, or waive this finding with the reason";
    if change.action == Action::Destroy {
        if matches!(
            kind,
            "aws_s3_bucket_server_side_encryption_configuration" | "aws_ebs_encryption_by_default"
        ) {
            findings.push(
                format!("{} is destroyed", change.address),
                "it encrypts what is new",
                help,
            );
        }
        return;
    }
    if values.after.is_null() {
        return;
    }
    for path in encrypts(kind) {
        // A queue with a key of its own needs no other.
        let has_key = path == "sqs_managed_sse_enabled"
            && (!is_absent(&values.after, "kms_master_key_id")
                || is_marked(&values.unknown, "kms_master_key_id"));
        let was_off = !values.before.is_null() && is_off(&values.before, path);
        if is_off(&values.after, path) && !was_off && !has_key {
            let message = format!("{} is not encrypted", change.address);
            findings.push(message, format!("`{path}` is off"), help);
        }
    }
    for (_, path) in KEYS.iter().filter(|(of, _)| *of == "*" || *of == kind) {
        let gone = !is_absent(&values.before, path)
            && is_absent(&values.after, path)
            && !is_marked(&values.unknown, path);
        if gone
            && !(*path == "key_id"
                && strings_at(&values.after, "type").all(|of| of != "SecureString"))
        {
            let message = format!("{} loses its own key", change.address);
            findings.push(message, format!("`{path}` is taken out"), help);
        }
    }
    let was = |word: &str, path: &str| strings_at(&values.before, path).any(|found| found == word);
    let is = |word: &str, path: &str| strings_at(&values.after, path).any(|found| found == word);
    if kind == "aws_ssm_parameter" && was("SecureString", "type") && !is("SecureString", "type") {
        let message = format!("{} is not encrypted any more", change.address);
        findings.push(message, "`type` was \"SecureString\"", help);
    }
    if kind.ends_with("_server_side_encryption_configuration")
        && was("aws:kms", SSE)
        && is("AES256", SSE)
    {
        let message = format!("{} uses AWS's own key", change.address);
        findings.push(message, "`sse_algorithm` was \"aws:kms\"", help);
    }
}

fn protection(context: &Context<'_>, findings: &mut Findings) {
    let (change, values) = (context.change, context.values);
    let kind = change.resource_type.as_ref();
    let help = "keep the protection, or waive this finding with the reason";
    if change.action == Action::Destroy && !change.is_deposed {
        for (_, does) in GUARDS.iter().filter(|(of, _)| *of == kind) {
            findings.push(format!("{} is destroyed", change.address), *does, help);
        }
        return;
    }
    if values.before.is_null() || values.after.is_null() {
        return;
    }
    let of_kind = |of: &str| of == "*" || of == kind;
    for (_, path) in PROTECTS.iter().filter(|(of, _)| of_kind(of)) {
        if is_on(&values.before, path)
            && !is_on(&values.after, path)
            && !is_marked(&values.unknown, path)
        {
            findings.push(
                format!("{} loses `{path}`", change.address),
                "it was on",
                help,
            );
        }
    }
    for (_, path) in EXPOSES.iter().filter(|(of, _)| of_kind(of)) {
        if !is_on(&values.before, path) && is_on(&values.after, path) {
            findings.push(
                format!("{} gets `{path}`", change.address),
                "it was off",
                help,
            );
        }
    }
    for (_, path, does) in NAMED.iter().filter(|(of, ..)| *of == kind) {
        let is_gone = !is_absent(&values.before, path)
            && is_absent(&values.after, path)
            && !is_marked(&values.unknown, path);
        if is_gone {
            findings.push(format!("{} loses `{path}`", change.address), *does, help);
        }
    }
    for (_, path) in SMALL.iter().filter(|(of, _)| *of == kind) {
        let most = |value: &Value| numbers(value, path).into_iter().max();
        if let (Some(before), Some(after)) = (most(&values.before), most(&values.after))
            && after > before
        {
            let label = format!("`{path}` grows from {before} to {after}");
            findings.push(
                format!("{} loses a protection", change.address),
                label,
                help,
            );
        }
    }
    for (_, path, word) in WORDS.iter().filter(|(of, ..)| *of == kind) {
        let has = |value: &Value| strings_at(value, path).any(|found| found == *word);
        if has(&values.before) && !has(&values.after) && !is_marked(&values.unknown, path) {
            let message = format!("{} loses a protection", change.address);
            findings.push(message, format!("`{path}` was {word:?}"), help);
        }
    }
}

/// Whether a row of a table is about a type.
fn is_about(of: &str, kind: &str) -> bool {
    of == "*" || of == kind
}

fn numbers(value: &Value, path: &str) -> Vec<i64> {
    at(value, path)
        .into_iter()
        .filter_map(Value::as_i64)
        .collect()
}

fn retention(context: &Context<'_>, findings: &mut Findings) {
    let (change, values) = (context.change, context.values);
    let kind = change.resource_type.as_ref();
    let help = "keep the number of days, or export what is still needed first";
    if values.after.is_null() {
        return;
    }
    for (_, path) in DELETES_AFTER.iter().filter(|(of, _)| *of == kind) {
        // Rules for a bucket that is made in the same plan delete nothing that there is.
        let is_new = values.before.is_null() && is_marked(&values.unknown, "bucket");
        let shortest = |value: &Value| numbers(value, path).into_iter().min();
        let Some(after) = shortest(&values.after).filter(|_| !is_new) else {
            continue;
        };
        let before = shortest(&values.before);
        if before.is_none_or(|before| after < before) {
            let before = before.map_or_else(|| "never".to_owned(), |days| format!("{days} days"));
            findings.push(
                format!("{} keeps less", change.address),
                format!("by `{path}` objects go after {after} days; before: {before}"),
                help,
            );
        }
    }
    if values.before.is_null() {
        return;
    }
    for (_, path, default) in DAYS.iter().filter(|(of, ..)| is_about(of, kind)) {
        // 0 is "for ever" in a log group, and "not at all" elsewhere.
        let for_ever = kind == "aws_cloudwatch_log_group";
        let days = |value: &Value| {
            let days = numbers(value, path).into_iter().min().or(*default)?;
            Some(if for_ever && days == 0 {
                i64::MAX
            } else {
                days
            })
        };
        let is_said = [&values.before, &values.after]
            .iter()
            .any(|value| !numbers(value, path).is_empty());
        let (Some(before), Some(after)) = (days(&values.before), days(&values.after)) else {
            continue;
        };
        if is_said && after < before && !is_marked(&values.unknown, path) {
            let before = if before == i64::MAX { 0 } else { before };
            findings.push(
                format!("{} keeps less", change.address),
                format!("`{path}` falls from {before} to {after} days"),
                help,
            );
        }
    }
}
