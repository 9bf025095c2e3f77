//! What `valet-gen render` says about each fleet, and how the process ends for it.

use std::path::{Path, PathBuf};

use super::exit::{internal_error, usage_error};
use super::pipeline::{self, print_findings, read_error};
use super::render_json::print_json;
use super::render_text::{drift_text, summary_text};
use super::write_error::write_error;
use super::{DiagnosticArgs, Exit, print};
use crate::diagnostic::{DiagnosticFormat, DiagnosticReport};
use crate::load::ReadError;
use crate::write::{Drift, Summary, WriteError};

/// What became of one fleet.
pub enum RenderOutcome {
    Unread(ReadError),
    Refused(Vec<DiagnosticReport>),
    NoSuchEnvironment {
        path: PathBuf,
        name: String,
        known: Vec<String>,
    },
    SameFolder {
        path: PathBuf,
        other: PathBuf,
        folder: PathBuf,
    },
    Faulty(String),
    Unwritten(WriteError),
    Written {
        reports: Vec<DiagnosticReport>,
        folder: PathBuf,
        summary: Summary,
    },
    Compared {
        reports: Vec<DiagnosticReport>,
        folder: PathBuf,
        drift: Drift,
    },
}

/// Says what became of every fleet, in the order of the arguments.
pub fn report(outcomes: &[RenderOutcome], findings: &DiagnosticArgs, with_diff: bool) -> Exit {
    let reports: Vec<DiagnosticReport> = outcomes
        .iter()
        .flat_map(|outcome| match outcome {
            RenderOutcome::Refused(reports)
            | RenderOutcome::Written { reports, .. }
            | RenderOutcome::Compared { reports, .. } => reports.clone(),
            _ => Vec::new(),
        })
        .collect();
    if findings.format == DiagnosticFormat::Json {
        pipeline::print_to_stderr(&reports);
        print_json(outcomes);
    } else {
        print_findings(&reports, findings);
    }
    let detail = Detail {
        format: findings.format,
        with_diff,
        with_names: outcomes.len() == 1,
    };
    let mut exit = Exit::Success;
    for outcome in outcomes {
        exit = worse(exit, report_one(outcome, detail));
    }
    exit
}

/// The first failure is the process's, but a difference that is more serious goes before.
fn worse(so_far: Exit, next: Exit) -> Exit {
    match (so_far, next) {
        (Exit::Success, next) => next,
        (Exit::Drift(a), Exit::Drift(b)) => Exit::Drift(a.min(b)),
        (Exit::Drift(_), next) if next != Exit::Success => next,
        (so_far, _) => so_far,
    }
}

/// How much is said about each fleet.
#[derive(Clone, Copy)]
struct Detail {
    format: DiagnosticFormat,
    with_diff: bool,
    /// Whether the files are named that were written. With many fleets their counts do.
    with_names: bool,
}

fn report_one(outcome: &RenderOutcome, detail: Detail) -> Exit {
    match outcome {
        RenderOutcome::Unread(error) => read_error(error),
        RenderOutcome::Refused(_) => Exit::Findings,
        RenderOutcome::Faulty(problem) => internal_error(problem),
        RenderOutcome::Unwritten(error) => write_error(error),
        RenderOutcome::NoSuchEnvironment { path, name, known } => usage_error(
            &path.display(),
            &no_such_environment(name),
            &format!("one of: {}", known.join(", ")),
        ),
        RenderOutcome::SameFolder {
            path,
            other,
            folder,
        } => usage_error(
            &path.display(),
            &same_folder(folder, other),
            "give each fleet a name and a folder of its own, or render them one by one with --out",
        ),
        RenderOutcome::Written {
            folder, summary, ..
        } => {
            let text = summary_text(folder, summary, detail.with_names);
            say(detail.format, &text);
            Exit::Success
        }
        RenderOutcome::Compared { folder, drift, .. } => {
            say(detail.format, &drift_text(folder, drift, detail.with_diff));
            drift.worst().map_or(Exit::Success, Exit::Drift)
        }
    }
}

/// Says what became of a fleet: on standard output for people, on standard error where that is
/// for a program to read. In JSON it is a part of the document.
fn say(format: DiagnosticFormat, text: &str) {
    match format {
        DiagnosticFormat::Human => print::out(text),
        DiagnosticFormat::Json => {}
        DiagnosticFormat::Sarif | DiagnosticFormat::Github => print::err(text),
    }
}

pub fn no_such_environment(name: &str) -> String {
    format!("there is no environment `{name}`")
}

pub fn same_folder(folder: &Path, other: &Path) -> String {
    format!(
        "its output folder {} is also the output folder of {}",
        folder.display(),
        other.display()
    )
}
