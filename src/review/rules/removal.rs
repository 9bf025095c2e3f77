//! What is destroyed, replaced, or forgotten.

use super::rule::{Context, Findings, Rule};
use crate::diagnostic::Severity;
use crate::review::terraform_plan::Action;
use crate::review::types;

pub const RULES: &[Rule] = &[
    Rule {
        code: "plan.data-loss",
        severity: Severity::Error,
        title: "Nothing that holds data is destroyed or replaced",
        reason: "A key, a bucket, a secret or a log group takes its contents along. Terraform makes the \
              resource again, and never what was in it",
        run: data_loss,
    },
    Rule {
        code: "plan.destroy",
        severity: Severity::Warning,
        title: "What is destroyed is meant to go",
        reason: "A resource that is no longer in the configuration is deleted in AWS by the next apply. \
              A name that was changed looks the same to Terraform, unless a `moved` block says so",
        run: destroy,
    },
    Rule {
        code: "plan.replace",
        severity: Severity::Warning,
        title: "What is replaced may be away for a time",
        reason: "An attribute that cannot change in place makes Terraform delete the resource and create \
              another one. Everything that refers to it follows",
        run: replace,
    },
    Rule {
        code: "plan.forget",
        severity: Severity::Warning,
        title: "What Terraform forgets has another owner",
        reason: "A `removed` block with `destroy = false` takes a resource out of the state. It stays in \
              AWS and costs, and nobody's configuration has it any more",
        run: forget,
    },
    Rule {
        code: "plan.unknown-action",
        severity: Severity::Error,
        title: "Every action of the plan is understood",
        reason: "A newer Terraform may combine actions in a way that this version of valet-gen does not \
              know. What it does to the resource cannot be judged then",
        run: unknown_action,
    },
];

fn data_loss(context: &Context<'_>, findings: &mut Findings) {
    let change = context.change;
    let facts = types::find(&change.resource_type);
    let Some(data) = facts.and_then(|facts| facts.data) else {
        return;
    };
    if change.action.destroys() {
        findings.push(
            format!(
                "{} is {}: this loses {data}",
                change.address,
                past(change.action)
            ),
            because(context),
            "keep the resource, or copy what it holds first and waive this finding with the reason",
        );
    }
}

fn destroy(context: &Context<'_>, findings: &mut Findings) {
    let change = context.change;
    if change.action != Action::Destroy {
        return;
    }
    let what = if change.is_deposed {
        "an object that an interrupted replacement left of "
    } else {
        ""
    };
    let facts = types::find(&change.resource_type);
    let stops = facts
        .and_then(|facts| facts.interrupts)
        .map(|what| format!("; this ends {what}"))
        .unwrap_or_default();
    findings.push(
        format!("{what}{} is destroyed{stops}", change.address),
        because(context),
        "where it only has another name now, add a `moved` block",
    );
}

fn replace(context: &Context<'_>, findings: &mut Findings) {
    let change = context.change;
    if change.action != Action::Replace {
        return;
    }
    let facts = types::find(&change.resource_type);
    let stops = facts
        .and_then(|facts| facts.interrupts)
        .map(|what| format!("; this interrupts {what}"))
        .unwrap_or_default();
    findings.push(
        format!("{} is replaced{stops}", change.address),
        because(context),
        "undo the change of the attribute, or apply while nothing depends on the resource",
    );
}

fn forget(context: &Context<'_>, findings: &mut Findings) {
    if context.change.action == Action::Forget {
        findings.push(
            format!(
                "{} leaves Terraform's state and stays in AWS",
                context.change.address
            ),
            "nothing manages it after the apply",
            "import it where it is managed from now on, or let Terraform destroy it",
        );
    }
}

fn unknown_action(context: &Context<'_>, findings: &mut Findings) {
    if context.change.action == Action::Unknown {
        findings.push(
            format!(
                "{} has a combination of actions that is not known",
                context.change.address
            ),
            "it cannot be judged",
            "use a newer valet-gen",
        );
    }
}

fn past(action: Action) -> &'static str {
    match action {
        Action::Replace => "replaced",
        _ => "destroyed",
    }
}

/// Why Terraform does it, from the plan.
fn because(context: &Context<'_>) -> String {
    let change = context.change;
    let paths = &change.replace_paths;
    let reason = change.action_reason.as_deref().unwrap_or_default();
    let reason = match reason {
        "replace_because_cannot_update" => "cannot change in place",
        "replace_because_tainted" => "the last apply failed on it",
        "replace_by_request" => "somebody asked for it with -replace",
        "replace_by_triggers" => "`replace_triggered_by` names something that changes",
        "delete_because_no_resource_config" => "it is not in the configuration any more",
        "delete_because_no_module" => "its module is not in the configuration any more",
        "delete_because_wrong_repetition" => "`count` or `for_each` was added or removed",
        "delete_because_count_index" => "its index is beyond `count`",
        "delete_because_each_key" => "its key is not in `for_each` any more",
        "delete_because_no_move_target" => "it was moved to where nothing is",
        "" if change.is_deposed => "it is left over",
        "" => "the plan gives no reason",
        other => other,
    };
    if paths.is_empty() {
        return reason.to_owned();
    }
    let unknown: Vec<&str> = paths
        .iter()
        .map(String::as_str)
        .filter(|path| crate::review::values::is_marked(&context.values.unknown, path))
        .collect();
    let unknown = if unknown.is_empty() {
        String::new()
    } else {
        format!(" (known after apply: {})", unknown.join(", "))
    };
    format!("{}: {reason}{unknown}", paths.join(", "))
}
