//! What `valet-gen render` did or found, for programs.

use serde::Serialize;

use super::moved_subnets;
use super::print;
use super::render_outcome::{RenderOutcome, no_such_environment, same_folder};
use crate::diagnostic::Severity;
use crate::write::DriftEntry;

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
        files: Written<'a>,
    },
    Compared {
        folder: String,
        unchanged: usize,
        differing: &'a [DriftEntry],
        own_files: &'a [String],
    },
}

/// The files that were written, relative to the folder.
#[derive(Serialize)]
struct Written<'a> {
    created: &'a [String],
    updated: &'a [String],
    removed: &'a [String],
}

/// Prints what became of every fleet.
pub fn print_json(outcomes: &[RenderOutcome]) {
    let documents: Vec<JsonOutcome<'_>> = outcomes.iter().map(json).collect();
    print::line_to_stdout(serde_json::to_string_pretty(&documents).unwrap_or_default());
}

fn json(outcome: &RenderOutcome) -> JsonOutcome<'_> {
    let failed = |path: String, problem: String| JsonOutcome::Failed { path, problem };
    match outcome {
        RenderOutcome::Written {
            folder, summary, ..
        } => JsonOutcome::Written {
            folder: folder.display().to_string(),
            created: summary.created.len(),
            updated: summary.updated.len(),
            removed: summary.removed.len(),
            unchanged: summary.unchanged,
            files: Written {
                created: &summary.created,
                updated: &summary.updated,
                removed: &summary.removed,
            },
        },
        RenderOutcome::Compared { folder, drift, .. } => JsonOutcome::Compared {
            folder: folder.display().to_string(),
            unchanged: drift.unchanged,
            differing: &drift.entries,
            own_files: &drift.own_files,
        },
        RenderOutcome::Unread(error) => failed(error.path.clone(), error.problem.clone()),
        RenderOutcome::Refused(reports) => {
            let count = |severity| -> usize { reports.iter().map(|it| it.count(severity)).sum() };
            // The first report is that of fleet.toml.
            let path = reports.first().map(|report| report.source.path.clone());
            failed(
                path.unwrap_or_default(),
                format!(
                    "{} errors, {} warnings",
                    count(Severity::Error),
                    count(Severity::Warning)
                ),
            )
        }
        RenderOutcome::NoSuchEnvironment { path, name, .. } => {
            failed(path.display().to_string(), no_such_environment(name))
        }
        RenderOutcome::SameFolder {
            path,
            other,
            folder,
        } => failed(path.display().to_string(), same_folder(folder, other)),
        RenderOutcome::Moved(moved) => failed(String::new(), moved_subnets::text(moved)),
        RenderOutcome::Faulty(problem) => failed(String::new(), problem.clone()),
        RenderOutcome::Unwritten(error) => failed(error.subject(), error.to_string()),
    }
}
