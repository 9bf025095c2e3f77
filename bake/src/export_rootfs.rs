//! The root file system of an image as one folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache_dir::CacheDir;
use crate::error::BakeError;
use crate::report::Root;
use crate::sandbox;
use crate::step_runner::StepRunner;

/// The shell script that copies layers to a folder: `export_rootfs.sh LAYERS PLACE TARGET`.
pub const EXPORT_ROOTFS: &str = include_str!("export_rootfs.sh");

/// Copies the root file system out of its layers, to its place.
///
/// # Errors
/// When it cannot be copied.
pub fn export_rootfs(
    runner: &mut StepRunner<'_>,
    out: &CacheDir,
    work: &Path,
    layers: &[PathBuf],
) -> Result<Root, BakeError> {
    let part = out.staging()?;
    let whole = part.path().join("root");
    let together = work.join("together");
    fs::create_dir(&together).map_err(BakeError::file(&together))?;
    let mut copy =
        sandbox::isolated_command(false, &["sh", "-c", EXPORT_ROOTFS, "export_rootfs.sh"]);
    copy.arg(sandbox::lowerdir(layers))
        .arg(&together)
        .arg(&whole);
    runner.run("export_rootfs.sh", &mut copy)?;
    let path = out.publish(&whole, "root")?;
    let bytes = size(runner, &path)?;
    Ok(Root { path, bytes })
}

/// Bytes that a folder takes on disk.
///
/// # Errors
/// When they cannot be counted.
pub fn size(runner: &mut StepRunner<'_>, folder: &Path) -> Result<u64, BakeError> {
    let mut measure = Command::new("du");
    measure.args(["--summarize", "--block-size=1"]).arg(folder);
    let (printed, status) = runner.read("du", &mut measure)?;
    let bytes = printed
        .split('\t')
        .next()
        .and_then(|word| word.parse().ok());
    bytes.ok_or_else(|| runner.failed("du", status, &[printed]))
}
