//! Python, in an environment of its own below the target folder with pinned packages: moto is the
//! AWS that is applied to, boto3 asks it what is there, checkov holds the policies.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::problem::Problem;
use crate::{folders, programs};

/// What the packages need. Debian 12 and Ubuntu 24.04 have it.
const OLDEST: (u32, u32) = (3, 11);

/// Names under which Python is found, the usual one first.
const NAMES: [&str; 5] = [
    "python3",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
];

/// Written last, so that an environment that was interrupted halfway is made again.
const STAMP: &str = "made-from.txt";

static ENVIRONMENT: LazyLock<Result<PathBuf, String>> = LazyLock::new(make);

/// A command of the environment, such as `python` or `checkov`. The environment is made by the
/// first test that asks, and kept until the pinned packages change.
pub fn command(name: &str) -> Result<Command, Problem> {
    let environment = ENVIRONMENT
        .as_ref()
        .map_err(|why| Problem::Missing(why.clone()))?;
    Ok(Command::new(programs_of(environment).join(name)))
}

/// The environment's Python with this script.
pub fn script(path: &Path) -> Result<Command, Problem> {
    let mut command = command("python")?;
    command.arg(path).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// What of Python belongs to this crate: the pinned packages, and the mock of AWS.
pub(crate) fn own_folder() -> PathBuf {
    folders::repository().join("test-support/python")
}

fn make() -> Result<PathBuf, String> {
    let python = find().ok_or_else(|| {
        let (major, minor) = OLDEST;
        format!("there is no Python {major}.{minor} or newer on PATH")
    })?;
    let requirements = own_folder().join("requirements.txt");
    let environment = folders::target().join("python");
    let stamp = environment.join(STAMP);
    let made_from = format!("{}\n{}", python.display(), folders::read(&requirements)?);
    let is_made = || folders::read(&stamp).is_ok_and(|old| old == made_from);
    if is_made() {
        return Ok(environment);
    }
    let _lock = folders::lock(&environment.with_extension("lock"), || {
        eprintln!("another process makes the Python environment, which is waited for");
    })?;
    if is_made() {
        return Ok(environment);
    }
    eprintln!(
        "making a Python environment in {}; this takes a minute, once",
        environment.display()
    );
    let mut venv = Command::new(python);
    venv.args(["-m", "venv", "--clear"]).arg(&environment);
    programs::run(&mut venv, "python venv")?
        .success()
        .map_err(|problem| {
            format!("Python's venv does not work (python3-venv on Debian): {problem}")
        })?;
    let mut pip = Command::new(programs_of(&environment).join("python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]);
    pip.arg("--requirement").arg(&requirements);
    programs::run(&mut pip, "pip install")?
        .success()
        .map_err(|problem| format!("the Python packages could not be installed: {problem}"))?;
    folders::write(&stamp, &made_from)?;
    Ok(environment)
}

fn find() -> Option<PathBuf> {
    NAMES
        .iter()
        .filter_map(|name| programs::find(name))
        .find(|python| is_new_enough(python))
}

fn is_new_enough(python: &Path) -> bool {
    let (major, minor) = OLDEST;
    let question = format!("import sys; sys.exit(sys.version_info < ({major}, {minor}))");
    programs::run(
        Command::new(python).args(["-c", &question]),
        "python version",
    )
    .is_ok_and(|finished| finished.status.success())
}

fn programs_of(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts" } else { "bin" })
}
