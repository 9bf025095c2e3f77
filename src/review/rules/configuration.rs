//! Findings about the module that a plan is of, which the plan itself does not show.

use std::collections::BTreeSet;

use super::rule::Finding;
use crate::diagnostic::{Explanation, Severity};
use crate::review::planned_module::PlannedModule;
use crate::review::terraform_plan::TerraformPlan;

/// A protection of `lifecycle` that is gone.
pub const LIFECYCLE_REMOVED: Explanation = Explanation {
    code: "plan.lifecycle-removed",
    severity: Severity::Error,
    title: "No protection of a lifecycle block is removed",
    reason: "A plan does not show `lifecycle`. Without `prevent_destroy` the next plan may destroy the resource, and \
             without `ignore_changes` the next apply sets back what schedules, scaling or people have set",
};

/// A file that is not what was rendered.
pub const FILE_EDITED: Explanation = Explanation {
    code: "plan.file-edited",
    severity: Severity::Error,
    title: "The module is what fleet.toml renders to",
    reason: "The next `valet-gen render` takes a change of a rendered file away again, and nobody reviewed it as a \
             change of fleet.toml",
};

/// A plan of something else.
pub const OTHER_MODULE: Explanation = Explanation {
    code: "plan.other-module",
    severity: Severity::Error,
    title: "The plan was made from this module",
    reason: "A plan that was made before the last change, or in another folder, says nothing about what an apply of \
             this module does",
};

/// What the module says beside the plan, each with the address or the file that it is about.
#[must_use]
pub fn lifecycle_removed(module: &PlannedModule) -> Vec<(String, Finding)> {
    let mut found = Vec::new();
    for (address, (before, now)) in &module.lifecycles {
        let Some(before) = before else {
            continue;
        };
        let mut lost: Vec<String> = Vec::new();
        if before.prevents_destroy && !now.prevents_destroy {
            lost.push("`prevent_destroy`".to_owned());
        }
        if before.creates_before_destroy && !now.creates_before_destroy {
            lost.push("`create_before_destroy`".to_owned());
        }
        let ignored = before.ignored.iter();
        let ignored = ignored.filter(|name| !now.ignored.contains(name) && !now.ignores_all());
        lost.extend(ignored.map(|name| format!("`ignore_changes` of `{name}`")));
        if lost.is_empty() {
            continue;
        }
        let finding = Finding {
            message: format!("{address} loses a protection"),
            label: format!("its `lifecycle` had {}", lost.join(", ")),
            help: "put it back, or waive this finding with the reason".to_owned(),
        };
        found.push((address.clone(), finding));
    }
    found
}

/// Files that were edited or removed after they were rendered.
#[must_use]
pub fn file_edited(module: &PlannedModule) -> Vec<(String, Finding)> {
    let files = module.edited.iter();
    files
        .map(|(path, problem)| {
            let finding = Finding {
                message: format!("{path} is not what fleet.toml renders to"),
                label: problem.clone(),
                help: "change fleet.toml instead, and run `valet-gen render`".to_owned(),
            };
            (path.clone(), finding)
        })
        .collect()
}

/// How many addresses are named.
const MAX_NAMED: usize = 5;

/// Whether plan and module have the same blocks.
#[must_use]
pub fn other_module(plan: &TerraformPlan<'_>, module: &PlannedModule) -> Option<Finding> {
    let planned = plan.configured()?;
    let here: BTreeSet<&str> = module.addresses.iter().map(String::as_str).collect();
    let named = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| {
        let all: Vec<&str> = one.difference(other).copied().collect();
        let mut text = all[..all.len().min(MAX_NAMED)].join(", ");
        if all.len() > MAX_NAMED {
            text.push_str(&format!(" and {} more", all.len() - MAX_NAMED));
        }
        text
    };
    let parts: Vec<String> = [
        ("only the plan has", named(&planned, &here)),
        ("only the module has", named(&here, &planned)),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(words, names)| format!("{words} {names}"))
    .collect();
    (!parts.is_empty()).then(|| Finding {
        message: "the plan is of another module".to_owned(),
        label: parts.join("; "),
        help: "plan again in this folder, and review that plan".to_owned(),
    })
}
