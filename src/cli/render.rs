//! `valet-gen render`

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::ProgressBar;
use jiff::civil::Date;
use serde::Serialize;

use super::exit::{file_error, internal_error, no_such_environment};
use super::pipeline::{self, Planned, print_findings, read_error, stops};
use super::{Exit, Findings, Fleets};
use crate::diagnostic::{self, Report};
use crate::load::ReadError;
use crate::render::{self, Engine, FileSet};
use crate::resolve::{ACCOUNT, Plan};
use crate::write::{self, Drift, Foreign, Scope, Summary, WriteError};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen render                            write generated/ beside fleet.toml
  valet-gen render --check --diff             in CI: is generated/ what fleet.toml says?
  valet-gen render --environment staging      write one environment only
  valet-gen render fleets/*.toml --out build  many fleets, each to build/<fleet>";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    fleets: Fleets,
    /// The folder to write to; with several fleets, each goes to a folder of its name in it.
    /// [default: `generated` beside the fleet file]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Write nothing, and say what differs.
    #[arg(long)]
    check: bool,
    /// With --check, show each difference.
    #[arg(long, requires = "check")]
    diff: bool,
    /// Only this environment (or `account`); every other file stays as it is.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Overwrite files that valet-gen did not write.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    findings: Findings,
}

/// What became of one fleet.
enum Outcome {
    Unread(ReadError),
    Refused(Report),
    NoSuchEnvironment {
        path: PathBuf,
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
        report: Report,
        folder: PathBuf,
        summary: Summary,
    },
    Compared {
        report: Report,
        folder: PathBuf,
        drift: Drift,
    },
}

pub fn run(arguments: &Arguments) -> Exit {
    let engine = match Engine::new() {
        Ok(engine) => engine,
        Err(error) => return internal_error(&error),
    };
    let run = Run {
        engine,
        arguments,
        today: pipeline::today(),
        claims: Mutex::default(),
    };
    let outcomes = for_each_fleet(&arguments.fleets.fleets, |fleet| run.render_one(fleet));
    report(&outcomes, arguments)
}

/// Works on several fleets at once, and gives the outcomes in the order of the arguments.
fn for_each_fleet(fleets: &[PathBuf], work: impl Fn(&Path) -> Outcome + Sync) -> Vec<Outcome> {
    if let [single] = fleets {
        return vec![work(single)];
    }
    let progress = ProgressBar::new(fleets.len() as u64);
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads.min(fleets.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(fleet) = fleets.get(index) else {
                        break;
                    };
                    let outcome = work(fleet);
                    progress.inc(1);
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.insert(index, outcome);
                    }
                }
            });
        }
    });
    progress.finish_and_clear();
    outcomes
        .into_inner()
        .map(|outcomes| outcomes.into_values().collect())
        .unwrap_or_default()
}

/// What the fleets of one call share.
struct Run<'a> {
    engine: Engine,
    arguments: &'a Arguments,
    today: Date,
    /// Which fleet writes to which folder.
    claims: Mutex<BTreeMap<PathBuf, PathBuf>>,
}

impl Run<'_> {
    fn render_one(&self, fleet: &Path) -> Outcome {
        let Planned { path, plan, report } = match pipeline::plan(fleet, self.today) {
            Ok(planned) => planned,
            Err(error) => return Outcome::Unread(error),
        };
        let Some(plan) = plan else {
            return Outcome::Refused(report);
        };
        if stops(std::slice::from_ref(&report), &self.arguments.findings) {
            return Outcome::Refused(report);
        }
        let scope = match scope(self.arguments, &plan) {
            Ok(scope) => scope,
            Err(known) => return Outcome::NoSuchEnvironment { path, known },
        };
        let folder = self.output_folder(&path, &plan);
        if let Some(other) = self.claim(&folder, &path) {
            return Outcome::SameFolder {
                path,
                other,
                folder,
            };
        }
        match render::render(&self.engine, &plan) {
            Ok(files) => self.bring_to_disk(report, folder, &files, scope),
            Err(error) => Outcome::Faulty(error.to_string()),
        }
    }

    fn bring_to_disk(
        &self,
        report: Report,
        folder: PathBuf,
        files: &FileSet,
        scope: Scope<'_>,
    ) -> Outcome {
        if self.arguments.check {
            return match write::check(&folder, files, scope) {
                Ok(drift) => Outcome::Compared {
                    report,
                    folder,
                    drift,
                },
                Err(error) => Outcome::Unwritten(error),
            };
        }
        let foreign = if self.arguments.force {
            Foreign::Overwrite
        } else {
            Foreign::Refuse
        };
        match write::write(&folder, files, scope, foreign) {
            Ok(summary) => Outcome::Written {
                report,
                folder,
                summary,
            },
            Err(error) => Outcome::Unwritten(error),
        }
    }

    fn output_folder(&self, fleet: &Path, plan: &Plan) -> PathBuf {
        let several = self.arguments.fleets.fleets.len() > 1;
        match &self.arguments.out {
            Some(out) if several => out.join(&plan.fleet),
            Some(out) => out.clone(),
            None => fleet.parent().unwrap_or(Path::new("")).join("generated"),
        }
    }

    /// Takes the folder for this fleet. Another fleet that has it already is given back: the two
    /// would remove each other's files.
    fn claim(&self, folder: &Path, fleet: &Path) -> Option<PathBuf> {
        let mut claims = self.claims.lock().ok()?;
        match claims.entry(folder.to_owned()) {
            Entry::Occupied(taken) => Some(taken.get().clone()),
            Entry::Vacant(free) => {
                free.insert(fleet.to_owned());
                None
            }
        }
    }
}

/// The part that `--environment` limits the rendering to, or the names that it could have.
fn scope<'a>(arguments: &'a Arguments, plan: &Plan) -> Result<Scope<'a>, Vec<String>> {
    let Some(name) = &arguments.environment else {
        return Ok(Scope::Everything);
    };
    let environments = plan
        .environments
        .iter()
        .map(|environment| environment.identity.environment.clone());
    let known: Vec<String> = environments.chain([ACCOUNT.to_owned()]).collect();
    if known.contains(name) {
        Ok(Scope::Environment(name))
    } else {
        Err(known)
    }
}

fn report(outcomes: &[Outcome], arguments: &Arguments) -> Exit {
    let reports: Vec<Report> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Refused(report)
            | Outcome::Written { report, .. }
            | Outcome::Compared { report, .. } => Some(report.clone()),
            _ => None,
        })
        .collect();
    let as_json = arguments.findings.format == diagnostic::Format::Json;
    if as_json {
        pipeline::print_to_stderr(&reports);
        print_json(outcomes);
    } else {
        print_findings(&reports, &arguments.findings);
    }
    let quiet = as_json || arguments.findings.format != diagnostic::Format::Human;
    let mut exit = Exit::Success;
    for outcome in outcomes {
        exit = worse(exit, report_one(outcome, arguments, quiet));
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

fn report_one(outcome: &Outcome, arguments: &Arguments, quiet: bool) -> Exit {
    match outcome {
        Outcome::Unread(error) => read_error(error),
        Outcome::Refused(_) => Exit::Findings,
        Outcome::Faulty(problem) => internal_error(problem),
        Outcome::Unwritten(error) => write_error(error),
        Outcome::NoSuchEnvironment { path, known } => no_such_environment(
            path,
            arguments.environment.as_deref().unwrap_or_default(),
            known,
        ),
        Outcome::SameFolder {
            path,
            other,
            folder,
        } => file_error(
            &path.display(),
            &format!(
                "it would write to {}, as {} does",
                folder.display(),
                other.display()
            ),
            "give each fleet a name and a folder of its own, or render them one by one with --out",
        ),
        Outcome::Written {
            folder, summary, ..
        } => {
            if !quiet {
                anstream::println!("{}: {}", folder.display(), describe(*summary));
            }
            Exit::Success
        }
        Outcome::Compared { folder, drift, .. } => {
            if !quiet {
                print_drift(folder, drift, arguments.diff);
            }
            drift.worst().map_or(Exit::Success, Exit::Drift)
        }
    }
}

fn write_error(error: &WriteError) -> Exit {
    match error {
        WriteError::Foreign(path) => file_error(
            &path.display(),
            &"it is in the way, and valet-gen did not write it",
            "move it, choose another folder with --out, or overwrite it with --force",
        ),
        WriteError::BrokenManifest { path, problem } => file_error(
            &path.display(),
            &format!("it is not a manifest of valet-gen: {problem}"),
            "restore it from version control, or delete it and render with --force",
        ),
        WriteError::Io { path, error } => file_error(
            &path.display(),
            error,
            "make the folder writable; what was already written is whole, and the next run goes on",
        ),
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

fn print_drift(folder: &Path, drift: &Drift, with_diff: bool) {
    for entry in &drift.entries {
        let detail = entry.detail.as_deref().unwrap_or(entry.difference.advice());
        anstream::println!(
            "{}: {} ({detail})",
            entry.difference.word(),
            folder.join(&entry.path).display(),
        );
        if let Some(diff) = entry.diff.as_deref().filter(|_| with_diff) {
            anstream::println!("{diff}");
        }
    }
    let differing = drift.entries.len();
    anstream::println!(
        "{}: {} differing, {} as rendered",
        folder.display(),
        differing,
        drift.unchanged
    );
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
enum JsonOutcome<'a> {
    Failed,
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

fn print_json(outcomes: &[Outcome]) {
    let documents: Vec<JsonOutcome<'_>> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Written {
                folder, summary, ..
            } => JsonOutcome::Written {
                folder: folder.display().to_string(),
                created: summary.created,
                updated: summary.updated,
                removed: summary.removed,
                unchanged: summary.unchanged,
            },
            Outcome::Compared { folder, drift, .. } => JsonOutcome::Compared {
                folder: folder.display().to_string(),
                unchanged: drift.unchanged,
                differing: &drift.entries,
            },
            _ => JsonOutcome::Failed,
        })
        .collect();
    let text = serde_json::to_string_pretty(&documents).unwrap_or_default();
    anstream::println!("{text}");
}
