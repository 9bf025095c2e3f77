//! `valet-gen render`

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::ProgressBar;
use jiff::civil::Date;

use super::moved_subnets::moved_subnets;
use super::pipeline::{self, has_blocking_diagnostics};
use super::render_outcome::{self, RenderOutcome};
use super::{DiagnosticArgs, Exit, FleetArgs, complete};
use crate::diagnostic::DiagnosticReport;
use crate::images;
use crate::render::{self, Engine};
use crate::resolve::{ACCOUNT, Plan};
use crate::write::{self, OwnFiles, Rendering, Scope, WriteOptions};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen render                            write generated/ beside fleet.toml
  valet-gen render --check --diff             in CI: is generated/ what fleet.toml says?
  valet-gen render --environment staging      write one environment only
  valet-gen render fleets/*.toml --out build  many fleets, each to build/<fleet>";

#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub struct Args {
    #[command(flatten)]
    fleets: FleetArgs,
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
    #[arg(long, value_name = "NAME", add = complete::environments())]
    environment: Option<String>,
    /// Overwrite files that valet-gen did not write, and what a newer valet-gen wrote.
    #[arg(long)]
    force: bool,
    /// Remove the files of environments that fleet.toml no longer has, or of another fleet.
    #[arg(long, conflicts_with = "check")]
    prune: bool,
    #[command(flatten)]
    findings: DiagnosticArgs,
}

pub fn run(arguments: &Args) -> Exit {
    let run = Run {
        engine: Engine::new(),
        arguments,
        today: pipeline::today(),
        claims: Mutex::default(),
    };
    let outcomes = for_each_fleet(&arguments.fleets.fleets, |index, fleet| {
        run.render_one(index, fleet)
    });
    render_outcome::report(&outcomes, &arguments.findings, arguments.diff)
}

/// Works on several fleets at once, and gives the outcomes in the order of the arguments.
fn for_each_fleet(
    fleets: &[PathBuf],
    work: impl Fn(usize, &Path) -> RenderOutcome + Sync,
) -> Vec<RenderOutcome> {
    if let [single] = fleets {
        return vec![work(0, single)];
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
                    let outcome = work(index, fleet);
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
    arguments: &'a Args,
    today: Date,
    /// Which fleet writes to which folder.
    claims: Mutex<BTreeMap<PathBuf, Claim>>,
}

/// A fleet that writes to a folder.
#[derive(Clone)]
struct Claim {
    /// Its place among the arguments.
    index: usize,
    fleet: PathBuf,
    /// The folder as it was spelt.
    folder: PathBuf,
}

impl Run<'_> {
    fn render_one(&self, index: usize, fleet: &Path) -> RenderOutcome {
        let mut planned = match pipeline::plan(fleet, self.today) {
            Ok(planned) => planned,
            Err(error) => return RenderOutcome::Unread(error),
        };
        let Some(plan) = planned.plan.take() else {
            return RenderOutcome::Refused(planned.reports);
        };
        if has_blocking_diagnostics(&planned.reports, &self.arguments.findings) {
            return RenderOutcome::Refused(planned.reports);
        }
        let path = planned.path.clone();
        let scope = match scope(self.arguments, &plan) {
            Ok(scope) => scope,
            Err((name, known)) => return RenderOutcome::NoSuchEnvironment { path, name, known },
        };
        let folder = self.output_folder(&path, &plan);
        let claim = Claim {
            index,
            fleet: path,
            folder: folder.clone(),
        };
        if let Some(other) = self.claim(&claim) {
            // Whichever came first, it is the later argument that is one too many.
            let (later, earlier) = if other.index < index {
                (claim, other)
            } else {
                (other, claim)
            };
            return RenderOutcome::SameFolder {
                path: later.fleet,
                other: earlier.fleet,
                folder: later.folder,
            };
        }
        let moved = moved_subnets(&folder, &plan, &scope);
        if !moved.is_empty() {
            return RenderOutcome::Moved(moved);
        }
        let files = match render::render(&self.engine, &plan) {
            Ok(files) => files,
            Err(error) => return RenderOutcome::Faulty(error.to_string()),
        };
        if let Some(lock) = &planned.lock {
            let report = images::against_files(lock, &plan, &files);
            planned.report(report);
            if has_blocking_diagnostics(&planned.reports, &self.arguments.findings) {
                return RenderOutcome::Refused(planned.reports);
            }
        }
        let rendering = Rendering {
            fleet: &plan.fleet,
            files: &files,
            scope,
            own_files: &own_files(&plan),
        };
        self.bring_to_disk(planned.reports, folder, &rendering)
    }

    fn bring_to_disk(
        &self,
        reports: Vec<DiagnosticReport>,
        folder: PathBuf,
        rendering: &Rendering<'_>,
    ) -> RenderOutcome {
        if self.arguments.check {
            return match write::check(&folder, rendering) {
                Ok(drift) => RenderOutcome::Compared {
                    reports,
                    folder,
                    drift,
                },
                Err(error) => RenderOutcome::Unwritten(error),
            };
        }
        let options = WriteOptions {
            force: self.arguments.force,
            prune: self.arguments.prune,
        };
        match write::write(&folder, rendering, options) {
            Ok(summary) => RenderOutcome::Written {
                reports,
                folder,
                summary,
            },
            Err(error) => RenderOutcome::Unwritten(error),
        }
    }

    fn output_folder(&self, fleet: &Path, plan: &Plan) -> PathBuf {
        let several = self.arguments.fleets.fleets.len() > 1;
        match &self.arguments.out {
            Some(out) if several => out.join(&plan.fleet),
            Some(out) => out.clone(),
            None => default_folder(fleet),
        }
    }

    /// Takes the folder for this fleet. Another fleet that has it already is given back: the two
    /// would remove each other's files.
    fn claim(&self, claim: &Claim) -> Option<Claim> {
        let mut claims = self.claims.lock().ok()?;
        match claims.entry(true_path(&claim.folder)) {
            Entry::Occupied(taken) => Some(taken.get().clone()),
            Entry::Vacant(free) => {
                free.insert(claim.clone());
                None
            }
        }
    }
}

/// Where a fleet is rendered to unless `--out` says otherwise.
pub fn default_folder(fleet: &Path) -> PathBuf {
    fleet.parent().unwrap_or(Path::new("")).join("generated")
}

/// The files that a fleet declares as its user's own.
pub fn own_files(plan: &Plan) -> OwnFiles {
    let mut own = OwnFiles::default();
    for environment in &plan.environments {
        let module = format!("{}/terraform", environment.identity.environment);
        own.declare(&module, &environment.terraform.own_files);
    }
    let module = format!("{ACCOUNT}/terraform");
    own.declare(&module, &plan.account.terraform.own_files);
    own
}

/// One name for one folder, however it is spelt and whether or not it is there yet.
fn true_path(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut missing = Vec::new();
    let mut there = absolute.as_path();
    loop {
        if let Ok(found) = there.canonicalize() {
            return missing
                .iter()
                .rev()
                .fold(found, |path, name| path.join(name));
        }
        match (there.parent(), there.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name);
                there = parent;
            }
            _ => return absolute,
        }
    }
}

/// The part that `--environment` limits the rendering to, or its name and those it could have.
fn scope<'a>(arguments: &'a Args, plan: &Plan) -> Result<Scope<'a>, (String, Vec<String>)> {
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
        Err((name.clone(), known))
    }
}
