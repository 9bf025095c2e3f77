//! Where things are. Nothing outside the repository and cargo's own target folder is named.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Cargo marks its target folder with this file.
const MARK: &str = "CACHEDIR.TAG";

/// The test that runs is in the target folder, wherever that was put.
static TARGET: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = |folder: &&Path| folder.join(MARK).is_file();
    let target = program.ancestors().skip(1).find(marked);
    target.map_or_else(|| repository().join("target"), Path::to_owned)
});

/// The repository.
pub fn repository() -> &'static Path {
    let support = Path::new(env!("CARGO_MANIFEST_DIR"));
    support.parent().unwrap_or(support)
}

/// The committed rendering of the repository's own fleet.
pub fn generated() -> PathBuf {
    repository().join("generated")
}

/// Cargo's target folder.
pub fn target() -> &'static Path {
    &TARGET
}

/// A folder below the target folder that stays between runs.
pub fn kept(name: &str) -> Result<PathBuf, String> {
    let folder = target().join(name);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// A folder below the target folder that is empty.
pub fn fresh(name: &str) -> Result<PathBuf, String> {
    let folder = target().join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    kept(name)
}

/// Holds this file until it is closed, or the process has ended however that was. Where another process holds it, that
/// is waited for, and said first.
pub fn lock(path: &Path, say_waiting: impl FnOnce()) -> Result<File, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::create(path).map_err(problem)?;
    if file.try_lock().is_err() {
        say_waiting();
        file.lock().map_err(problem)?;
    }
    Ok(file)
}

/// The folders in a folder, in the order of their names.
pub fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut folders: Vec<PathBuf> = entries(folder)?
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    Ok(folders)
}

/// The files in a folder whose names end like this, in the order of their names.
pub fn files_in(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let mut files: Vec<PathBuf> = entries(folder)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    Ok(files)
}

/// Copies the Terraform files of one root module.
pub fn copy_module(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    // What a module reads beside itself is part of it.
    for file in files_in(from, "tf")?
        .into_iter()
        .chain(files_in(from, "json")?)
    {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, to.join(name)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// The text of a file.
pub fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let problem = |error| format!("{}: {error}", folder.display());
    fs::read_dir(folder)
        .map_err(problem)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(problem))
        .collect()
}
