//! `valet-gen audit`

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::exit::{choose_environment, file_error, internal_error};
use super::pipeline::{fleet_file, plan_or_exit};
use super::render::{default_folder, own_files};
use super::{Exit, complete, print};
use crate::controls::{self, ControlsReport, REQUIREMENTS, Requirements};
use crate::render::{self, Engine, FileSet};
use crate::resolve::{Environment, Plan};
use crate::write::{Manifest, Rendering, Scope, UnmanagedFiles, unmanaged};

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
    #[arg(long, value_name = "NAME", add = complete::environments())]
    environment: Option<String>,
    /// The list of requirements that the controls answer.
    /// [default: `requirements.toml` beside the fleet file, where there is one]
    #[arg(long, value_name = "FILE")]
    requirements: Option<PathBuf>,
    /// The folder that the fleet is rendered to, to name files there that valet-gen did not write.
    /// [default: `generated` beside the fleet file]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// How the audit is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: AuditFormat,
}

pub fn run(arguments: &Args) -> Exit {
    match reports(arguments) {
        Ok(reports) => {
            print::to_stdout(printed(&reports, arguments));
            verdict(&reports)
        }
        Err(exit) => exit,
    }
}

/// Renders the fleet, writes nothing of it, and holds the registry against it.
fn reports(arguments: &Args) -> Result<Vec<ControlsReport>, Exit> {
    let plan = plan_or_exit(&arguments.fleet)?;
    let chosen = chosen(arguments, &plan)?;
    let requirements = requirements(arguments)?;
    let files =
        render::render(&Engine::new(), &plan).map_err(|problem| internal_error(&problem))?;
    let input = controls::ReportInput {
        plan: &plan,
        files: &files,
        requirements: requirements.as_ref(),
        unmanaged: &beside(arguments, &plan, &files),
    };
    let report = |environment: &&Environment| controls::report(&input, environment);
    Ok(chosen.iter().map(report).collect())
}

/// The list that was asked for, or the one beside the fleet file if there is one.
fn requirements(arguments: &Args) -> Result<Option<Requirements>, Exit> {
    let path = arguments
        .requirements
        .clone()
        .unwrap_or_else(|| fleet_file(&arguments.fleet).with_file_name(REQUIREMENTS));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && arguments.requirements.is_none() => {
            return Ok(None);
        }
        Err(error) => {
            let help = "name a file that can be read, with --requirements";
            return Err(file_error(&path.display(), &error, help));
        }
    };
    Requirements::parse(&text).map(Some).map_err(|error| {
        file_error(&path.display(), &error, &error.help());
        Exit::InvalidFleet
    })
}

/// What stands beside the rendered files, where the fleet was rendered.
fn beside(arguments: &Args, plan: &Plan, files: &FileSet) -> UnmanagedFiles {
    let folder: &Path = &arguments
        .out
        .clone()
        .unwrap_or_else(|| default_folder(&fleet_file(&arguments.fleet)));
    let stored = Manifest::read(folder).ok().flatten();
    let rendering = Rendering {
        fleet: &plan.fleet,
        files,
        scope: Scope::Everything,
        own_files: &own_files(plan),
    };
    let manifest = stored.as_ref().map(|stored| &stored.manifest);
    unmanaged(folder, &rendering, manifest)
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

fn printed(reports: &[ControlsReport], arguments: &Args) -> String {
    match arguments.format {
        AuditFormat::Table => controls::print_table(reports, columns()),
        AuditFormat::Json => controls::print_json(reports),
        AuditFormat::Markdown => controls::print_markdown(reports),
        AuditFormat::Sarif => {
            let path = fleet_file(&arguments.fleet);
            // It was read before; where it has gone since, its first line stands for it.
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let path = super::repository::from_root(&path.display().to_string());
            controls::print_sarif(
                reports,
                &controls::FleetSource {
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
fn verdict(reports: &[ControlsReport]) -> Exit {
    let mut exit = Exit::Success;
    for report in reports {
        for entry in report.missing() {
            print::line_to_stderr(format_args!(
                "error: {}: {} is not enforced: {}\n  help: {}",
                report.environment,
                entry.id,
                entry.title,
                if is_waivable(entry.id) {
                    "turn the setting on in fleet.toml, or waive the control in \
                     image.hardening.waivers with a reason and a date"
                } else {
                    "turn the setting on in fleet.toml; this control cannot be waived"
                }
            ));
            exit = Exit::MissingControl;
        }
    }
    exit
}

fn is_waivable(id: &str) -> bool {
    crate::catalog::controls::find(id).is_some_and(|control| control.waivable)
}
