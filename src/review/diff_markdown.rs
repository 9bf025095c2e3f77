//! A comparison as text: for people at a terminal, and as Markdown.

use std::fmt::Write as _;

use super::fleet_diff::{EnvironmentDiff, FleetDiff, Status};
use super::markdown::{code, count, text};
use super::refresh::Refresh;
use super::terraform_plan::Action;
use crate::cost::CostRange;

/// The verdict, in one line of plain text.
#[must_use]
pub fn verdict(diff: &FleetDiff) -> String {
    if diff.environments.is_empty() {
        return "no changes".to_owned();
    }
    let names: Vec<&str> = diff
        .environments
        .iter()
        .map(|one| one.environment.as_str())
        .collect();
    let widens = if diff.widens_access {
        ", widens access"
    } else {
        ""
    };
    format!("{}{widens}: {}", diff.class.as_str(), names.join(", "))
}

/// What happens in an environment, a sentence each, the most important first.
#[must_use]
pub fn effects(environment: &EnvironmentDiff) -> Vec<String> {
    let mut lines = Vec::new();
    match environment.status {
        Status::Added => lines.push("The environment is new.".to_owned()),
        Status::Removed => lines
            .push("The environment is removed: run `terraform destroy` in it first.".to_owned()),
        Status::Changed => {}
    }
    lines.extend(environment.refresh.as_ref().map(refresh));
    lines.extend(
        environment
            .data_lost
            .iter()
            .map(|lost| format!("Lost: {lost}.")),
    );
    let stopped: std::collections::BTreeSet<&str> = environment
        .resources
        .iter()
        .filter_map(|one| one.interrupts)
        .collect();
    lines.extend(stopped.iter().map(|what| format!("Interrupted: {what}.")));
    let image = &environment.image;
    if image.files > 0 {
        lines.push(format!(
            "The image has to be built again: {} of it differ.",
            count(image.files, "file")
        ));
    }
    if image.locked_before.is_some() || image.locked_after.is_some() {
        let of = |ami: &Option<String>| ami.clone().unwrap_or_else(|| "the parameter".to_owned());
        lines.push(format!(
            "Image: {} instead of {}.",
            of(&image.locked_after),
            of(&image.locked_before)
        ));
    }
    if let Some(cost) = environment.cost.filter(|cost| cost.before != cost.after) {
        lines.push(format!(
            "Cost a month: {} instead of {} US dollars ({:+.2} expected).",
            figures(cost.after, 2),
            figures(cost.before, 2),
            cost.after.expected - cost.before.expected
        ));
    }
    lines
}

/// What is opened and closed, a sentence each.
#[must_use]
pub fn posture(environment: &EnvironmentDiff) -> Vec<String> {
    let posture = &environment.posture;
    [
        ("Allowed", &posture.permissions_added),
        ("No longer allowed", &posture.permissions_removed),
        ("Opened", &posture.connections_opened),
        ("Closed", &posture.connections_closed),
        ("Exposed", &posture.exposed),
        ("Control lost", &posture.controls_lost),
        ("Control gained", &posture.controls_gained),
        ("Waived", &posture.waivers_added),
        ("No longer waived", &posture.waivers_removed),
    ]
    .into_iter()
    .flat_map(|(word, list)| list.iter().map(move |what| format!("{word}: {what}")))
    .collect()
}

fn refresh(refresh: &Refresh) -> String {
    let skips = if refresh.skips_matching {
        " Instances that still match are left alone."
    } else {
        ""
    };
    format!(
        "An instance refresh replaces {} instances in {} waves, which takes {} minutes. Up to {} browsers are open \
         on them; a task has {} s to end.{skips}",
        figures(refresh.instances, 0),
        figures(refresh.waves, 0),
        figures(refresh.minutes, 0),
        figures(refresh.tasks, 0),
        refresh.drain_seconds
    )
}

/// Least, expected, most; one number where they are the same.
fn figures(figures: CostRange, decimals: usize) -> String {
    let CostRange {
        minimum,
        expected,
        maximum,
    } = figures;
    if minimum == maximum {
        return format!("{expected:.decimals$}");
    }
    format!("{expected:.decimals$} (at least {minimum:.decimals$}, at most {maximum:.decimals$})")
}

