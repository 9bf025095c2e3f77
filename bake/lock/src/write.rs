//! Writing.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use crate::FORMAT_VERSION;
use crate::entry::LockedImage;
use crate::file::ImagesLock;

const HEADER: &str = "\
# The machine images that each environment launches. Written by `valet-gen bake`; do not edit.
# `valet-gen render` turns it into Terraform variables, and `terraform apply` rolls the images out.

";

type ByRegion<'l> = BTreeMap<&'l str, &'l LockedImage>;

#[derive(Serialize)]
struct Document<'l> {
    version: u32,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    image: BTreeMap<&'l str, BTreeMap<&'l str, ByRegion<'l>>>,
}

/// The text of a lock: the same lock is the same text.
///
/// # Panics
/// Never: a lock is plain tables, which have a text.
#[must_use]
pub fn to_text(lock: &ImagesLock) -> String {
    let mut image: BTreeMap<&str, BTreeMap<&str, ByRegion<'_>>> = BTreeMap::new();
    for (key, entry) in &lock.images {
        let by_architecture = image.entry(&key.environment).or_default();
        let by_region = by_architecture.entry(&key.architecture).or_default();
        by_region.insert(&key.region, entry);
    }
    let document = Document {
        version: FORMAT_VERSION,
        image,
    };
    let body = toml::to_string_pretty(&document).expect("plain tables have a text");
    format!("{HEADER}{body}")
}

/// Writes a lock. The file is whole at every moment: either the old one or the new one.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(path: &Path, lock: &ImagesLock) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".images-lock-")
        .tempfile_in(folder)?;
    file.write_all(to_text(lock).as_bytes())?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // It is committed and holds no secret; a temporary file's own mode is 0600.
        let mode = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(mode)?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
