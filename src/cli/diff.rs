//! `valet-gen diff`

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::civil::Date;

use super::exit::{internal_error, usage_error};
use super::pipeline::{fleet_file, print_to_stderr, read_error};
use super::plan_review::ReviewFormat;
use super::{Exit, pipeline, print, repository};
use crate::diagnostic::{self, DiagnosticFormat, SourceText};
use crate::images::{LockFile, lock_path};
use crate::load;
use crate::render::Engine;
use crate::review::diff_document::{Class, FleetDiff};
use crate::review::fleet_diff::compare;
use crate::review::git::{GitError, Repository, short};
use crate::review::side::{Side, SideError, side};
use crate::review::{diff_findings, diff_markdown, diff_text};

pub const EXAMPLES: &str = "\
Examples:
  valet-gen diff                             what this branch changes
  valet-gen diff v1.4 --fail-on destructive
  valet-gen diff old.toml new.toml --format markdown
  valet-gen diff --comment github            in a workflow: one comment, kept up to date";

/// The class at which the command fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Anything that changes in AWS.
    InPlace,
    /// Every worker is replaced, or worse.
    Rolling,
    /// Something is away for a time, or worse.
    Interrupting,
    /// Data or an environment is lost.
    Destructive,
    /// Something is opened, whatever the class.
    WidensAccess,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The fleet before: a commit, a file, or a folder.
    /// [default: the commit at which this branch left the main one]
    #[arg(value_name = "A")]
    before: Option<String>,
    /// The fleet after. [default: the working tree]
    #[arg(value_name = "B")]
    after: Option<String>,
    /// The fleet file, in the working tree and in commits.
    #[arg(long, value_name = "FILE", default_value = "fleet.toml")]
    fleet: PathBuf,
    /// End with 40 where the change reaches this class; may be given several times.
    #[arg(long, value_enum, value_name = "CLASS")]
    fail_on: Vec<FailOn>,
    /// How the comparison is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReviewFormat,
    /// The file to write the comparison to; standard output when left out.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[cfg(feature = "comment")]
    #[command(flatten)]
    comment: super::comment::CommentArgs,
}

pub fn run(arguments: &Args) -> Exit {
    let (diff, after) = match compared(arguments) {
        Ok(compared) => compared,
        Err(exit) => return exit,
    };
    let text = printed(&diff, &after, arguments.format);
    match &arguments.out {
        None => print::to_stdout(text),
        Some(path) => {
            if let Err(error) = std::fs::write(path, text) {
                let help = "name a file in a folder that can be written";
                return super::exit::file_error(&path.display(), &error, help);
            }
        }
    }
    // The gate is said to be closed whatever became of the comment, which says why it is.
    let posted = posted(arguments, &diff);
    match verdict(&diff, &arguments.fail_on) {
        Exit::Success => posted,
        closed => closed,
    }
}

#[cfg(feature = "comment")]
fn posted(arguments: &Args, diff: &FleetDiff) -> Exit {
    arguments.comment.post(&super::comment::Message {
        sections: &diff_markdown::sections(diff),
        has_changes: !diff.environments.is_empty(),
        target: &diff.fleet,
    })
}

#[cfg(not(feature = "comment"))]
fn posted(_: &Args, _: &FleetDiff) -> Exit {
    Exit::Success
}

fn compared(arguments: &Args) -> Result<(FleetDiff, Side), Exit> {
    let today = pipeline::today();
    let engine = Engine::new();
    let fleet = fleet_file(&arguments.fleet);
    let before = match &arguments.before {
        Some(name) => named(name, &fleet)?,
        None => of_merge_base(&fleet)?,
    };
    let after = match &arguments.after {
        Some(name) => named(name, &fleet)?,
        None => of_file(&fleet, "the working tree")?,
    };
    let (before, after) = std::thread::scope(|scope| {
        let before = scope.spawn(|| planned(&engine, before, today));
        let after = planned(&engine, after, today);
        (before.join(), after)
    });
    let before = before.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let (before, after) = (before.map_err(invalid)?, after.map_err(invalid)?);
    let diff =
        compare(&engine, &before, &after, today).map_err(|problem| internal_error(&problem))?;
    Ok((diff, after))
}