/// For people at a terminal.
#[must_use]
pub fn print_text(diff: &FleetDiff) -> String {
    let mut out = format!("{} against {}\n", diff.after, diff.before);
    for cause in &diff.causes {
        let _ = writeln!(
            out,
            "  line {:<4} {}: {}",
            cause.line,
            cause.path,
            change(cause.before.as_deref(), cause.after.as_deref())
        );
    }
    for environment in &diff.environments {
        let widens = if environment.widens_access {
            ", widens access"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "\n{}: {}{widens}",
            environment.environment,
            environment.class.as_str()
        );
        for line in effects(environment).iter().chain(&posture(environment)) {
            let _ = writeln!(out, "  {line}");
        }
        for resource in &environment.resources {
            let _ = writeln!(
                out,
                "  {:<8} {}  {}",
                resource.action.as_str(),
                resource.address,
                resource.attributes.join(", ")
            );
        }
    }
    let _ = writeln!(out, "\n{}", verdict(diff));
    // Nothing of it may steer a terminal.
    out.chars()
        .filter(|letter| *letter == '\n' || !letter.is_control())
        .collect()
}

fn change(before: Option<&str>, after: Option<&str>) -> String {
    match (before, after) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (None, Some(after)) => format!("added, {after}"),
        (Some(before), None) => format!("removed, was {before}"),
        (None, None) => String::new(),
    }
}

/// The comparison as sections, the most important first. Each can be left out as a whole.
#[must_use]
pub fn sections(diff: &FleetDiff) -> Vec<String> {
    let mut sections = vec![format!(
        "## valet-gen: {}\n\n{}",
        text(&verdict(diff)),
        numbers(diff)
    )];
    for environment in &diff.environments {
        sections.push(summary(diff, environment));
    }
    for environment in &diff.environments {
        sections.extend(resources(environment));
    }
    sections
}

/// The whole page.
#[must_use]
pub fn print(diff: &FleetDiff) -> String {
    sections(diff).join("\n")
}

fn numbers(diff: &FleetDiff) -> String {
    if diff.environments.is_empty() {
        return "Nothing that is rendered differs.\n".to_owned();
    }
    let mut table = "| environment | class | replaced or destroyed | updated | created | cost a month |\n|---|---|---|---|---|---|\n".to_owned();
    for environment in &diff.environments {
        let number = |actions: &[Action]| {
            environment
                .resources
                .iter()
                .filter(|one| actions.contains(&one.action))
                .count()
        };
        let cost = environment.cost.map_or_else(String::new, |cost| {
            format!("{:+.2} USD", cost.after.expected - cost.before.expected)
        });
        let widens = if environment.widens_access {
            ", **widens access**"
        } else {
            ""
        };
        let _ = writeln!(
            table,
            "| {} | **{}**{widens} | {} | {} | {} | {cost} |",
            text(&environment.environment),
            environment.class.as_str(),
            number(&[Action::Replace, Action::Destroy]),
            number(&[Action::Update]),
            number(&[Action::Create]),
        );
    }
    table
}

fn summary(diff: &FleetDiff, environment: &EnvironmentDiff) -> String {
    let mut section = format!("### {}\n\n", text(&environment.environment));
    let causes = super::causes::of_environment(&diff.causes, &environment.environment);
    for cause in causes.iter().take(10) {
        let _ = writeln!(
            section,
            "- line {}: {} {}",
            cause.line,
            code(&cause.path),
            text(&change(cause.before.as_deref(), cause.after.as_deref())).replace("-&#62;", "→")
        );
    }
    for line in effects(environment).iter().chain(&posture(environment)) {
        let _ = writeln!(section, "- {}", text(line));
    }
    section
}

fn resources(environment: &EnvironmentDiff) -> Option<String> {
    if environment.resources.is_empty() {
        return None;
    }
    let mut section = format!(
        "<details><summary>{}: {}</summary>\n\n| action | resource | changed | because of |\n|---|---|---|---|\n",
        text(&environment.environment),
        count(environment.resources.len(), "resource"),
    );
    for resource in &environment.resources {
        let mut changed = resource.attributes.join(", ");
        if !resource.replaced_by.is_empty() {
            changed = format!("{} cannot change in place", resource.replaced_by.join(", "));
        }
        if resource.may_replace {
            changed.push_str(" (may be replaced: the type is not known)");
        }
        let causes: Vec<String> = resource
            .causes
            .iter()
            .take(3)
            .map(|path| code(path))
            .collect();
        let _ = writeln!(
            section,
            "| {} | {} | {} | {} |",
            resource.action.as_str(),
            code(&resource.address),
            text(&changed),
            causes.join(", "),
        );
    }
    section.push_str("\n</details>\n");
    Some(section)
}
