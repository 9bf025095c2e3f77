//! What `valet-gen render` says about each fleet, and how the process ends for it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::exit::{file_error, internal_error, usage_error};
use super::pipeline::{self, print_findings, read_error};
use super::{DiagnosticArgs, Exit, print};
use crate::diagnostic::{DiagnosticFormat, DiagnosticReport, Severity};
use crate::load::ReadError;
use crate::write::{self, Drift, Summary, WriteError};

/// What became of one fleet.
pub enum RenderOutcome {
    Unread(ReadError),
    Refused(DiagnosticReport),
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
        report: DiagnosticReport,
        folder: PathBuf,
        summary: Summary,
    },
    Compared {
        report: DiagnosticReport,
        folder: PathBuf,
        drift: Drift,
    },
}

/// Says what became of every fleet, in the order of the arguments.
pub fn report(outcomes: &[RenderOutcome], findings: &DiagnosticArgs, with_diff: bool) -> Exit {
    let reports: Vec<DiagnosticReport> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            RenderOutcome::Refused(report)
            | RenderOutcome::Written { report, .. }
            | RenderOutcome::Compared { report, .. } => Some(report.clone()),
            _ => None,
        })
        .collect();
    if findings.format == DiagnosticFormat::Json {
        pipeline::print_to_stderr(&reports);
        print_json(outcomes);
    } else {
        print_findings(&reports, findings);
    }
    let mut exit = Exit::Success;
    for outcome in outcomes {
        exit = worse(exit, report_one(outcome, findings.format, with_diff));
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

fn report_one(outcome: &RenderOutcome, format: DiagnosticFormat, with_diff: bool) -> Exit {
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
            say(
                format,
                &format!("{}: {}\n", folder.display(), describe(*summary)),
            );
            Exit::Success
        }
        RenderOutcome::Compared { folder, drift, .. } => {
            say(format, &drift_text(folder, drift, with_diff));
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

fn no_such_environment(name: &str) -> String {
    format!("there is no environment `{name}`")
}

fn same_folder(folder: &Path, other: &Path) -> String {
    format!(
        "its output folder {} is also the output folder of {}",
        folder.display(),
        other.display()
    )
}

const FOREIGN: &str = "it exists, and valet-gen did not write it";

fn write_error(error: &WriteError) -> Exit {
    let (path, problem) = problem_of(error);
    match error {
        WriteError::Foreign(paths) => {
            for path in paths {
                file_error(
                    &path.display(),
                    &FOREIGN,
                    "move it, choose another folder with --out, or overwrite it with --force",
                );
            }
            Exit::File
        }
        WriteError::Blocked { .. } => file_error(
            &path,
            &problem,
            "move it, or choose another folder with --out",
        ),
        WriteError::BrokenManifest { .. } => file_error(
            &path,
            &problem,
            "restore it from version control, or delete it and render with --force",
        ),
        WriteError::Outside(_) => internal_error(&format!("{path:?} {problem}")),
        WriteError::Io { .. } => file_error(
            &path,
            &problem,
            "make the folder writable; what was already written is whole, and the next run goes on",
        ),
    }
}

/// The path that an error is about, and what is wrong there.
fn problem_of(error: &WriteError) -> (String, String) {
    match error {
        WriteError::Foreign(paths) => (
            paths
                .first()
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
            FOREIGN.to_owned(),
        ),
        WriteError::Blocked { path, obstacle } => {
            (path.display().to_string(), obstacle.words().to_owned())
        }
        WriteError::BrokenManifest { path, problem } => (
            path.display().to_string(),
            format!("it is not a manifest of valet-gen: {problem}"),
        ),
        WriteError::Outside(path) => (
            path.clone(),
            "would lie outside the output folder".to_owned(),
        ),
        WriteError::Io { path, error } => (path.display().to_string(), error.to_string()),
    }
}

fn describe(summary: Summary) -> String {
    let Summary {
        created,
        updated,
        removed,
        unchanged,
    } = summary;
    if summary.is_unchanged() {
        return format!("unchanged ({unchanged} files)");
    }
    let counts = [
        (created, "created"),
        (updated, "updated"),
        (removed, "removed"),
        (unchanged, "unchanged"),
    ];
    counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn drift_text(folder: &Path, drift: &Drift, with_diff: bool) -> String {
    let mut text = String::new();
    for entry in &drift.entries {
        let detail = entry.detail.as_deref().unwrap_or(entry.difference.advice());
        let _ = writeln!(
            text,
            "{}: {} ({detail})",
            entry.difference.word(),
            folder.join(&entry.path).display(),
        );
        if let Some(diff) = entry.diff.as_deref().filter(|_| with_diff) {
            let _ = writeln!(text, "{diff}");
        }
    }
    let _ = writeln!(
        text,
        "{}: {} differing, {} as rendered",
        folder.display(),
        drift.entries.len(),
        drift.unchanged
    );
    text
}

/// One fleet in the output of `--format json`. The field names are part of the interface.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
enum JsonOutcome<'a> {
    Failed {
        path: String,
        problem: String,
    },
    Written {
        folder: String,
        created: usize,
        updated: usize,
        removed: usize,
        unchanged: usize,
    },
    Compared {
        folder: String,
        unchanged: usize,
        differing: &'a [write::Entry],
    },
}

fn print_json(outcomes: &[RenderOutcome]) {
    let documents: Vec<JsonOutcome<'_>> = outcomes.iter().map(json).collect();
    print::line(serde_json::to_string_pretty(&documents).unwrap_or_default());
}

fn json(outcome: &RenderOutcome) -> JsonOutcome<'_> {
    let failed = |path: String, problem: String| JsonOutcome::Failed { path, problem };
    match outcome {
        RenderOutcome::Written {
            folder, summary, ..
        } => JsonOutcome::Written {
            folder: folder.display().to_string(),
            created: summary.created,
            updated: summary.updated,
            removed: summary.removed,
            unchanged: summary.unchanged,
        },
        RenderOutcome::Compared { folder, drift, .. } => JsonOutcome::Compared {
            folder: folder.display().to_string(),
            unchanged: drift.unchanged,
            differing: &drift.entries,
        },
        RenderOutcome::Unread(error) => failed(error.path.clone(), error.problem.clone()),
        RenderOutcome::Refused(report) => failed(
            report.source.path.clone(),
            format!(
                "{} errors, {} warnings",
                report.count(Severity::Error),
                report.count(Severity::Warning)
            ),
        ),
        RenderOutcome::NoSuchEnvironment { path, name, .. } => {
            failed(path.display().to_string(), no_such_environment(name))
        }
        RenderOutcome::SameFolder {
            path,
            other,
            folder,
        } => failed(path.display().to_string(), same_folder(folder, other)),
        RenderOutcome::Faulty(problem) => failed(String::new(), problem.clone()),
        RenderOutcome::Unwritten(error) => {
            let (path, problem) = problem_of(error);
            failed(path, problem)
        }
    }
}
