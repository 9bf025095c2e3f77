//! A comparison as Markdown: a verdict, five numbers and a table, and everything else folded.

use std::fmt::Write as _;

use super::causes::{self, Cause};
use super::diff_document::{EnvironmentDiff, FleetDiff, ResourceDiff, Status};
use super::diff_text::{change, effects, interrupted, meaning, posture};
use super::markdown::{code, count, text};
use super::section::{self, Section};
use super::terraform_plan::Action;

/// How many environments the table has, and how many causes an environment.
const MAX_ROWS: usize = 20;

/// How many causes a resource names.
const MAX_CAUSES: usize = 3;

/// The comparison as sections, the most important first.
#[must_use]
pub fn sections(diff: &FleetDiff) -> Vec<Section> {
    let mut sections = vec![Section::whole("the verdict", head(diff))];
    sections.extend(diff.environments.iter().map(|one| reasons(diff, one)));
    let with_resources = diff.environments.iter();
    let with_resources = with_resources.filter(|one| !one.resources.is_empty());
    sections.extend(with_resources.map(resources));
    sections
}

/// The whole page.
#[must_use]
pub fn print(diff: &FleetDiff) -> String {
    section::page(&sections(diff))
}

fn head(diff: &FleetDiff) -> String {
    let fleet = code(&diff.fleet);
    let against = text(&diff.before);
    if diff.environments.is_empty() {
        return format!(
            "## {fleet}: no changes\n\nNothing that is rendered differs from {against}.\n"
        );
    }
    let widens = if diff.widens_access {
        ", and access widens"
    } else {
        ""
    };
    format!(
        "## {fleet}: {}{widens}\n\n{}\n\n{}",
        meaning(diff.class),
        numbers(diff),
        table(diff)
    )
}

/// Five numbers, in one line.
fn numbers(diff: &FleetDiff) -> String {
    let resources = || diff.environments.iter().flat_map(|one| &one.resources);
    let of = |actions: &[Action]| {
        resources()
            .filter(|one| actions.contains(&one.action))
            .count()
    };
    let refreshes = diff
        .environments
        .iter()
        .filter_map(|one| one.refresh.as_ref());
    let workers: f64 = refreshes.map(|refresh| refresh.instances.expected).sum();
    let dollars: f64 = diff
        .environments
        .iter()
        .filter_map(|one| one.cost)
        .map(|cost| cost.after.expected - cost.before.expected)
        .sum();
    format!(
        "**{}** replaced or destroyed · **{}** updated · **{}** created · **{workers:.0}** workers replaced · \
         **{dollars:+.2}** USD a month",
        of(&[Action::Replace, Action::Destroy]),
        of(&[Action::Update]),
        of(&[Action::Create]),
    )
}

