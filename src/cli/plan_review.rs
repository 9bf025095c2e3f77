//! `valet-gen plan-review`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::exit::{file_error, usage_error};
use super::{Exit, complete, pipeline, plan_waivers, print};
use crate::diagnostic::{self, DiagnosticFormat, Severity};
use crate::render::FileSet;
use crate::review::diff_document::FleetDiff;
use crate::review::git::Repository;
use crate::review::planned_module::{self, ModuleError, PlannedModule};
use crate::review::section::{self, Section};
use crate::review::{self, PlanReview, plan_markdown, terraform_plan};

pub const EXAMPLES: &str = "\
Examples:
  terraform show -json tfplan > plan.json && valet-gen plan-review plan.json
  terraform show -json tfplan | valet-gen plan-review - --format github
  valet-gen plan-review plan.json --fleet fleet.toml --module generated/staging/terraform
  valet-gen plan-review plan.json --format sarif > plan.sarif
  valet-gen plan-review plan.json --diff diff.json --comment github";

/// The largest plan that is read, in bytes.
const MAX_PLAN_BYTES: u64 = 512 * 1024 * 1024;

/// How a review is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReviewFormat {
    /// For people at a terminal.
    #[default]
    Human,
    /// One JSON document, for scripts.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub Actions workflow commands, for annotations on a pull request.
    Github,
    /// For a page or a comment.
    Markdown,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What `terraform show -json` printed of a saved plan; `-` reads standard input.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// A TOML file of waivers: `[[waiver]]` with the keys of `[[plan_waiver]]` in fleet.toml.
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
    /// The fleet file whose `[[plan_waiver]]` hold for this plan.
    #[arg(long, value_name = "FLEET")]
    fleet: Option<PathBuf>,
    /// The environment that the plan is of, or `account`, for waivers that name one.
    /// [default: the folder above that of --module, or else the only environment]
    #[arg(long, value_name = "NAME", add = complete::environments())]
    environment: Option<String>,
    /// The folder of the module that the plan is of: its `.tf` files are read as well.
    #[arg(long, value_name = "FOLDER")]
    module: Option<PathBuf>,
    /// What the module's `lifecycle` blocks are held against: a commit, or a folder.
    /// [default: the commit at which this branch left the main one]
    #[arg(long, value_name = "BEFORE", requires = "module")]
    before: Option<String>,
    /// How the review is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReviewFormat,
    /// Treat warnings as errors.
    #[arg(long)]
    deny_warnings: bool,
    /// What `valet-gen diff --format json` wrote, to be shown above the plan in Markdown.
    #[arg(long, value_name = "FILE")]
    diff: Option<PathBuf>,
    #[cfg(feature = "comment")]
    #[command(flatten)]
    comment: super::comment::CommentArgs,
}

pub fn run(arguments: &Args) -> Exit {
    let (review, diff) = match reviewed(arguments) {
        Ok(reviewed) => reviewed,
        Err(exit) => return exit,
    };
    let sections = match &diff {
        Some(diff) => plan_markdown::composed(diff, &review),
        None => plan_markdown::sections(&review),
    };
    print::to_stdout(printed(&review, &sections, arguments.format));
    // The gate is said to be closed whatever became of the comment, which says why it is.
    let posted = posted(arguments, &review, diff.as_ref(), &sections);
    match verdict(&review, arguments.deny_warnings) {
        Exit::Success => posted,
        closed => closed,
    }
}

#[cfg(feature = "comment")]
fn posted(
    arguments: &Args,
    review: &PlanReview,
    diff: Option<&FleetDiff>,
    sections: &[Section],
) -> Exit {
    let is_said = !review.resources.is_empty() || !review.report.is_empty();
    arguments.comment.post(&super::comment::Message {
        sections,
        has_changes: is_said || diff.is_some_and(|diff| !diff.environments.is_empty()),
        target: diff.map_or("terraform", |diff| &diff.fleet),
    })
}

#[cfg(not(feature = "comment"))]
fn posted(_: &Args, _: &PlanReview, _: Option<&FleetDiff>, _: &[Section]) -> Exit {
    Exit::Success
}

