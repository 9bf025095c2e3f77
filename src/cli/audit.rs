//! `valet-gen audit`

use std::path::PathBuf;

use clap::ValueEnum;

use super::exit::{choose_environment, internal_error};
use super::pipeline::{fleet_file, plan_or_exit};
use super::{Exit, print};
use crate::audit::{self, Audit};
use crate::render::{self, Engine};
use crate::resolve::{Environment, Plan};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen audit
  valet-gen audit --environment production --format markdown
  valet-gen audit --format json | jq '.environments[].controls[] | select(.status == \"waived\")'";

/// How an audit is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum AuditFormat {
    /// For people at a terminal.
    #[default]
    Table,
    /// For scripts.
    Json,
    /// For a page or a comment.
    Markdown,
    /// For code scanning: what is missing, and what is waived.
    Sarif,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The fleet file, or a folder that holds a fleet.toml.
    #[arg(value_name = "FLEET", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// The environment to audit; all of them when left out.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// How the audit is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: AuditFormat,
}

pub fn run(arguments: &Args) -> Exit {
    match audits(arguments) {
        Ok(audits) => {
            print::out(printed(&audits, arguments));
            verdict(&audits)
        }
        Err(exit) => exit,
    }
}

/// Renders the fleet, writes nothing of it, and holds the registry against it.
fn audits(arguments: &Args) -> Result<Vec<Audit>, Exit> {
    let plan = plan_or_exit(&arguments.fleet)?;
    let chosen = chosen(arguments, &plan)?;
    let files =
        render::render(&Engine::new(), &plan).map_err(|problem| internal_error(&problem))?;
    let audit = |environment: &&Environment| audit::audit(&plan, environment, &files);
    Ok(chosen.iter().map(audit).collect())
}

fn chosen<'p>(arguments: &Args, plan: &'p Plan) -> Result<Vec<&'p Environment>, Exit> {
    let Some(name) = &arguments.environment else {
        return Ok(plan.environments.iter().collect());
    };
    Ok(vec![choose_environment(
        &arguments.fleet,
        plan,
        Some(name),
    )?])
}

fn printed(audits: &[Audit], arguments: &Args) -> String {
    match arguments.format {
        AuditFormat::Table => audit::print_table(audits, columns()),
        AuditFormat::Json => audit::print_json(audits),
        AuditFormat::Markdown => audit::print_markdown(audits),
        AuditFormat::Sarif => {
            let path = fleet_file(&arguments.fleet);
            // It was read before; where it has gone since, its first line stands for it.
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let path = path.display().to_string();
            audit::print_sarif(
                audits,
                &audit::Source {
                    path: &path,
                    text: &text,
                },
            )
        }
    }
}

/// The columns of the terminal that standard output is. A file or a pipe has none: no line is
/// broken there.
fn columns() -> Option<usize> {
    terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0))
}

/// Reports every control that nothing enforces and nobody is responsible for.
fn verdict(audits: &[Audit]) -> Exit {
    let mut exit = Exit::Success;
    for audit in audits {
        for entry in audit.missing() {
            print::err_line(format_args!(
                "error: {}: {} is not enforced: {}\n  help: {}",
                audit.environment,
                entry.id,
                entry.title,
                if is_waivable(entry.id) {
                    "set what fleet.toml switches off, or waive it in image.hardening.waivers with a reason and a day"
                } else {
                    "set what fleet.toml switches off: this control cannot be waived"
                }
            ));
            exit = Exit::Unaccounted;
        }
    }
    exit
}

fn is_waivable(id: &str) -> bool {
    crate::catalog::controls::find(id).is_some_and(|control| control.waivable)
}
