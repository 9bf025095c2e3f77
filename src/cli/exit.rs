//! How the process ends. The codes are part of the interface.

use std::fmt::{Display, Write as _};
use std::path::Path;
use std::process::ExitCode;

use super::print;
use crate::resolve::{Environment, Plan};
use crate::write::Difference;

/// The reason for an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Success,
    /// A fleet.toml breaks a rule, or has warnings and `--deny-warnings` was given.
    InvalidFleet,
    /// The command line is wrong.
    Usage,
    /// A file could not be read or written.
    Io,
    /// `render --check` found a difference.
    Drift(Difference),
    /// `audit` found a control that nothing enforces and nobody waives.
    MissingControl,
    /// The machine lacks what making or verifying an image takes.
    MissingPrerequisite,
    /// A program that makes or verifies an image failed.
    StepFailed,
    /// A control does not hold in an image, or something fails in a machine that it is started in.
    VerificationFailed,
    /// A bake was interrupted, and goes on with `--resume`.
    Resumable,
    /// A build failed in AWS.
    BuildFailed,
    /// AWS refused a call.
    Refused,
    /// It would not have been safe, and nothing was done.
    Unsafe,
    /// Something that a bake made could not be removed.
    Leftovers,
    /// A changed fleet reaches the class that `diff --fail-on` names.
    FailOnReached,
    /// A plan has findings that stop it.
    PlanRejected,
    /// The comment on a pull request could not be written.
    NotPosted,
    /// A bug in valet-gen.
    Internal,
    /// A signal stopped it.
    Interrupted,
}

impl Exit {
    /// Every way to end, in the order of the codes.
    pub const ALL: [Self; 25] = [
        Self::Success,
        Self::InvalidFleet,
        Self::Usage,
        Self::Io,
        Self::Drift(Difference::Edited),
        Self::Drift(Difference::Stale),
        Self::Drift(Difference::Orphaned),
        Self::Drift(Difference::Missing),
        Self::Drift(Difference::Unreadable),
        Self::Drift(Difference::OtherVersion),
        Self::Drift(Difference::Undeclared),
        Self::MissingControl,
        Self::MissingPrerequisite,
        Self::StepFailed,
        Self::VerificationFailed,
        Self::Resumable,
        Self::BuildFailed,
        Self::Refused,
        Self::Unsafe,
        Self::Leftovers,
        Self::FailOnReached,
        Self::PlanRejected,
        Self::NotPosted,
        Self::Internal,
        Self::Interrupted,
    ];

    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::InvalidFleet => 1,
            // What clap ends with as well.
            Self::Usage => 2,
            Self::Io => 3,
            Self::Drift(difference) => match difference {
                Difference::Edited => 10,
                Difference::Stale => 11,
                Difference::Orphaned => 12,
                Difference::Missing => 13,
                Difference::Unreadable => 14,
                Difference::OtherVersion => 15,
                Difference::Undeclared => 16,
            },
            Self::MissingControl => 20,
            Self::MissingPrerequisite => 30,
            Self::StepFailed => 31,
            Self::VerificationFailed => 32,
            Self::Resumable => 33,
            Self::BuildFailed => 34,
            Self::Refused => 35,
            Self::Unsafe => 36,
            Self::Leftovers => 37,
            Self::FailOnReached => 40,
            Self::PlanRejected => 41,
            Self::NotPosted => 42,
            // EX_SOFTWARE of sysexits.h.
            Self::Internal => 70,
            // What a shell makes of SIGINT.
            Self::Interrupted => 130,
        }
    }

    /// What the code says, for the help.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::InvalidFleet => {
                "a rule is broken (or warned of, with --deny-warnings); preflight found something"
            }
            Self::Usage => "the command line is wrong",
            Self::Io => "a file could not be read or written",
            Self::Drift(Difference::Edited) => "render --check: a file was edited by hand",
            Self::Drift(Difference::Stale) => {
                "render --check: a file is stale: fleet.toml has changed since it was rendered"
            }
            Self::Drift(Difference::Orphaned) => {
                "render --check: a file is orphaned: it is no longer rendered"
            }
            Self::Drift(Difference::Missing) => "render --check: a file is missing",
            Self::Drift(Difference::Unreadable) => "render --check: a file cannot be read",
            Self::Drift(Difference::OtherVersion) => {
                "render --check: another version of valet-gen wrote the files; render: a newer one did"
            }
            Self::Drift(Difference::Undeclared) => {
                "render --check: a rendered folder holds a file that valet-gen did not write"
            }
            Self::MissingControl => {
                "audit: a control is neither enforced, nor waived, nor assigned to people"
            }
            Self::MissingPrerequisite => {
                "bake, image, preflight, secrets: a program, a permission or the AWS SDK is missing"
            }
            Self::StepFailed => "bake, image: a program that makes or verifies the image failed",
            Self::VerificationFailed => {
                "bake, image: a control does not hold in the image, or something fails in its machine"
            }
            Self::Resumable => {
                "bake: interrupted, `bake --resume` goes on; bake, preflight, secrets: AWS cannot be reached"
            }
            Self::BuildFailed => "bake: the build failed in AWS, or an instance refresh did",
            Self::Refused => {
                "bake, preflight, secrets: AWS refused: credentials, permission, quota, missing resource"
            }
            Self::Unsafe => "bake: it would not be safe, and was not done",
            Self::Leftovers => "bake: something that a bake made could not be removed",
            Self::FailOnReached => "diff: a change reaches the class of --fail-on",
            Self::PlanRejected => {
                "plan-review: the plan has an error (or a warning, with --deny-warnings)"
            }
            Self::NotPosted => "diff, plan-review: the comment could not be written",
            Self::Internal => "internal error in valet-gen: please report it",
            Self::Interrupted => "bake, image: interrupted by a signal",
        }
    }
}

