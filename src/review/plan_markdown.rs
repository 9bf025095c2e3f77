//! A plan review as Markdown, for a page or a comment.

use std::fmt::Write as _;

use super::diff_document::FleetDiff;
use super::diff_markdown;
use super::markdown::{code, count, text};
use super::plan_review::{PlanReview, PlannedResource};
use super::section::{self, Section};
use super::terraform_plan::Action;
use crate::diagnostic::{Diagnostic, Severity, Subject};

/// What the plan does, in one line.
#[must_use]
pub fn summary(review: &PlanReview) -> String {
    if review.resources.is_empty() {
        return "no changes".to_owned();
    }
    let words = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Replace, "to replace"),
        (Action::Destroy, "to destroy"),
        (Action::Forget, "to forget"),
        (Action::Unknown, "unknown"),
    ];
    let mut parts: Vec<String> = words
        .into_iter()
        .filter_map(|(action, words)| {
            review
                .actions
                .get(&action)
                .map(|count| format!("{count} {words}"))
        })
        .collect();
    let imported = review.resources.iter().filter(|one| one.imported).count();
    let moved = review
        .resources
        .iter()
        .filter(|one| one.moved_from.is_some())
        .count();
    for (number, words) in [(imported, "to import"), (moved, "moved")] {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    }
    parts.join(", ")
}

/// The verdict, in one line.
#[must_use]
pub fn verdict(review: &PlanReview) -> String {
    let (errors, warnings) = (
        review.count(Severity::Error),
        review.count(Severity::Warning),
    );
    let mut text = match (errors, warnings) {
        (0, 0) => "nothing was found".to_owned(),
        (0, _) => count(warnings, "warning"),
        (_, 0) => count(errors, "error"),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    if review.waived > 0 {
        let _ = write!(text, ", {} waived", review.waived);
    }
    text
}

/// The review as sections, the most important first.
#[must_use]
pub fn sections(review: &PlanReview) -> Vec<Section> {
    let head = format!(
        "### Terraform plan\n\n**{}**: {}\n",
        summary(review),
        verdict(review)
    );
    let mut sections = vec![Section::whole("the plan's verdict", head)];
    for (severity, open) in [(Severity::Error, true), (Severity::Warning, false)] {
        let found: Vec<&Diagnostic> = review
            .report
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .collect();
        if !found.is_empty() {
            sections.push(Section::folded(
                &format!("plan: {}", count(found.len(), severity.as_str())),
                open,
                "| rule | resource | finding | what to do |\n|---|---|---|---|\n",
                found.into_iter().map(finding).collect(),
            ));
        }
    }
    if !review.resources.is_empty() {
        sections.push(Section::folded(
            &format!("plan: {}", count(review.resources.len(), "resource")),
            false,
            "| action | resource | because of |\n|---|---|---|\n",
            review.resources.iter().map(resource).collect(),
        ));
    }
    sections
}

/// The whole page.
#[must_use]
pub fn print(review: &PlanReview) -> String {
    section::page(&sections(review))
}

/// A comparison and the plan that came of it, as sections: both verdicts, then what stops the plan,
/// then why and what follows, then the rest.
#[must_use]
pub fn composed(diff: &FleetDiff, review: &PlanReview) -> Vec<Section> {
    let mut of_plan = sections(review).into_iter();
    let mut of_diff = diff_markdown::sections(diff).into_iter();
    let errors = usize::from(review.count(Severity::Error) > 0);
    let mut all: Vec<Section> = of_diff.by_ref().take(1).collect();
    all.extend(of_plan.by_ref().take(1 + errors));
    all.extend(of_diff);
    all.extend(of_plan);
    all
}

fn finding(diagnostic: &Diagnostic) -> String {
    let address = match &diagnostic.subject {
        Subject::TerraformAddress(address) => code(address),
        Subject::File(path) => code(path),
        Subject::Source => String::new(),
    };
    format!(
        "| `{}` | {address} | {}: {} | {} |\n",
        diagnostic.code,
        text(&diagnostic.message),
        text(&diagnostic.label),
        text(&diagnostic.help),
    )
}

fn resource(resource: &PlannedResource) -> String {
    let mut because = text(&resource.replace_paths.join(", "));
    if let Some(from) = &resource.moved_from {
        because.push_str(&format!(" moved from {}", code(from)));
    }
    if resource.imported {
        because.push_str(" it is there already, and Terraform takes it over");
    }
    format!(
        "| {} | {} | {} |\n",
        match (resource.action, resource.imported) {
            (Action::NoOp, true) => "import",
            (Action::NoOp, false) => "move",
            (action, _) => action.as_str(),
        },
        code(&resource.address),
        because.trim_start(),
    )
}
