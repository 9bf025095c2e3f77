//! Provisioning: the rendered steps, run as root in the root file system that becomes the image.

use std::path::{Path, PathBuf};

use crate::cache_dir::{self, CacheDir};
use crate::error::BakeError;
use crate::image_dir::Files;
use crate::sandbox::{IMAGE, Sandbox, Store};
use crate::step_runner::StepRunner;

/// Seconds until provisioning is ended.
const TIMEOUT_SECONDS: u32 = 3600;

/// The steps that take long and depend on little: their result is cached, and everything is run
/// again on top of it. The first one is there where fleet.toml has package sources of its own.
const PACKAGES: [&str; 2] = ["provision/05-fleet-sources.sh", "provision/10-packages.sh"];

/// What they read besides themselves.
const PACKAGE_INPUTS: [&str; 2] = ["fleet/apt/", "fleet/certificates/"];

/// The root file system with its packages, from the cache or made.
///
/// # Errors
/// When a step fails.
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
    let folder = format!("VALET_IMAGE={IMAGE}");
    for step in PACKAGES.iter().filter(|step| files.contains_key(**step)) {
        let path = format!("{IMAGE}/{step}");
        runner.run(step, &mut sandbox.command(["env", &folder, "bash", &path]))?;
    }
    let made = cache.publish(&sandbox.changes(), &name)?;
    cache.prune(&kind, &name)?;
    Ok((made, false))
}

/// Everything that the packages' steps do is in it and in the base.
fn layer_name(kind: &str, base: &Path, files: &Files) -> String {
    let base = base.file_name().unwrap_or_default().to_string_lossy();
    let mut parts = vec![base.as_ref()];
    let step = files.get(PACKAGES[1]).map_or("", String::as_str);
    parts.push(step);
    for (path, text) in files {
        let is_input = PACKAGE_INPUTS.iter().any(|folder| path.starts_with(folder));
        if is_input || path == PACKAGES[0] {
            parts.extend([path.as_str(), text.as_str()]);
        }
    }
    cache_dir::key(kind, parts)
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
            let files = [(PACKAGES[1], text), ("provision/20-users.sh", other)];
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

    #[test]
    fn other_sources_of_packages_are_another_layer() {
        let files = |sources: &[(&str, &str)]| {
            let files = sources.iter().chain(&[(PACKAGES[1], "apt")]);
            let files = files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
            files.collect::<Files>()
        };
        let name = |sources: &[(&str, &str)]| {
            layer_name("packages", Path::new("/cache/base-1"), &files(sources))
        };
        let none = name(&[]);
        let one = name(&[("fleet/apt/a.asc", "key"), (PACKAGES[0], "add a")]);
        let other = name(&[("fleet/apt/a.asc", "other"), (PACKAGES[0], "add a")]);
        assert_ne!(none, one);
        assert_ne!(one, other);
        assert_eq!(
            none,
            name(&[("fleet/files/etc/x", "y"), ("fleet/steps/001-x", "z")])
        );
    }
}
