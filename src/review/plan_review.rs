//! Runs the rules over a plan, takes out what is waived, and counts.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::planned_module::PlannedModule;
use super::rules::{self, Context, Findings};
use super::terraform_plan::{Action, TerraformPlan};
use crate::diagnostic::{Diagnostic, DiagnosticReport, Severity, Subject};
use crate::fleet::PlanWaiver;

/// What a review came to.
pub struct PlanReview {
    pub terraform_version: String,
    /// How many resources each action is for, those without a change left out.
    pub actions: BTreeMap<Action, usize>,
    /// Resources that change, are moved or are taken over, by address.
    pub resources: Vec<PlannedResource>,
    /// What was found and is not waived.
    pub report: DiagnosticReport,
    /// How many findings are waived.
    pub waived: usize,
}

/// One resource that changes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedResource {
    /// The address, as Terraform writes it.
    pub address: String,
    /// What Terraform does to it; `no-op` where it is only moved or taken over.
    pub action: Action,
    /// Attributes that cannot change in place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replace_paths: Vec<String>,
    /// The address that it had before, where it was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    /// Whether it was there already and Terraform takes it over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
}

/// The version of the JSON document. It grows with a change that breaks readers.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// A reviewed plan: what `valet-gen plan-review --format json` prints.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Document<'a> {
    /// The version of this document.
    schema_version: u32,
    /// The Terraform that made the plan.
    terraform_version: &'a str,
    /// How many resources each action is for, those without a change left out.
    actions: &'a BTreeMap<Action, usize>,
    /// Resources that change, are moved or are taken over.
    resources: &'a [PlannedResource],
    /// How many findings stop the plan.
    errors: usize,
    /// How many findings are warnings.
    warnings: usize,
    /// How many findings are waived, which are not among the others.
    waived: usize,
    /// What was found, errors first.
    findings: Vec<FindingEntry<'a>>,
}

/// One thing that a rule found.
#[derive(Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FindingEntry<'a> {
    /// The rule, such as `plan.data-loss`. `valet-gen explain CODE` says what it is for.
    code: &'a str,
    /// Whether it stops the plan.
    severity: Severity,
    /// The resource, or the file; empty where the finding is about the whole plan.
    address: &'a str,
    /// What is wrong.
    message: &'a str,
    /// The details.
    label: &'a str,
    /// What to do.
    help: &'a str,
}

impl PlanReview {
    /// The review as JSON. Field names are stable.
    #[must_use]
    pub fn to_json(&self) -> String {
        let findings = self.report.diagnostics.iter();
        let document = Document {
            schema_version: SCHEMA_VERSION,
            terraform_version: &self.terraform_version,
            actions: &self.actions,
            resources: &self.resources,
            errors: self.count(Severity::Error),
            warnings: self.count(Severity::Warning),
            waived: self.waived,
            findings: findings
                .map(|diagnostic| FindingEntry {
                    code: diagnostic.code,
                    severity: diagnostic.severity,
                    address: match &diagnostic.subject {
                        Subject::TerraformAddress(address) | Subject::File(address) => address,
                        Subject::Source => "",
                    },
                    message: &diagnostic.message,
                    label: &diagnostic.label,
                    help: &diagnostic.help,
                })
                .collect(),
        };
        // Plain structs with string keys: nothing of it can fail to serialize.
        let mut json = serde_json::to_string_pretty(&document).unwrap_or_default();
        json.push('\n');
        json
    }

    /// How many findings of a severity there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.report.count(severity)
    }
}