/// The table of exit codes for `--help`.
#[must_use]
pub fn help() -> String {
    let mut table = "Exit codes:".to_owned();
    for exit in Exit::ALL {
        let _ = write!(table, "\n  {:<3} {}", exit.code(), exit.meaning());
    }
    table
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Reports what the command line asks for and cannot have.
pub fn usage_error(subject: &impl Display, problem: &impl Display, help: &str) -> Exit {
    print::line_to_stderr(format_args!("error: {subject}: {problem}\n  help: {help}"));
    Exit::Usage
}

/// Reports a file that could not be read or written.
pub fn file_error(path: &impl Display, problem: &impl Display, help: &str) -> Exit {
    print::line_to_stderr(format_args!("error: {path}: {problem}\n  help: {help}"));
    Exit::Io
}

/// The environment of this name, or the only one.
pub fn choose_environment<'p>(
    fleet: &Path,
    plan: &'p Plan,
    name: Option<&str>,
) -> Result<&'p Environment, Exit> {
    let environments = &plan.environments;
    let found = match name {
        Some(name) => environments
            .iter()
            .find(|known| known.identity.environment == name),
        None if environments.len() == 1 => environments.first(),
        None => None,
    };
    found.ok_or_else(|| {
        let known: Vec<&str> = environments
            .iter()
            .map(|known| known.identity.environment.as_str())
            .collect();
        let problem = match name {
            Some(name) => format!("there is no environment `{name}`"),
            None => format!("there are {} environments", known.len()),
        };
        let help = match name {
            Some(_) => format!("one of: {}", known.join(", ")),
            None => format!("name one with --environment: {}", known.join(", ")),
        };
        usage_error(&fleet.display(), &problem, &help)
    })
}

/// Reports a fault of the generator.
pub fn internal_error(problem: &impl Display) -> Exit {
    print::line_to_stderr(format_args!(
        "error: internal error: {problem}\n  help: this is a bug in valet-gen; report it with your fleet.toml"
    ));
    Exit::Internal
}
