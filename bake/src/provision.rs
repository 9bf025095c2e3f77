//! Provisioning: the rendered steps, run as root in the root file system that becomes the image.

use std::path::{Path, PathBuf};

use crate::cache_dir::{self, CacheDir};
use crate::error::BakeError;
use crate::image_dir::Files;
use crate::sandbox::{IMAGE, Sandbox, Store};
use crate::step_runner::StepRunner;

/// Seconds until provisioning is ended.
const TIMEOUT_SECONDS: u32 = 3600;

/// The step that takes long and depends on little: its result is cached, and everything is run
/// again on top of it.
const PACKAGES: &str = "provision/10-packages.sh";

/// The root file system with its packages, from the cache or made.
///
/// # Errors
/// When the step fails.
pub fn packages(
    runner: &mut StepRunner<'_>,
    cache: &CacheDir,
    suite: &str,
    base: &Path,
    image: &Path,
    files: &Files,
) -> Result<(PathBuf, bool), BakeError> {
    let kind = format!("packages-{suite}");
    let name = layer_name(&kind, base, files);
    if let Some(made) = cache.find(&name) {
        return Ok((made, true));
    }
    let part = cache.staging()?;
    let sandbox = sandbox(vec![base.to_owned()], part.path(), Some(image));
    let step = format!("{IMAGE}/{PACKAGES}");
    let folder = format!("VALET_IMAGE={IMAGE}");
    runner.run(
        PACKAGES,
        &mut sandbox.command(["env", &folder, "bash", &step]),
    )?;
    let made = cache.publish(&sandbox.changes(), &name)?;
    cache.prune(&kind, &name)?;
    Ok((made, false))
}

/// Everything that the packages' step does is in it and in the base.
fn layer_name(kind: &str, base: &Path, files: &Files) -> String {
    let base = base.file_name().unwrap_or_default().to_string_lossy();
    let step = files.get(PACKAGES).map_or("", String::as_str);
    cache_dir::key(kind, [base.as_ref(), step])
}

/// Runs every step, and gives the folder of what they changed. Where programs of the payload may be missing, the image
/// says itself which are.
///
/// # Errors
/// When a step fails.
pub fn everything(
    runner: &mut StepRunner<'_>,
    layers: Vec<PathBuf>,
    scratch: &Path,
    image: &Path,
    without_payload: bool,
) -> Result<PathBuf, BakeError> {
    let sandbox = sandbox(layers, scratch, Some(image));
    let script = format!("{IMAGE}/provision.sh");
    let without = format!("VALET_IMAGE_WITHOUT_PAYLOAD={}", u8::from(without_payload));
    let command = ["env", &without, "bash", &script];
    runner.run("provision.sh", &mut sandbox.command(command))?;
    Ok(sandbox.changes())
}

/// A root file system in which packages can be installed.
pub fn sandbox(layers: Vec<PathBuf>, scratch: &Path, image: Option<&Path>) -> Sandbox {
    Sandbox {
        layers,
        scratch: scratch.to_owned(),
        store: Store::Disk,
        // Packages come from archives.
        has_network: true,
        timeout_seconds: TIMEOUT_SECONDS,
        image: image.map(Path::to_owned),
        out: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_base_or_other_packages_are_another_layer_and_other_steps_are_not() {
        let files = |text: &str, other: &str| {
            let files = [(PACKAGES, text), ("provision/20-users.sh", other)];
            let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
            Files::from(files)
        };
        let name = layer_name(
            "packages",
            Path::new("/cache/base-1"),
            &files("apt", "users"),
        );
        assert_eq!(
            name,
            layer_name(
                "packages",
                Path::new("/other/base-1"),
                &files("apt", "changed")
            )
        );
        assert_ne!(
            name,
            layer_name(
                "packages",
                Path::new("/cache/base-2"),
                &files("apt", "users")
            )
        );
        assert_ne!(
            name,
            layer_name(
                "packages",
                Path::new("/cache/base-1"),
                &files("apt curl", "users")
            )
        );
    }
}