/// Reviews a plan, and its module where that is known.
#[must_use]
pub fn review(
    plan: &TerraformPlan<'_>,
    module: Option<&PlannedModule>,
    waivers: &[PlanWaiver],
    today: Date,
) -> PlanReview {
    let mut diagnostics = Vec::new();
    for change in plan.changes.iter().filter(|change| change.changes()) {
        let values = change.values();
        let context = Context {
            plan,
            change,
            values: &values,
        };
        for rule in rules::RULES.iter().copied().flatten() {
            let mut findings = Findings::default();
            (rule.run)(&context, &mut findings);
            let explanation = rule.explanation();
            let found = findings.into_vec().into_iter();
            diagnostics.extend(found.map(|finding| {
                let finding = rules::without_sensitive(finding, &values);
                rules::diagnostic(&explanation, &change.address, finding)
            }));
        }
    }
    for (address, finding) in rules::invoked(plan) {
        diagnostics.push(rules::diagnostic(&rules::ACTION_INVOKED, &address, finding));
    }
    for (address, finding) in rules::drift(plan) {
        diagnostics.push(rules::diagnostic(&rules::DRIFT, &address, finding));
    }
    for (address, finding) in rules::unjudged_types(plan) {
        diagnostics.push(rules::diagnostic(&rules::UNJUDGED_TYPE, &address, finding));
    }
    if let Some(module) = module {
        diagnostics.extend(of_module(plan, module));
    }
    let (mut diagnostics, waived) = without_waived(diagnostics, waivers, today);
    diagnostics
        .sort_by(|a, b| (a.severity, a.code, &a.message).cmp(&(b.severity, b.code, &b.message)));

    let resources: Vec<PlannedResource> = plan
        .changes
        .iter()
        .filter(|change| change.is_listed())
        .map(|change| PlannedResource {
            address: change.address.to_string(),
            action: change.action,
            replace_paths: change.replace_paths.clone(),
            moved_from: change.previous_address.as_deref().map(str::to_owned),
            imported: change.is_imported,
        })
        .collect();
    let mut actions = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.changes()) {
        *actions.entry(change.action).or_default() += 1;
    }
    PlanReview {
        terraform_version: plan.terraform_version.clone(),
        actions,
        resources,
        report: DiagnosticReport::complete(diagnostics),
        waived,
    }
}

fn of_module(plan: &TerraformPlan<'_>, module: &PlannedModule) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for (address, finding) in rules::lifecycle_removed(module) {
        diagnostics.push(rules::diagnostic(
            &rules::LIFECYCLE_REMOVED,
            &address,
            finding,
        ));
    }
    for (path, finding) in rules::file_edited(module) {
        diagnostics.push(Diagnostic {
            subject: Subject::File(path.clone()),
            ..rules::diagnostic(&rules::FILE_EDITED, &path, finding)
        });
    }
    if let Some(finding) = rules::other_module(plan, module) {
        diagnostics.push(rules::diagnostic(&rules::OTHER_MODULE, "", finding));
    }
    diagnostics
}

/// Takes out what is waived, and reports waivers that are expired or of nothing.
fn without_waived(
    diagnostics: Vec<Diagnostic>,
    waivers: &[PlanWaiver],
    today: Date,
) -> (Vec<Diagnostic>, usize) {
    let address = |diagnostic: &Diagnostic| match &diagnostic.subject {
        Subject::TerraformAddress(address) | Subject::File(address) => address.clone(),
        Subject::Source => String::new(),
    };
    let mut used = vec![false; waivers.len()];
    let all = diagnostics.len();
    let mut kept = Vec::new();
    for diagnostic in diagnostics {
        let of = address(&diagnostic);
        let mut is_waived = false;
        for (waiver, used) in waivers.iter().zip(&mut used) {
            if waiver.covers(diagnostic.code, &of) {
                *used = true;
                is_waived |= !waiver.is_expired(today);
            }
        }
        if !is_waived {
            kept.push(diagnostic);
        }
    }
    let waived = all - kept.len();
    for (waiver, used) in waivers.iter().zip(used) {
        let (explanation, label, help) = if waiver.is_expired(today) {
            (
                &rules::WAIVER_EXPIRED,
                format!("it expired on {}", waiver.expires.0),
                "take the waiver out, or give it another day after somebody has looked",
            )
        } else if !used {
            (
                &rules::WAIVER_UNUSED,
                "no finding of this plan matches it".to_owned(),
                "take the waiver out; where it is about the plan of another environment, name that with `environment`",
            )
        } else {
            continue;
        };
        let finding = rules::Finding {
            message: format!("the waiver of {} for `{}`", waiver.rule, waiver.address),
            label,
            help: help.to_owned(),
        };
        kept.push(rules::diagnostic(explanation, &waiver.address, finding));
    }
    (kept, waived)
}
