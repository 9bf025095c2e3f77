//! Findings about a plan as a whole, and about what is waived in it.

use std::collections::BTreeMap;

use super::rule::Finding;
use super::types_known::is_judged;
use crate::diagnostic::{Explanation, Severity};
use crate::review::terraform_plan::TerraformPlan;

/// Something runs that is no change of a resource.
pub const ACTION_INVOKED: Explanation = Explanation {
    code: "plan.action-invoked",
    severity: Severity::Warning,
    title: "What the plan runs beside its changes is meant",
    reason: "An action of Terraform 1.14 stops an instance, calls a function or sends a message. It changes no \
             resource of the plan, so that no other rule sees it",
};

/// Something changed outside of Terraform.
pub const DRIFT: Explanation = Explanation {
    code: "plan.drift",
    severity: Severity::Warning,
    title: "What the plan changes was not changed by somebody else meanwhile",
    reason: "Terraform found the resource different from what its last apply left. The plan puts it \
          back, and whoever changed it by hand had a reason",
};

/// A type that no rule knows.
pub const UNJUDGED_TYPE: Explanation = Explanation {
    code: "plan.type-unjudged",
    severity: Severity::Warning,
    title: "Rules know the types of what changes",
    reason: "Which data a resource holds, and what is public about it, is knowledge about its type. Of \
          a type that is not in the table only the action is judged",
};

/// A waiver that no longer counts.
pub const WAIVER_EXPIRED: Explanation = Explanation {
    code: "plan.waiver-expired",
    severity: Severity::Error,
    title: "Waivers are looked at again before they expire",
    reason: "A waiver holds until its day. After it the finding counts again, and the waiver is in the \
          way of whoever reads the file",
};

/// A waiver of nothing.
pub const WAIVER_UNUSED: Explanation = Explanation {
    code: "plan.waiver-unused",
    severity: Severity::Warning,
    title: "Every waiver waives something",
    reason: "A waiver that matches nothing today may match something next month that nobody has seen",
};

/// Resources that changed outside of Terraform and that the plan changes again.
#[must_use]
pub fn drift(plan: &TerraformPlan<'_>) -> Vec<(String, Finding)> {
    let changed: BTreeMap<&str, &str> = plan
        .changes
        .iter()
        .filter(|change| change.changes())
        .map(|change| (change.address.as_ref(), change.action.as_str()))
        .collect();
    plan.drift
        .iter()
        .filter_map(|drifted| {
            let action = changed.get(drifted.address.as_ref())?;
            let finding = Finding {
                message: format!("{} was changed outside of Terraform", drifted.address),
                label: format!("the plan does this to it: {action}"),
                help: "find out who changed it and why, and bring it into the configuration"
                    .to_owned(),
            };
            Some((drifted.address.to_string(), finding))
        })
        .collect()
}

/// The actions that the plan runs.
#[must_use]
pub fn invoked(plan: &TerraformPlan<'_>) -> Vec<(String, Finding)> {
    let invocations = plan.invocations.iter();
    invocations
        .map(|invocation| {
            let finding = Finding {
                message: format!("{} runs", invocation.address),
                label: match invocation.started_by() {
                    Some(address) => format!("{address} starts it"),
                    None => "somebody asked for it with -invoke".to_owned(),
                },
                help: "read what the action does, and waive this finding with the reason"
                    .to_owned(),
            };
            (invocation.address.to_string(), finding)
        })
        .collect()
}

/// Types that change and that no rule knows, with one address each.
#[must_use]
pub fn unjudged_types(plan: &TerraformPlan<'_>) -> Vec<(String, Finding)> {
    let mut of_types: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.changes()) {
        let kind = change.resource_type.as_ref();
        if !is_judged(kind) {
            of_types
                .entry(kind)
                .or_default()
                .push(change.address.as_ref());
        }
    }
    of_types
        .into_iter()
        .map(|(kind, addresses)| {
            let count = addresses.len();
            let resources = if count == 1 { "resource" } else { "resources" };
            let finding = Finding {
                message: format!("no rule knows the type {kind}"),
                label: format!("{count} {resources} of it: {}", addresses.join(", ")),
                help: "read these changes in the plan itself, and waive the type once you have"
                    .to_owned(),
            };
            (addresses[0].to_owned(), finding)
        })
        .collect()
}
