//! A comparison in words: its verdict, what follows from it, and the page for people at a terminal.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::diff_document::{Class, EnvironmentDiff, FleetDiff, ImageDiff, Status};
use super::markdown::count;
use super::refresh::Refresh;
use super::terraform_plan::Action;
use crate::cost::CostRange;

/// What a class means, in a few words.
#[must_use]
pub fn meaning(class: Class) -> &'static str {
    match class {
        Class::None => "no resource changes",
        Class::InPlace => "resources change in place",
        Class::Rolling => "every worker is replaced",
        Class::Interrupting => "what workers need is away for a time",
        Class::Destructive => "data or a whole environment is lost",
    }
}

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
    if !environment.refused.is_empty() {
        lines.push(format!(
            "Terraform refuses to plan this: `prevent_destroy` protects {}.",
            listed(&environment.refused)
        ));
    }
    lines.extend(environment.refresh.as_ref().map(refresh));
    lines.extend(
        environment
            .data_lost
            .iter()
            .map(|lost| format!("Lost: {lost}.")),
    );
    lines.extend(
        interrupted(environment)
            .iter()
            .map(|what| format!("Interrupted: {what}.")),
    );
    lines.extend(image(&environment.image));
    lines.extend(uncertain(environment));
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

/// What stops while resources are replaced, each once.
#[must_use]
pub fn interrupted(environment: &EnvironmentDiff) -> BTreeSet<&str> {
    let resources = environment.resources.iter();
    resources
        .filter_map(|one| one.interrupts.as_deref())
        .collect()
}

/// How many names are printed.
const MAX_LISTED: usize = 5;

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(MAX_LISTED).map(String::as_str).collect();
    let more = match names.len().saturating_sub(MAX_LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

fn image(image: &ImageDiff) -> Vec<String> {
    let mut lines = Vec::new();
    if image.locked_before.is_some() || image.locked_after.is_some() {
        let of = |ami: &Option<String>| ami.clone().unwrap_or_else(|| "the parameter's".to_owned());
        let agent = if image.agent_changes {
            "; the agent in it is another one"
        } else {
            ""
        };
        lines.push(format!(
            "Image: {} instead of {}{agent}.",
            of(&image.locked_after),
            of(&image.locked_before)
        ));
    }
    if image.must_be_baked {
        lines.push(format!(
            "The image has to be baked again: {} of what it is made of differ, and no locked image has that. \
             Workers are replaced once it is promoted.",
            count(image.files, "file")
        ));
    } else if image.configuration_changes {
        lines.push("The locked image is made of what fleet.toml says now.".to_owned());
    }
    lines
}

/// What cannot be said without the account.
fn uncertain(environment: &EnvironmentDiff) -> Option<String> {
    let resources = environment.resources.iter();
    let unknown: Vec<String> = resources
        .filter(|one| one.count_unknown)
        .map(|one| one.address.clone())
        .collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "Only the account knows how many there are: {}.",
            listed(&unknown)
        )
    })
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
        ("No longer protected", &posture.protections_lost),
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
pub fn print(diff: &FleetDiff) -> String {
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
            let moved = resource.moved_from.as_ref();
            let moved = moved.map_or_else(String::new, |from| format!("moved from {from}"));
            let _ = writeln!(
                out,
                "  {:<8} {}  {}{moved}",
                match resource.action {
                    Action::NoOp => "move",
                    other => other.as_str(),
                },
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

/// A value before and after, as people read it.
#[must_use]
pub fn change(before: Option<&str>, after: Option<&str>) -> String {
    match (before, after) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (None, Some(after)) => format!("added, {after}"),
        (Some(before), None) => format!("removed, was {before}"),
        (None, None) => String::new(),
    }
}