type Column = (&'static str, fn(&EnvironmentDiff) -> String);

/// Columns of the table, each with its cell in Markdown. One that says nothing of any environment is left out.
const COLUMNS: &[Column] = &[
    ("workers replaced", workers_replaced),
    ("running tasks", running_tasks),
    ("interrupted", |one| {
        let what: Vec<&str> = interrupted(one).into_iter().collect();
        text(&what.join(", "))
    }),
    ("lost", |one| {
        counted(one.data_lost.len(), "resource's data", "resources' data")
    }),
    ("refused by Terraform", |one| {
        counted(one.refused.len(), "resource", "resources")
    }),
    ("opens", opens),
    ("no longer protected", |one| {
        counted(one.posture.protections_lost.len(), "setting", "settings")
    }),
    ("cost a month", cost),
];

fn counted(number: usize, one: &str, many: &str) -> String {
    match number {
        0 => String::new(),
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

fn workers_replaced(environment: &EnvironmentDiff) -> String {
    let Some(refresh) = &environment.refresh else {
        return String::new();
    };
    let instances = refresh.instances;
    let range = if instances.minimum == instances.maximum {
        String::new()
    } else {
        format!(" ({:.0} to {:.0})", instances.minimum, instances.maximum)
    };
    format!(
        "{:.0}{range} in {:.0} min",
        instances.expected, refresh.minutes.expected
    )
}

fn running_tasks(environment: &EnvironmentDiff) -> String {
    environment
        .refresh
        .as_ref()
        .map_or_else(String::new, |refresh| {
            format!(
                "up to {:.0}, each has {} s to end",
                refresh.tasks.expected, refresh.drain_seconds
            )
        })
}

fn opens(environment: &EnvironmentDiff) -> String {
    if environment.status == Status::Added {
        return "all of it is new".to_owned();
    }
    let posture = &environment.posture;
    let parts = [
        counted(posture.permissions_added.len(), "permission", "permissions"),
        counted(
            posture.connections_opened.len(),
            "connection",
            "connections",
        ),
        counted(posture.exposed.len(), "exposure", "exposures"),
        counted(posture.controls_lost.len(), "control lost", "controls lost"),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn cost(environment: &EnvironmentDiff) -> String {
    let Some(cost) = environment.cost.filter(|cost| cost.before != cost.after) else {
        return String::new();
    };
    format!("{:+.2} USD", cost.after.expected - cost.before.expected)
}

fn table(diff: &FleetDiff) -> String {
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|(_, cell)| diff.environments.iter().any(|one| !cell(one).is_empty()))
        .collect();
    let mut table = "| environment | class |".to_owned();
    for (name, _) in &columns {
        let _ = write!(table, " {name} |");
    }
    let _ = write!(table, "\n|---|---|{}\n", "---|".repeat(columns.len()));
    for environment in diff.environments.iter().take(MAX_ROWS) {
        let _ = write!(
            table,
            "| {} | **{}** |",
            text(&environment.environment),
            environment.class.as_str()
        );
        for (_, cell) in &columns {
            let _ = write!(table, " {} |", cell(environment));
        }
        table.push('\n');
    }
    let more = diff.environments.len().saturating_sub(MAX_ROWS);
    if more > 0 {
        let _ = writeln!(table, "| and {more} more | |");
    }
    table
}

fn reasons(diff: &FleetDiff, environment: &EnvironmentDiff) -> Section {
    let causes = causes::of_environment(&diff.causes, &environment.environment);
    let mut lines: Vec<String> = causes.iter().take(MAX_ROWS).map(|one| cause(one)).collect();
    let more = causes.len().saturating_sub(MAX_ROWS);
    if more > 0 {
        lines.push(format!("- and {more} more keys\n"));
    }
    let sentences = effects(environment).into_iter().chain(posture(environment));
    lines.extend(sentences.map(|line| format!("- {}\n", text(&line))));
    let summary = format!("{}: why, and what follows", text(&environment.environment));
    Section::folded(&summary, false, "", lines)
}

fn cause(cause: &Cause) -> String {
    let change = change(cause.before.as_deref(), cause.after.as_deref());
    format!(
        "- line {}: {} {}\n",
        cause.line,
        code(&cause.path),
        text(&change).replace("-&#62;", "→")
    )
}

fn resources(environment: &EnvironmentDiff) -> Section {
    let summary = format!(
        "{}: {}",
        text(&environment.environment),
        count(environment.resources.len(), "resource")
    );
    Section::folded(
        &summary,
        false,
        "| action | resource | changed | because of |\n|---|---|---|---|\n",
        environment.resources.iter().map(resource).collect(),
    )
}

fn resource(resource: &ResourceDiff) -> String {
    let names = |names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        names.join(", ")
    };
    let mut changed = if resource.replaced_by.is_empty() {
        names(&resource.attributes)
    } else {
        format!("{} cannot change in place", names(&resource.replaced_by))
    };
    if let Some(from) = &resource.moved_from {
        changed.push_str(&format!(" moved from {}", code(from)));
    }
    if resource.may_replace {
        changed.push_str(" (may be replaced: the type is not known)");
    }
    if resource.refused {
        changed.push_str(" (refused: `prevent_destroy`)");
    }
    let causes = &resource.causes[..resource.causes.len().min(MAX_CAUSES)];
    format!(
        "| {} | {} | {} | {} |\n",
        match resource.action {
            Action::NoOp => "move",
            other => other.as_str(),
        },
        code(&resource.address),
        changed.trim_start(),
        names(causes),
    )
}
