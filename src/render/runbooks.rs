//! Runbooks: what to do about each alarm of an environment, as one Markdown page.

use std::fmt::Write as _;

use super::engine::{Engine, RenderError};
use super::format::FileSet;
use super::hcl::comment_text;
use super::provenance;
use crate::resolve::{Environment, Plan};

/// Renders one page per environment.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every format has this signature; this one cannot fail"
)]
pub fn render(_: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let name = &environment.identity.environment;
        files.insert(format!("{name}/RUNBOOKS.md"), page(environment));
    }
    Ok(())
}

fn page(environment: &Environment) -> String {
    let mut page = format!(
        "{}\n\
         # Runbooks of {}\n\n\
         One section per alarm; an alarm's description links to its section.\n",
        provenance::MARKDOWN,
        markdown(&environment.identity.prefix)
    );
    let alerts = &environment.alerts;
    let single = (alerts.alarms.iter()).map(|alarm| (&alarm.name, &alarm.meaning, &alarm.runbook));
    let composite =
        (alerts.composites.iter()).map(|alarm| (&alarm.name, &alarm.meaning, &alarm.runbook));
    for (name, meaning, steps) in single.chain(composite) {
        section(&mut page, name, meaning, steps);
    }
    page
}

fn section(page: &mut String, name: &str, meaning: &str, steps: &[String]) {
    let _ = write!(page, "\n## {}\n\n{}\n\n", markdown(name), markdown(meaning));
    for (number, step) in steps.iter().enumerate() {
        let _ = writeln!(page, "{}. {step}", number + 1);
    }
    if steps.is_empty() {
        page.push_str("This alarm is the fleet's own: fleet.toml says what it watches.\n");
    }
}

/// Text of fleet.toml that must stay text: no tag, no heading, no list, no line of its own.
pub fn markdown(text: &str) -> String {
    let text = comment_text(text);
    let text = text.trim();
    let digits = text.len()
        - text
            .trim_start_matches(|letter: char| letter.is_ascii_digit())
            .len();
    let mut out = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        let begins_block = match letter {
            '#' | '-' | '+' | '=' => at == 0,
            '.' | ')' => at == digits && digits > 0,
            _ => false,
        };
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(letter);
            }
            _ if begins_block => {
                out.push('\\');
                out.push(letter);
            }
            other => out.push(other),
        }
    }
    // At the end of a heading they would be taken for its close.
    if out.ends_with('#') && !out.ends_with("\\#") {
        out.insert(out.len() - 1, '\\');
    }
    out
}
