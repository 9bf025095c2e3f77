//! What stands between an image and a machine that starts by itself: a kernel, a boot loader and
//! cloud-init. An instance has them from the image that its own is made of, so they are a layer of
//! their own, above what was verified.

use std::path::{Path, PathBuf};

use crate::base::PackageArchive;
use crate::cache_dir::{self, CacheDir};
use crate::error::BakeError;
use crate::provision;
use crate::step_runner::StepRunner;
use crate::suite::{Distribution, Suite};

/// Installs packages, from the inside.
const SCRIPT: &str = include_str!("machine.sh");

/// What starts a machine of either distribution: the first program to run from the disk's memory,
/// what checks the root file system, and what an instance's first boot is directed by.
const PACKAGES: &[&str] = &[
    "cloud-guest-utils",
    "cloud-init",
    "e2fsprogs",
    "initramfs-tools",
    "locales",
    "netplan.io",
];

/// The kernel for virtual machines, which has the drivers of NVMe disks, and the boot loader.
fn of_the_suite(suite: Suite) -> &'static [&'static str] {
    match (suite.distribution, suite.name) {
        (Distribution::Debian, _) => &["linux-image-cloud-amd64", "systemd-boot-efi"],
        // The boot loader is in systemd's own package there.
        (Distribution::Ubuntu, "jammy") => &["linux-image-virtual"],
        (Distribution::Ubuntu, _) => &["linux-image-virtual", "systemd-boot-efi"],
    }
}

fn packages(suite: Suite) -> Vec<&'static str> {
    let both = PACKAGES.iter().chain(of_the_suite(suite));
    both.copied().collect()
}

/// The layer above an image, from the cache or made.
///
/// # Errors
/// When a package cannot be had.
pub fn layer(
    runner: &mut StepRunner<'_>,
    cache: &CacheDir,
    archive: &PackageArchive,
    image: &[PathBuf],
    (environment, content_key): (&str, &str),
) -> Result<(PathBuf, bool), BakeError> {
    let packages = packages(archive.suite);
    let kind = format!("machine-{environment}");
    let name = layer_name(&kind, content_key, &packages);
    if let Some(made) = cache.find(&name) {
        return Ok((made, true));
    }
    let part = cache.staging()?;
    let sandbox = provision::sandbox(image.to_vec(), part.path(), None);
    let inside = ["bash", "-c", SCRIPT, "machine.sh"].into_iter();
    let mut install = sandbox.command(inside.chain(packages));
    runner.run("machine.sh", &mut install)?;
    let made = cache.publish(&sandbox.changes(), &name)?;
    // It changes with every step of the image, and there is no way back to an earlier one.
    cache.prune(&kind, &name)?;
    Ok((made, false))
}

fn layer_name(kind: &str, content_key: &str, packages: &[&str]) -> String {
    let parts = [content_key, SCRIPT].into_iter();
    cache_dir::key(kind, parts.chain(packages.iter().copied()))
}

/// The newest of what a folder of the layers holds under a beginning, in the topmost that has it:
/// a kernel's file is named by its version.
pub fn newest_file(layers: &[PathBuf], folder: &str, beginning: &str) -> Option<PathBuf> {
    let named = |path: &PathBuf| {
        path.is_file()
            && path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(beginning))
    };
    layers.iter().find_map(|layer| {
        let entries = std::fs::read_dir(layer.join(folder)).ok()?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(named);
        paths.sort();
        paths.pop()
    })
}

/// The version of a kernel by its file's name.
pub fn kernel_version(kernel: &Path) -> String {
    let name = kernel.file_name().unwrap_or_default().to_string_lossy();
    name.trim_start_matches("vmlinuz-").to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::suite;

    #[test]
    fn each_suite_has_a_kernel_for_virtual_machines() {
        for suite in suite::SUITES {
            let packages = packages(*suite);
            let kernels = packages.iter().filter(|it| it.starts_with("linux-image-"));
            assert_eq!(kernels.count(), 1, "{suite:?}");
        }
    }

    #[test]
    fn another_image_is_another_layer() {
        let name = layer_name("machine-x", "image-1", &["a"]);
        assert_eq!(name, layer_name("machine-x", "image-1", &["a"]));
        assert_ne!(name, layer_name("machine-x", "image-2", &["a"]));
        assert_ne!(name, layer_name("machine-x", "image-1", &["a", "b"]));
    }

    #[test]
    fn a_kernel_is_found_in_the_topmost_layer_that_has_one() {
        let whole = tempfile::tempdir().expect("a folder");
        let layers = ["top", "middle", "bottom"].map(|name| whole.path().join(name));
        fs::create_dir_all(layers[0].join("boot")).expect("made");
        fs::write(layers[0].join("boot/config-6.1.0-9"), "").expect("written");
        for file in ["middle/boot/vmlinuz-6.1.0-50", "bottom/boot/vmlinuz-7"] {
            let path = whole.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "").expect("written");
        }
        let found = newest_file(&layers, "boot", "vmlinuz-").expect("there is one");
        assert_eq!(kernel_version(&found), "6.1.0-50");
        assert_eq!(newest_file(&layers, "boot", "initrd.img-"), None);
    }
}
