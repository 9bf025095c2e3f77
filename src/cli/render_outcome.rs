//! What `valet-gen render` says about each fleet, and how the process ends for it.

use std::path::{Path, PathBuf};

use super::exit::{internal_error, usage_error};
use super::moved_subnets::{self, MovedSubnets};
use super::pipeline::{self, print_findings, read_error};
use super::render_json::print_json;
use super::render_text::{drift_text, summary_text};
use super::write_error::report_write_error;
use super::{DiagnosticArgs, Exit, print};
use crate::diagnostic::{Diagnostic, DiagnosticFormat, DiagnosticReport, Severity, Subject};
use crate::load::ReadError;
use crate::write::{Difference, Drift, WriteError, WriteSummary};

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
    Moved(Vec<MovedSubnets>),
    Faulty(String),
    Unwritten(WriteError),
    Written {
        reports: Vec<DiagnosticReport>,
        folder: PathBuf,
        summary: WriteSummary,
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
            RenderOutcome::Refused(reports) | RenderOutcome::Written { reports, .. } => {
                reports.clone()
            }
            RenderOutcome::Compared {
                reports,
                folder,
                drift,
            } => {
                let mut reports = reports.clone();
                reports.extend(drift_report(folder, drift, findings.format));
                reports
            }
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

/// Differences as findings, for formats that annotate files. People and scripts get them in words and in JSON of their own.
fn drift_report(
    folder: &Path,
    drift: &Drift,
    format: DiagnosticFormat,
) -> Option<DiagnosticReport> {
    if !matches!(format, DiagnosticFormat::Sarif | DiagnosticFormat::Github) {
        return None;
    }
    let diagnostics: Vec<Diagnostic> = drift
        .entries
        .iter()
        .map(|entry| Diagnostic {
            code: code(entry.difference),
            severity: Severity::Error,
            title: "Rendered files are what fleet.toml says",
            reason: entry.difference.advice(),
            message: format!("{} is {}", entry.path, entry.difference.as_str()),
            subject: Subject::File(folder.join(&entry.path).display().to_string()),
            span: 0..0,
            label: entry
                .detail
                .clone()
                .unwrap_or_else(|| entry.difference.as_str().to_owned()),
            related: Vec::new(),
            help: entry.difference.advice().to_owned(),
            environments: Vec::new(),
        })
        .collect();
    (!diagnostics.is_empty()).then(|| DiagnosticReport::without_source(diagnostics))
}

/// The code of a difference, as annotations and SARIF have it.
fn code(difference: Difference) -> &'static str {
    match difference {
        Difference::Unreadable => "rendered.unreadable",
        Difference::Edited => "rendered.edited",
        Difference::OtherVersion => "rendered.other-version",
        Difference::Stale => "rendered.stale",
        Difference::Missing => "rendered.missing",
        Difference::Orphaned => "rendered.orphaned",
        Difference::Undeclared => "rendered.undeclared",
    }
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
        RenderOutcome::Refused(_) => Exit::InvalidFleet,
        RenderOutcome::Faulty(problem) => internal_error(problem),
        RenderOutcome::Unwritten(error) => report_write_error(error),
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
        RenderOutcome::Moved(moved) => {
            print::to_stderr(moved_subnets::text(moved));
            Exit::InvalidFleet
        }
        RenderOutcome::Written {
            folder, summary, ..
        } => {
            let text = summary_text(folder, summary, detail.with_names);
            match detail.format {
                DiagnosticFormat::Human => print::status(text),
                format => say(format, &text),
            }
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
        DiagnosticFormat::Human => print::to_stdout(text),
        DiagnosticFormat::Json => {}
        DiagnosticFormat::Sarif | DiagnosticFormat::Github => print::to_stderr(text),
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
