//! How the process ends. The codes are part of the interface.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use crate::resolve::{Environment, Plan};
use crate::write::Difference;

/// The reason for an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Success,
    /// A fleet.toml breaks a rule, or has warnings and `--deny-warnings` was given.
    Findings,
    /// A file could not be read or written.
    File,
    /// `render --check` found a difference.
    Drift(Difference),
    /// The generator has a fault.
    Internal,
}

/// The table of exit codes for `--help`; a test holds it against the codes.
pub const HELP: &str = "\
Exit codes:
  0   success
  1   a fleet.toml breaks a rule (or has warnings, with --deny-warnings)
  2   the command line is wrong
  3   a file could not be read or written
  10  render --check: a file was edited by hand
  11  render --check: a file is stale, fleet.toml has changed since
  12  render --check: a file is orphaned, no longer rendered
  13  render --check: a file is missing
  14  render --check: a file cannot be read
  15  render --check: another version of valet-gen wrote the files
  70  valet-gen itself failed: please report it";

impl Exit {
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Findings => 1,
            Self::File => 3,
            Self::Drift(difference) => difference.exit_code(),
            Self::Internal => 70,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Reports a file that could not be read or written.
pub fn file_error(path: &impl Display, problem: &impl Display, help: &str) -> Exit {
    anstream::eprintln!("error: {path}: {problem}\n  help: {help}");
    Exit::File
}

/// The environment of this name, or the first.
pub fn choose_environment<'p>(
    fleet: &Path,
    plan: &'p Plan,
    name: Option<&str>,
) -> Result<&'p Environment, Exit> {
    let mut environments = plan.environments.iter();
    let found = match name {
        Some(name) => environments.find(|known| known.identity.environment == name),
        None => environments.next(),
    };
    found.ok_or_else(|| {
        let known = plan
            .environments
            .iter()
            .map(|known| known.identity.environment.clone());
        no_such_environment(fleet, name.unwrap_or_default(), &known.collect::<Vec<_>>())
    })
}

/// Reports an environment that the fleet does not have.
pub fn no_such_environment(fleet: &Path, name: &str, known: &[String]) -> Exit {
    file_error(
        &fleet.display(),
        &format!("there is no environment `{name}`"),
        &format!("one of: {}", known.join(", ")),
    )
}

/// Reports a fault of the generator.
pub fn internal_error(problem: &impl Display) -> Exit {
    anstream::eprintln!(
        "error: valet-gen has a fault: {problem}\n  help: this is not your mistake; please report it with your fleet.toml"
    );
    Exit::Internal
}
