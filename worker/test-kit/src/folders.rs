//! Where things are. Nothing outside the repository and cargo's own target folder is named.

use std::fs;
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
    let kit = Path::new(env!("CARGO_MANIFEST_DIR"));
    kit.ancestors().nth(2).unwrap_or(kit)
}

/// The Python scripts that the tests of Terraform and these share.
pub fn scripts() -> PathBuf {
    repository().join("tests/terraform/python")
}

/// Cargo's target folder.
pub fn target() -> &'static Path {
    &TARGET
}

/// A folder of these tests that stays between runs.
pub fn kept(name: &str) -> Result<PathBuf, String> {
    let folder = target().join("worker").join(name);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

pub fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
