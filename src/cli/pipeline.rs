//! The first three stages for one file, as every command needs them.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::exit::file_error;
use super::{DiagnosticArgs, Exit, print, repository};
use crate::diagnostic::{self, DiagnosticFormat, DiagnosticReport, Severity};
use crate::fleet::PlanWaiver;
use crate::images::{self, LockFile};
use crate::resolve::Plan;
use crate::{check, load, resolve};

/// What the first three stages came to.
pub struct PlannedFleet {
    pub path: PathBuf,
    /// `None` when a rule is broken.
    pub plan: Option<Plan>,
    /// What was found in fleet.toml, and in images.lock where there is one.
    pub reports: Vec<DiagnosticReport>,
    /// images.lock, where there is one that can be used.
    pub lock: Option<LockFile>,
    /// What `[[plan_waiver]]` has, which is no part of the plan.
    pub plan_waivers: Vec<PlanWaiver>,
}

/// The name of a fleet file, which is also the argument that is left out.
const FLEET_FILE: &str = "fleet.toml";

/// What stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// The file that an argument means: a folder stands for the fleet.toml in it, and no argument for the one here or in the
/// nearest parent folder.
pub fn fleet_file(argument: &Path) -> PathBuf {
    if argument.is_dir() {
        return argument.join(FLEET_FILE);
    }
    let is_default = argument == Path::new(FLEET_FILE);
    if is_default && !argument.exists() {
        return in_parent_folder().unwrap_or_else(|| argument.to_owned());
    }
    argument.to_owned()
}

/// The nearest fleet.toml above the current folder, as a path from here. The root of a repository is the last folder that
/// is looked at; outside of one none is, because whose file it would be is anybody's guess.
fn in_parent_folder() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let root = here
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    let mut from_here = PathBuf::new();
    for folder in here
        .ancestors()
        .take_while(|folder| folder.starts_with(root))
    {
        if folder.join(FLEET_FILE).is_file() {
            return Some(from_here.join(FLEET_FILE));
        }
        from_here.push("..");
    }
    None
}

/// Reads, checks and resolves one file.
pub fn plan(argument: &Path, today: Date) -> Result<PlannedFleet, load::ReadError> {
    let path = fleet_file(argument);
    let is_standard_input = path == Path::new(STANDARD_INPUT);
    let source = if is_standard_input {
        load::read_standard_input()?
    } else {
        load::read(&path)?
    };
    let (checked, report) = match load::load(&source) {
        Err(report) => (None, report),
        Ok(loaded) => {
            let outcome = check::check(&source, loaded, today);
            (outcome.checked, outcome.report)
        }
    };
    let plan = checked.as_ref().map(resolve::resolve);
    let plan_waivers = checked.map(|checked| checked.base().plan_waiver.clone());
    let mut planned = PlannedFleet {
        plan,
        reports: vec![report],
        lock: None,
        plan_waivers: plan_waivers.unwrap_or_default(),
        path,
    };
    if is_standard_input {
        return Ok(planned);
    }
    match LockFile::read(&planned.path)? {
        None => {}
        Some(Ok(lock)) => planned.apply(lock),
        Some(Err(report)) => {
            planned.plan = None;
            planned.reports.push(report);
        }
    }
    Ok(planned)
}

impl PlannedFleet {
    fn apply(&mut self, lock: LockFile) {
        if let Some(plan) = &mut self.plan {
            images::apply(plan, &lock.lock);
            let report = images::against_plan(&lock, plan);
            self.report(report);
        }
        self.lock = Some(lock);
    }

    /// Adds a report, unless it says nothing.
    pub fn report(&mut self, report: DiagnosticReport) {
        if !report.is_empty() {
            self.reports.push(report);
        }
    }
}

/// Reads, checks and resolves one file, and prints what was found to standard error.
pub fn plan_or_exit(argument: &Path) -> Result<Plan, Exit> {
    let planned = plan(argument, today()).map_err(|error| read_error(&error))?;
    print_to_stderr(&planned.reports);
    planned.plan.ok_or(Exit::InvalidFleet)
}

/// Reports a file that could not be read.
pub fn read_error(error: &load::ReadError) -> Exit {
    file_error(&error.path, &error.problem, &error.help)
}

/// The day on which waivers are held against their expiry: `SOURCE_DATE_EPOCH` where it is set,
/// for builds that must come out the same on every day.
pub fn today() -> Date {
    let fixed = std::env::var("SOURCE_DATE_EPOCH")
        .ok()
        .and_then(|seconds| seconds.parse().ok())
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    let moment = fixed.unwrap_or_else(Timestamp::now);
    Offset::UTC.to_datetime(moment).date()
}

/// Prints findings for people.
pub fn print_to_stderr(reports: &[DiagnosticReport]) {
    // Colors are taken out again where standard error is no terminal or NO_COLOR is set.
    print::to_stderr(diagnostic::print(reports, DiagnosticFormat::Human, true));
}

/// Prints findings in the chosen format: those for people to standard error, those for programs
/// to standard output.
pub fn print_findings(reports: &[DiagnosticReport], findings: &DiagnosticArgs) {
    if findings.format == DiagnosticFormat::Human {
        print_to_stderr(reports);
    } else {
        let reports = match findings.format {
            DiagnosticFormat::Sarif | DiagnosticFormat::Github => &repository::annotated(reports),
            _ => reports,
        };
        print::to_stdout(diagnostic::print(reports, findings.format, false));
    }
}

/// Whether the findings stop the command.
pub fn has_blocking_diagnostics(reports: &[DiagnosticReport], findings: &DiagnosticArgs) -> bool {
    reports.iter().any(|report| {
        report.has_errors() || findings.deny_warnings && report.count(Severity::Warning) > 0
    })
}