fn reviewed(arguments: &Args) -> Result<(PlanReview, Option<FleetDiff>), Exit> {
    let text = read_plan(&arguments.plan)?;
    let shown = shown(&arguments.plan);
    let plan = terraform_plan::read(&text)
        .map_err(|error| file_error(&shown, &error.problem, error.help))?;
    let waivers = plan_waivers::of(&plan_waivers::Sources {
        fleet: arguments.fleet.as_deref(),
        file: arguments.waivers.as_deref(),
        environment: arguments.environment.as_deref(),
        module: arguments.module.as_deref(),
    })?;
    let diff = arguments.diff.as_deref().map(read_diff).transpose()?;
    let module = match &arguments.module {
        Some(folder) => Some(read_module(folder, arguments.before.as_deref())?),
        None => None,
    };
    let review = review::review(&plan, module.as_ref(), &waivers, pipeline::today());
    Ok((review, diff))
}

fn read_module(folder: &Path, before: Option<&str>) -> Result<PlannedModule, Exit> {
    let fail = |error: ModuleError| {
        let help = "name the folder in which the plan was made with --module";
        file_error(&error.subject, &error.problem, help)
    };
    let now = planned_module::files(folder).map_err(fail)?;
    let old = match before {
        Some(name) if Path::new(name).is_dir() => {
            planned_module::files(Path::new(name)).map_err(fail)?
        }
        _ => module_at(folder, before)?,
    };
    let edited = planned_module::edited(folder, &now).map_err(fail)?;
    PlannedModule::of(&old, &now, edited).map_err(fail)
}

/// The module at a commit, or at that at which the branch left the main one.
fn module_at(folder: &Path, commit: Option<&str>) -> Result<FileSet, Exit> {
    let subject = commit.unwrap_or("--before");
    let found = Repository::of(folder).and_then(|repository| {
        let commit = match commit {
            Some(name) => repository.commit(name)?,
            None => repository.merge_base()?,
        };
        planned_module::files_at(&repository, &commit)
    });
    found.map_err(|error| {
        let help = "name the module before with --before: a commit, or a folder with its files";
        usage_error(&subject, &error.problem, help)
    })
}

fn read_diff(path: &Path) -> Result<FleetDiff, Exit> {
    let help = "name what `valet-gen diff --format json --out FILE` of this version wrote";
    let fail = |problem: &dyn std::fmt::Display| file_error(&path.display(), &problem, help);
    let text = std::fs::read_to_string(path).map_err(|error| fail(&error))?;
    FleetDiff::from_json(&text).map_err(|problem| fail(&problem))
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    path.display().to_string()
}

fn read_plan(path: &Path) -> Result<String, Exit> {
    let help = "name what `terraform show -json PLAN` printed, or `-` for standard input";
    let fail = |problem: &dyn std::fmt::Display| file_error(&shown(path), &problem, help);
    let source: Box<dyn std::io::Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(path).map_err(|error| fail(&error))?)
    };
    let mut bytes = Vec::new();
    let read = source.take(MAX_PLAN_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| fail(&error))?;
    if bytes.len() as u64 > MAX_PLAN_BYTES {
        return Err(fail(&format!("it is larger than {MAX_PLAN_BYTES} bytes")));
    }
    // A saved plan is an archive, which is told from broken text by its first letters.
    if bytes.starts_with(b"PK") {
        return Ok("PK".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| fail(&"it is not UTF-8"))
}

fn printed(review: &PlanReview, sections: &[Section], format: ReviewFormat) -> String {
    let reports = std::slice::from_ref(&review.report);
    match format {
        ReviewFormat::Human => format!(
            "{}plan: {}; {}\n",
            diagnostic::print(reports, DiagnosticFormat::Human, true),
            plan_markdown::summary(review),
            plan_markdown::verdict(review)
        ),
        ReviewFormat::Json => review.to_json(),
        ReviewFormat::Sarif => diagnostic::print(reports, DiagnosticFormat::Sarif, false),
        ReviewFormat::Github => diagnostic::print(reports, DiagnosticFormat::Github, false),
        ReviewFormat::Markdown => section::page(sections),
    }
}

fn verdict(review: &PlanReview, deny_warnings: bool) -> Exit {
    let warnings = review.count(Severity::Warning);
    if review.report.has_errors() || deny_warnings && warnings > 0 {
        return Exit::PlanRejected;
    }
    Exit::Success
}
