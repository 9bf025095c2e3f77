//! Auto Scaling groups: who owns their sizes, and whether the plan replaces their instances.

use serde_json::Value;

use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::values::{at, is_marked, strings_at};

pub const RULES: &[Rule] = &[
    Rule {
        code: "plan.group-size",
        severity: Severity::Error,
        title: "Terraform does not move what schedules and scaling policies own",
        reason: "An apply sets the size of that moment back to the one in the file: in the middle of the \
              day it ends instances with running tasks. `ignore_changes` has to list the sizes that \
              something else sets",
        run: size,
    },
    Rule {
        code: "plan.instance-refresh",
        severity: Severity::Warning,
        title: "An instance refresh replaces every worker",
        reason: "A group with an `instance_refresh` block starts one as soon as its launch template or \
              its mixed instances policy changes. Each instance drains, and what is not done within \
              the drain budget is ended",
        run: refresh,
    },
];

const GROUP: &str = "aws_autoscaling_group";

fn number(value: &Value, path: &str) -> Option<i64> {
    at(value, path).into_iter().find_map(|found| {
        found
            .as_i64()
            .or_else(|| found.as_str().and_then(|text| text.parse().ok()))
    })
}

fn size(context: &Context<'_>, findings: &mut Findings) {
    let values = context.values;
    if context.change.resource_type != GROUP || values.before.is_null() || values.after.is_null() {
        return;
    }
    let moved = |path: &str| {
        let (before, after) = (number(&values.before, path), number(&values.after, path));
        (before != after).then_some((before, after))
    };
    let shown = |size: Option<i64>| size.map_or_else(|| "?".to_owned(), |size| size.to_string());
    for path in ["desired_capacity", "min_size", "max_size"] {
        let Some((before, after)) = moved(path) else {
            continue;
        };
        let owner = if path == "desired_capacity" {
            Some("scaling policies and schedules set it".to_owned())
        } else {
            owner(context, path)
        };
        if let Some(owner) = owner {
            findings.push(
                format!(
                    "{} is moved from {path} {} to {}",
                    context.change.address,
                    shown(before),
                    shown(after)
                ),
                owner,
                format!("list `{path}` in the group's `lifecycle.ignore_changes`"),
            );
        }
    }
}

/// The schedule of the same group that sets a size.
fn owner(context: &Context<'_>, path: &str) -> Option<String> {
    let group = strings_at(&context.values.before, "name").next()?;
    let schedules = context.plan.changes.iter();
    schedules
        .filter(|change| change.resource_type == "aws_autoscaling_schedule")
        .find(|change| {
            let values = change.values();
            let sets = number(&values.after, path).is_some_and(|size| size >= 0);
            sets && strings_at(&values.after, "autoscaling_group_name").any(|name| name == group)
        })
        .map(|change| format!("{} sets it", change.address))
}

/// What starts a refresh when it changes.
const TRIGGERS: &[&str] = &[
    "launch_template",
    "launch_configuration",
    "mixed_instances_policy",
];

fn refresh(context: &Context<'_>, findings: &mut Findings) {
    let values = context.values;
    if context.change.resource_type != GROUP || values.before.is_null() || values.after.is_null() {
        return;
    }
    let refreshes = at(&values.after, "instance_refresh")
        .into_iter()
        .any(Value::is_object);
    let extra: Vec<&str> = strings_at(&values.after, "instance_refresh.triggers").collect();
    let changed: Vec<&str> = TRIGGERS
        .iter()
        .copied()
        .chain(extra)
        .filter(|path| {
            at(&values.before, path) != at(&values.after, path) || is_marked(&values.unknown, path)
        })
        .collect();
    if !refreshes || changed.is_empty() {
        return;
    }
    let instances = number(&values.before, "desired_capacity").unwrap_or(0);
    let healthy = number(
        &values.after,
        "instance_refresh.preferences.min_healthy_percentage",
    );
    let healthy = healthy.map_or_else(String::new, |percent| {
        format!(", {percent} % stay in service")
    });
    findings.push(
        format!("{} replaces every instance", context.change.address),
        format!(
            "`{}` changes; desired capacity is {instances}{healthy}",
            changed.join("`, `")
        ),
        "apply while few tasks run, or undo what changes the launch template",
    );
}
