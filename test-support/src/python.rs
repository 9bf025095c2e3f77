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

/// What is installed. Both are in the same environment: the mock of AWS needs the smaller part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Packages {
    /// Those of [`OF_MOCK`], with what they need.
    MockOfAws,
    All,
}

impl Packages {
    /// Written last, so that an environment that was interrupted halfway is made again.
    const fn stamp(self) -> &'static str {
        match self {
            Self::MockOfAws => "made-for-aws.txt",
            Self::All => "made-from.txt",
        }
    }
}

/// The packages that the mock of AWS imports, by the beginnings of their lines.
const OF_MOCK: [&str; 4] = ["moto[server]==", "Flask==", "flask-cors==", "boto3=="];
/// moto's extra with Flask, and with what services need that nobody asks here: 310 MB with it, 135 MB without.
const SERVER: &str = "[server]";

static MOCK: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| make(Packages::MockOfAws));
static ALL: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| make(Packages::All));

/// A command of the environment, such as `python` or `checkov`. The environment is made by the
/// first test that asks, and kept until the pinned packages change.
pub fn command(name: &str) -> Result<Command, Problem> {
    of(&ALL, name)
}

/// The environment's Python with this script.
pub fn script(path: &Path) -> Result<Command, Problem> {
    Ok(with_script(command("python")?, path))
}

/// Makes what the mock of AWS needs, if it is not there yet.
pub fn make_for_mock() -> Result<(), Problem> {
    of(&MOCK, "python").map(drop)
}

/// The same for the mock of AWS, which waits for no other packages.
pub(crate) fn script_of_mock(path: &Path) -> Result<Command, Problem> {
    Ok(with_script(of(&MOCK, "python")?, path))
}

fn of(environment: &Result<PathBuf, String>, name: &str) -> Result<Command, Problem> {
    let environment = environment
        .as_ref()
        .map_err(|why| Problem::Missing(why.clone()))?;
    Ok(Command::new(programs_of(environment).join(name)))
}

fn with_script(mut python: Command, path: &Path) -> Command {
    python.arg(path).env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// What of Python belongs to this crate: the pinned packages, and the mock of AWS.
pub(crate) fn own_folder() -> PathBuf {
    folders::repository().join("test-support/python")
}

fn make(packages: Packages) -> Result<PathBuf, String> {
    let python = find().ok_or_else(|| {
        let (major, minor) = OLDEST;
        format!("there is no Python {major}.{minor} or newer on PATH")
    })?;
    let pinned = folders::read(&own_folder().join("requirements.txt"))?;
    let environment = folders::target().join("python");
    let made_from = format!("{}\n{pinned}", python.display());
    let has = |packages: Packages| {
        let stamp = environment.join(packages.stamp());
        folders::read(&stamp).is_ok_and(|old| old == made_from)
    };
    let is_made = || has(packages) || has(Packages::All);
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
    // Others may use the mock of AWS already: its packages stay as they are.
    if !has(Packages::MockOfAws) {
        let mut venv = Command::new(python);
        venv.args(["-m", "venv", "--clear"]).arg(&environment);
        programs::run(&mut venv, "python venv")?
            .success()
            .map_err(|problem| {
                format!("Python's venv does not work (python3-venv on Debian): {problem}")
            })?;
    }
    install(packages, &pinned, &environment)?;
    folders::write(&environment.join(packages.stamp()), &made_from)?;
    Ok(environment)
}

/// Has pip install the packages in the versions that are pinned.
fn install(packages: Packages, pinned: &str, environment: &Path) -> Result<(), String> {
    let mut pip = Command::new(programs_of(environment).join("python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]);
    match packages {
        Packages::All => {
            pip.arg("--requirement")
                .arg(own_folder().join("requirements.txt"));
        }
        Packages::MockOfAws => {
            // A constraint names no extras.
            let constraints = environment.join("constraints.txt");
            let without_extra = pinned.replace(SERVER, "");
            folders::write(&constraints, &without_extra)?;
            pip.arg("--constraint").arg(constraints);
            pip.args(pinned.lines().filter_map(of_mock));
        }
    }
    programs::run(&mut pip, "pip install")?
        .success()
        .map(|_| ())
        .map_err(|problem| format!("the Python packages could not be installed: {problem}"))
}

/// What pip is asked for by a line of a package that the mock imports.
fn of_mock(line: &str) -> Option<String> {
    let is_of_mock = OF_MOCK.iter().any(|begin| line.starts_with(begin));
    let package = line.split_whitespace().next()?;
    is_of_mock.then(|| package.replace(SERVER, ""))
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
