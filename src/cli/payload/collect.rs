//! One file for each program, of the digest that fleet.toml names.

use std::fs;
use std::path::{Path, PathBuf};

use valet_bundle::{PayloadFile, archive_folder, payload_file};

use super::agent::beside_this_program;
use crate::cli::Exit;
use crate::cli::bake_plan::bundle_error;
use crate::cli::exit::{file_error, usage_error};
use crate::derive::payload::{AGENT, PayloadOrigin};
use crate::resolve;
use crate::resolve::Environment;

/// Fetches an object of a bucket to a file: bucket, key, file.
pub type FetchObject<'f> = dyn Fn(&str, &str, &Path) -> Result<(), Exit> + 'f;

/// What may be fetched.
#[derive(Clone, Copy)]
pub enum Fetching<'f> {
    /// Nothing: what is not in the cache is refused.
    Nothing,
    /// What web servers and buckets have.
    #[cfg_attr(
        not(feature = "aws"),
        expect(
            dead_code,
            reason = "a build without the SDK plans and fetches nothing"
        )
    )]
    With(&'f FetchObject<'f>),
}

/// The programs that fleet.toml names, each with its digest verified, in the order of their names. What was fetched is
/// kept in the cache under its digest.
///
/// # Errors
/// When a program cannot be read or fetched, or is not what fleet.toml says.
pub fn collect(
    fleet: &Path,
    environment: &Environment,
    cache: &Path,
    fetching: Fetching<'_>,
) -> Result<Vec<PayloadFile>, Exit> {
    let beside = fleet.parent().unwrap_or(Path::new(""));
    let declared = &environment.image.payload;
    let mut files = Vec::new();
    for (name, file) in declared {
        let expected = file.sha256.as_deref();
        let path = match file.from {
            PayloadOrigin::Path => beside.join(&file.source),
            PayloadOrigin::Https | PayloadOrigin::S3 => fetched(name, file, cache, fetching)?,
        };
        let path = if path.is_dir() {
            archived(name, &path, cache)?
        } else {
            path
        };
        let found = payload_file(&path, name, expected.map(|it| (it, "fleet.toml")));
        files.push(found.map_err(|error| bundle_error(&error))?);
    }
    // A fleet that names no program has no payload; one that names some gets this version's agent.
    if !declared.is_empty() && !declared.contains_key(AGENT) {
        let architecture = environment.instances.architecture.as_str();
        let path = beside_this_program(architecture).ok_or_else(|| {
            usage_error(
                &"image.payload.agent",
                &format!(
                    "fleet.toml names no agent, and none for {architecture} lies beside this program"
                ),
                "unpack a release, which has valet-gen and valet-worker side by side; or name the agent in [image.payload]",
            )
        })?;
        let found = payload_file(&path, AGENT, None);
        files.push(found.map_err(|error| bundle_error(&error))?);
    }
    files.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Exit {
    file_error(
        &path.display(),
        error,
        "choose a writable folder with --out",
    )
}

/// The archive of a folder, in the cache. It is made again each time: what changed in the folder is in it.
fn archived(name: &str, folder: &Path, cache: &Path) -> Result<PathBuf, Exit> {
    fs::create_dir_all(cache).map_err(|error| unwritable(cache, &error))?;
    let path = cache.join(name);
    let file = tempfile::NamedTempFile::new_in(cache).map_err(|error| unwritable(cache, &error))?;
    archive_folder(folder, file.as_file()).map_err(|error| {
        file_error(
            &folder.display(),
            &error,
            "name a folder that can be read in [image.payload]",
        )
    })?;
    file.persist(&path)
        .map_err(|error| unwritable(&path, &error.error))?;
    Ok(path)
}

fn fetched(
    name: &str,
    file: &resolve::PayloadFile,
    cache: &Path,
    fetching: Fetching<'_>,
) -> Result<PathBuf, Exit> {
    let digest = file.sha256.as_deref().unwrap_or("none");
    let path = cache.join(format!("{digest}-{name}"));
    if path.is_file() {
        return Ok(path);
    }
    let Fetching::With(fetch_object) = fetching else {
        return Err(usage_error(
            &file.source,
            &"it is not in the cache, and a plan fetches nothing",
            "run `valet-gen bake` once, which fetches it; or name a folder with --payload",
        ));
    };
    fs::create_dir_all(cache).map_err(|error| unwritable(cache, &error))?;
    let scratch =
        tempfile::NamedTempFile::new_in(cache).map_err(|error| unwritable(cache, &error))?;
    match file.from {
        PayloadOrigin::S3 => {
            let address = file.source.strip_prefix("s3://").unwrap_or(&file.source);
            let (bucket, key) = address.split_once('/').unwrap_or((address, ""));
            fetch_object(bucket, key, scratch.path())?;
        }
        PayloadOrigin::Https => by_https(&file.source, scratch.path())?,
        PayloadOrigin::Path => {}
    }
    // Nothing gets the name of a digest that it does not have.
    payload_file(scratch.path(), name, Some((digest, "fleet.toml")))
        .map_err(|error| bundle_error(&error.of(&file.source)))?;
    scratch
        .persist(&path)
        .map_err(|error| unwritable(&path, &error.error))?;
    Ok(path)
}

#[cfg(feature = "comment")]
fn by_https(address: &str, to: &Path) -> Result<(), Exit> {
    super::https::fetch(address, to).map_err(|problem| {
        file_error(
            &address,
            &problem,
            "check the address and the network; or fetch it yourself, and name the file in [image.payload]",
        )
    })
}

#[cfg(not(feature = "comment"))]
fn by_https(address: &str, _: &Path) -> Result<(), Exit> {
    Err(usage_error(
        &address,
        &"this build of valet-gen speaks no HTTPS",
        "take a released binary, build with the feature `comment`, or fetch it yourself and name the file in [image.payload]",
    ))
}