/// The texts of one fleet.
struct Texts {
    label: String,
    fleet: SourceText,
    lock: Option<SourceText>,
}

/// A file or a folder that exists, or else a commit.
fn named(name: &str, fleet: &Path) -> Result<Texts, Exit> {
    let path = Path::new(name);
    if path.exists() {
        return of_file(&fleet_file(path), name);
    }
    let repository = repository_of(fleet)?;
    let commit = repository
        .commit(name)
        .map_err(|error| git_error(name, &error))?;
    of_commit(&repository, &commit, name, fleet)
}

fn of_merge_base(fleet: &Path) -> Result<Texts, Exit> {
    let repository = repository_of(fleet)?;
    let base = repository
        .merge_base()
        .map_err(|error| git_error(&fleet.display().to_string(), &error))?;
    of_commit(&repository, &base, short(&base), fleet)
}

fn repository_of(fleet: &Path) -> Result<Repository, Exit> {
    let folder = fleet.parent().unwrap_or(Path::new("."));
    Repository::of(folder).map_err(|error| git_error(&fleet.display().to_string(), &error))
}

fn git_error(subject: &str, error: &GitError) -> Exit {
    usage_error(&subject, &error.problem, &error.help)
}

fn of_commit(
    repository: &Repository,
    commit: &str,
    label: &str,
    fleet: &Path,
) -> Result<Texts, Exit> {
    let read = |path: &Path| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = repository
            .read(commit, &name)
            .map_err(|error| git_error(label, &error))?;
        let source = |text| SourceText {
            path: format!("{} ({label})", path.display()),
            text,
        };
        Ok(text.map(source))
    };
    let found = read(fleet)?.ok_or_else(|| {
        let problem = format!("the commit has no {}", fleet.display());
        usage_error(
            &label,
            &problem,
            "name the fleet file with --fleet, as the commit has it",
        )
    })?;
    Ok(Texts {
        label: label.to_owned(),
        fleet: found,
        lock: read(&lock_path(fleet))?,
    })
}

fn of_file(path: &Path, label: &str) -> Result<Texts, Exit> {
    let fleet = load::read(path).map_err(|error| read_error(&error))?;
    let lock = LockFile::source(path).map_err(|error| read_error(&error))?;
    Ok(Texts {
        label: label.to_owned(),
        fleet,
        lock,
    })
}

fn planned(engine: &Engine, texts: Texts, today: Date) -> Result<Side, SideError> {
    let Texts { label, fleet, lock } = texts;
    side(engine, &label, fleet, lock, today)
}

/// Reports a fleet that cannot be compared.
fn invalid(error: SideError) -> Exit {
    match error {
        SideError::InvalidFleet(reports) => {
            print_to_stderr(&reports);
            Exit::InvalidFleet
        }
        SideError::Render(problem) => internal_error(&problem),
    }
}

fn printed(diff: &FleetDiff, after: &Side, format: ReviewFormat) -> String {
    let reports = || repository::annotated(&[diff_findings::report(diff, after)]);
    match format {
        ReviewFormat::Human => diff_text::print(diff),
        ReviewFormat::Json => diff.to_json(),
        ReviewFormat::Sarif => diagnostic::print(&reports(), DiagnosticFormat::Sarif, false),
        ReviewFormat::Github => diagnostic::print(&reports(), DiagnosticFormat::Github, false),
        ReviewFormat::Markdown => diff_markdown::print(diff),
    }
}

fn verdict(diff: &FleetDiff, fail_on: &[FailOn]) -> Exit {
    let reached = fail_on.iter().any(|gate| match gate {
        FailOn::InPlace => diff.class >= Class::InPlace,
        FailOn::Rolling => diff.class >= Class::Rolling,
        FailOn::Interrupting => diff.class >= Class::Interrupting,
        FailOn::Destructive => diff.class >= Class::Destructive,
        FailOn::WidensAccess => diff.widens_access,
    });
    if reached {
        Exit::FailOnReached
    } else {
        Exit::Success
    }
}
