//! The runtime's side: the npm packages of this repository, installed below the target folder so
//! that the tree stays clean.
//!
//! `npm ci` is run once, and again when a lock file changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use test_support::{folders, programs};

/// Where the packages are in the repository; the runtime's names the client by a relative path.
const CLIENT: &str = "worker/runtime-client";
const RUNTIME: &str = "worker/test-kit/runtime";

/// Written last, so that an installation that was interrupted halfway is made again.
const STAMP: &str = "made-from.txt";

/// The same for what is compiled: the texts that it was compiled from.
const BUILD_STAMP: &str = "built-from.txt";

/// What is made by the packages' own tools and belongs to the copy alone.
const MADE: [&str; 2] = ["node_modules", "dist"];

static INSTALLED: LazyLock<Result<PathBuf, String>> = LazyLock::new(install);

/// Asked once: tests that run at the same time would write to the same log.
static IS_THERE: LazyLock<bool> = LazyLock::new(|| {
    programs::find("npm").is_some() && version().is_some_and(|version| version >= OLDEST)
});

/// The oldest release that both packages run on.
const OLDEST: u32 = 20;

/// The copy of the client's package, compiled.
///
/// # Errors
///
/// When node or npm is missing or too old, or a package cannot be installed; in words.
pub fn runtime_client() -> Result<PathBuf, String> {
    Ok(INSTALLED.clone()?.join(CLIENT))
}

/// The program of the test's runtime, with Hatchet's SDK beside it.
///
/// # Errors
///
/// As [`runtime_client`].
pub fn runtime() -> Result<PathBuf, String> {
    Ok(INSTALLED.clone()?.join(RUNTIME).join("main.js"))
}

/// The program of a worker whose tasks choose where they run, beside that of the test's runtime.
///
/// # Errors
///
/// As [`runtime_client`].
pub fn choosing_runtime() -> Result<PathBuf, String> {
    Ok(INSTALLED.clone()?.join(RUNTIME).join("choosing.js"))
}

/// Whether a node that is new enough, and npm, are on this machine.
#[must_use]
pub fn is_there() -> bool {
    *IS_THERE
}

/// Runs one of a package's scripts, and returns what it printed.
///
/// # Errors
///
/// What it printed, when it failed.
pub fn npm(package: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut npm = Command::new("npm");
    npm.args(arguments).current_dir(package);
    npm.args(["--no-audit", "--no-fund", "--no-update-notifier"]);
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    let log = format!("npm {} {name}", arguments.join(" "));
    programs::run(&mut npm, &log)?.success()
}

fn version() -> Option<u32> {
    let mut node = Command::new("node");
    node.arg("--version");
    let printed = programs::run(&mut node, "node version")
        .ok()?
        .success()
        .ok()?;
    let major = printed.trim().trim_start_matches('v').split('.').next()?;
    major.parse().ok()
}

fn install() -> Result<PathBuf, String> {
    if !is_there() {
        return Err(format!(
            "there is no node {OLDEST} or newer with npm on PATH"
        ));
    }
    let root = folders::target().join("node");
    let (client, runtime) = (root.join(CLIENT), root.join(RUNTIME));
    mirror(&folders::repository().join(CLIENT), &client)?;
    mirror(&folders::repository().join(RUNTIME), &runtime)?;
    let stamp = root.join(STAMP);
    let made_from = [&client, &runtime]
        .iter()
        .map(|package| folders::read(&package.join("package-lock.json")))
        .collect::<Result<String, String>>()?;
    if !folders::read(&stamp).is_ok_and(|old| old == made_from) {
        // No package's own script runs: none of these needs one.
        npm(&client, &["ci", "--ignore-scripts"])?;
        npm(&runtime, &["ci", "--ignore-scripts"])?;
        folders::write(&stamp, &made_from)?;
    }
    let stamp = root.join(BUILD_STAMP);
    let built_from = made_from + &sources(&client)?;
    let is_built = client.join("dist").is_dir();
    if !is_built || !folders::read(&stamp).is_ok_and(|old| old == built_from) {
        npm(&client, &["run", "build"])?;
        folders::write(&stamp, &built_from)?;
    }
    Ok(root)
}

/// The names and texts of all files below a folder, but for what was made.
fn sources(folder: &Path) -> Result<String, String> {
    let problem = |error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(problem)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(problem)?;
    paths.sort();
    let is_source = |path: &&PathBuf| !MADE.iter().any(|made| path.ends_with(made));
    let mut text = String::new();
    for path in paths.iter().filter(is_source) {
        if path.is_dir() {
            text += &sources(path)?;
        } else {
            text += &format!("{}\n{}\n", path.display(), folders::read(path)?);
        }
    }
    Ok(text)
}

/// Copies what is in the tree, and leaves what was made in the copy.
fn mirror(from: &Path, to: &Path) -> Result<(), String> {
    let problem = |error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(problem)?;
    for entry in fs::read_dir(from).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let (path, name) = (entry.path(), entry.file_name());
        if MADE.iter().any(|made| name == *made) {
            continue;
        }
        if path.is_dir() {
            mirror(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name)).map_err(problem)?;
        }
    }
    Ok(())
}
