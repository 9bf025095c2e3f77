//! images.lock, as promotion reads and writes it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use valet_bake_aws::sdk::Ec2Image;
use valet_bake_aws::{CheckCounts, tags};
use valet_images_lock::{Builder, ChecksSummary, ImageKey, ImagesLock, LockedImage, Status};

use super::inputs::Inputs;
use crate::cli::exit::file_error;
use crate::cli::pipeline::fleet_file;
use crate::cli::{Exit, print};
use crate::fleet;
use crate::images::{LockFile, lock_path};
use crate::resolve::Environment;

/// The lock beside the fleet file, or an empty one.
pub fn read(fleet: &Path) -> Result<ImagesLock, Exit> {
    match LockFile::read(&fleet_file(fleet)) {
        Ok(None) => Ok(ImagesLock::default()),
        Ok(Some(Ok(file))) => Ok(file.lock),
        Ok(Some(Err(_))) => Err(file_error(
            &path(fleet).display(),
            &"it is not what `valet-gen bake` writes",
            "restore it from version control; `valet-gen validate` says where it is wrong",
        )),
        Err(error) => Err(file_error(&error.path, &error.problem, &error.help)),
    }
}

pub fn write(fleet: &Path, lock: &ImagesLock) -> Result<(), Exit> {
    let path = path(fleet);
    valet_images_lock::write(&path, lock)
        .map_err(|error| file_error(&path.display(), &error, "make the folder writable"))
}

pub fn path(fleet: &Path) -> PathBuf {
    lock_path(&fleet_file(fleet))
}

/// What an environment's image in a region is found by.
pub fn key(environment: &Environment, region: &str) -> ImageKey {
    ImageKey {
        environment: environment.identity.environment.clone(),
        architecture: environment.instances.architecture.as_str().to_owned(),
        region: region.to_owned(),
    }
}

/// Whether the environment is read from the lock: fleet.toml says so, or says nothing and has an entry.
pub fn is_used(environment: &Environment, lock: &ImagesLock) -> bool {
    match environment.image.source {
        Some(fleet::ImageSource::Lock) => true,
        Some(fleet::ImageSource::Parameter) => false,
        None => lock
            .images
            .contains_key(&key(environment, &environment.identity.region)),
    }
}

/// The entry of the image that an environment launches, where the lock says it.
pub fn launched<'l>(inputs: &Inputs, lock: &'l ImagesLock, name: &str) -> Option<&'l LockedImage> {
    let environment = inputs.find(name)?;
    lock.images
        .get(&key(environment, &environment.identity.region))
        .filter(|_| is_used(environment, lock))
}

/// The entry of an image, from its tags.
pub fn entry(environment: &Environment, image: &Ec2Image) -> Result<LockedImage, Exit> {
    let checks = CheckCounts::parse_tag(image.tag_value(tags::CHECKS))
        .ok_or_else(|| refuse(image, tags::CHECKS))?;
    let commit = image.tag_value(tags::GIT_COMMIT);
    Ok(LockedImage {
        ami: parsed(image, "id", &image.ami)?,
        name: parsed(image, "name", &image.name)?,
        snapshots: image
            .snapshots
            .iter()
            .map(|it| parsed(image, "snapshot", it))
            .collect::<Result<_, _>>()?,
        source_ami: tag(image, tags::SOURCE_AMI)?,
        bake_id: tag(image, tags::BAKE_ID)?,
        commit: if commit.is_empty() {
            None
        } else {
            Some(tag(image, tags::GIT_COMMIT)?)
        },
        config_sha256: tag(image, tags::CONFIG_DIGEST)?,
        agent_sha256: tag(image, tags::WORKER_SHA256)?,
        bundle_sha256: tag(image, tags::BUNDLE_SHA256)?,
        sbom_sha256: tag(image, tags::SBOM_SHA256)?,
        builder: match environment.image.builder {
            fleet::Builder::ImageBuilder => Builder::ImageBuilder,
            fleet::Builder::Packer => Builder::Packer,
        },
        status: Status::Verified,
        checks: ChecksSummary {
            passed: checks.passed,
            failed: checks.failed,
            skipped: checks.skipped,
        },
        previous: None,
    })
}

fn tag<T: FromStr>(image: &Ec2Image, key: &str) -> Result<T, Exit> {
    parsed(image, key, image.tag_value(key))
}

fn parsed<T: FromStr>(image: &Ec2Image, key: &str, text: &str) -> Result<T, Exit> {
    text.parse().map_err(|_| refuse(image, key))
}

fn refuse(image: &Ec2Image, key: &str) -> Exit {
    print::line_to_stderr(format_args!(
        "error: {} in {}: its {key} is not what a bake writes, so images.lock cannot say what it is\n  help: choose an image that `valet-gen bake` made, with the agent in its payload",
        image.ami, image.region
    ));
    Exit::Unsafe
}
