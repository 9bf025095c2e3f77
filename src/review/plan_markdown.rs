//! A plan review as Markdown, for a page or a comment.

use std::fmt::Write as _;

use super::markdown::{code, count, text};
use super::plan_review::PlanReview;
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
    let parts: Vec<String> = words
        .into_iter()
        .filter_map(|(action, words)| {
            review
                .actions
                .get(&action)
                .map(|count| format!("{count} {words}"))
        })
        .collect();
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

/// The review as sections, the most important first. Each can be left out as a whole.
#[must_use]
pub fn sections(review: &PlanReview) -> Vec<String> {
    let mut sections = vec![format!(
        "### Terraform plan\n\n**{}**: {}\n",
        summary(review),
        verdict(review)
    )];
    for (severity, open) in [(Severity::Error, true), (Severity::Warning, false)] {
        let found: Vec<&Diagnostic> = review
            .report
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .collect();
        if !found.is_empty() {
            sections.push(findings(&found, severity, open));
        }
    }
    if !review.resources.is_empty() {
        sections.push(resources(review));
    }
    sections
}

/// The whole page.
#[must_use]
pub fn print(review: &PlanReview) -> String {
    sections(review).join("\n")
}

fn findings(found: &[&Diagnostic], severity: Severity, open: bool) -> String {
    let mut section = format!(
        "<details{}><summary>{}</summary>\n\n| rule | resource | finding | what to do |\n|---|---|---|---|\n",
        if open { " open" } else { "" },
        count(found.len(), severity.as_str()),
    );
    for diagnostic in found {
        let address = match &diagnostic.subject {
            Subject::TerraformAddress(address) => code(address),
            Subject::File(path) => code(path),
            Subject::Source => String::new(),
        };
        let _ = writeln!(
            section,
            "| `{}` | {address} | {}: {} | {} |",
            diagnostic.code,
            text(&diagnostic.message),
            text(&diagnostic.label),
            text(&diagnostic.help),
        );
    }
    section.push_str("\n</details>\n");
    section
}

fn resources(review: &PlanReview) -> String {
    let mut section = format!(
        "<details><summary>{}</summary>\n\n| action | resource | because of |\n|---|---|---|\n",
        count(review.resources.len(), "resource")
    );
    for resource in &review.resources {
        let _ = writeln!(
            section,
            "| {} | {} | {} |",
            resource.action.as_str(),
            code(&resource.address),
            text(&resource.replace_paths.join(", ")),
        );
    }
    section.push_str("\n</details>\n");
    section
}
