//! Runbooks: what to do about each alarm of an environment, as one Markdown page.

use std::fmt::Write as _;

use super::{Engine, FileSet, RenderError};
use crate::resolve::{Environment, Plan};

/// Renders one page per environment.
pub fn render(_: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let name = &environment.identity.environment;
        files.insert(format!("{name}/RUNBOOKS.md"), page(environment));
    }
    Ok(())
}

fn page(environment: &Environment) -> String {
    let mut page = format!(
        "<!-- Rendered by valet-gen from fleet.toml. Change fleet.toml and run `valet-gen render`. -->\n\n\
         # Runbooks of {}\n\n\
         One section per alarm; an alarm's description links to its section.\n",
        environment.identity.prefix
    );
    let alerts = &environment.alerts;
    let single =
        (alerts.alarms.iter()).map(|alarm| (&alarm.name, &alarm.description, &alarm.runbook));
    let composite =
        (alerts.composites.iter()).map(|alarm| (&alarm.name, &alarm.description, &alarm.runbook));
    for (name, description, steps) in single.chain(composite) {
        section(&mut page, name, description, steps);
    }
    page
}

fn section(page: &mut String, name: &str, description: &str, steps: &[String]) {
    let meaning = description
        .split(". Runbook:")
        .next()
        .unwrap_or(description);
    let _ = write!(page, "\n## {name}\n\n{}.\n\n", markdown(meaning));
    for (number, step) in steps.iter().enumerate() {
        let _ = writeln!(page, "{}. {step}", number + 1);
    }
    if steps.is_empty() {
        page.push_str("This alarm is the fleet's own: fleet.toml says what it watches.\n");
    }
}

/// Text of fleet.toml that must stay text: no tag, no heading, no line of its own.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '`' | '*' | '_' | '[' | ']' | '|' | '\\' => {
                out.push('\\');
                out.push(letter);
            }
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
