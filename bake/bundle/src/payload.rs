//! The folder of programs that no package source has, each with its digest in `SHA256SUMS`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::digest::HashingStream;
use crate::error::BundleError;

/// The file of digests, as sha256sum writes it.
pub const CHECKSUMS_FILE: &str = "SHA256SUMS";

/// The longest SHA256SUMS that is read, in bytes.
const MAX_CHECKSUMS_BYTES: u64 = 1024 * 1024;

/// A file of the payload whose digest is that of SHA256SUMS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayloadFile {
    pub name: String,
    #[serde(skip)]
    pub path: PathBuf,
    pub bytes: u64,
    /// In lower-case hexadecimal digits.
    pub sha256: String,
}

/// Reads a payload folder and verifies every file in it, sorted by name.
///
/// # Errors
/// When a file cannot be read, is not listed, is not what is listed, or is no regular file.
pub fn read_payload(folder: &Path) -> Result<Vec<PayloadFile>, BundleError> {
    let sums = read_sums(&folder.join(CHECKSUMS_FILE))?;
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let entry = entry.map_err(io_error(folder))?;
        let name = entry.file_name();
        let is_listed = name
            .to_str()
            .is_some_and(|name| name == CHECKSUMS_FILE || sums.contains_key(name));
        if !is_listed {
            return Err(BundleError::Unlisted { path: entry.path() });
        }
    }
    sums.into_iter()
        .map(|(name, expected)| verify(&folder.join(&name), &name, &expected))
        .collect()
}

fn verify(path: &Path, name: &str, expected: &str) -> Result<PayloadFile, BundleError> {
    let metadata = fs::symlink_metadata(path).map_err(io_error(path))?;
    if !metadata.is_file() {
        return Err(BundleError::NotAFile {
            path: path.to_owned(),
        });
    }
    payload_file(path, name, Some((expected, CHECKSUMS_FILE)))
}

/// Measures a file, and holds its digest against what is expected and who says so.
///
/// # Errors
/// When it cannot be read, is no regular file, or has another digest.
pub fn payload_file(
    path: &Path,
    name: &str,
    expected: Option<(&str, &'static str)>,
) -> Result<PayloadFile, BundleError> {
    let path = path.to_owned();
    let metadata = fs::metadata(&path).map_err(io_error(&path))?;
    if !metadata.is_file() {
        return Err(BundleError::NotAFile { path });
    }
    let file = File::open(&path).map_err(io_error(&path))?;
    let mut hashing = HashingStream::new(file);
    io::copy(&mut hashing, &mut io::sink()).map_err(io_error(&path))?;
    let found = hashing.hex();
    match expected {
        Some((expected, by)) if found != expected => Err(BundleError::OtherDigest {
            path,
            by,
            expected: expected.to_owned(),
            found,
        }),
        _ => Ok(PayloadFile {
            name: name.to_owned(),
            path,
            bytes: hashing.bytes,
            sha256: found,
        }),
    }
}

/// Digests by file name. `payload/` in front of a name is left out, as provisioning does.
fn read_sums(path: &Path) -> Result<BTreeMap<String, String>, BundleError> {
    let metadata = fs::metadata(path).map_err(io_error(path))?;
    if metadata.len() > MAX_CHECKSUMS_BYTES {
        let error = io::Error::other(format!("it is larger than {MAX_CHECKSUMS_BYTES} bytes"));
        return Err(io_error(path)(error));
    }
    let text = fs::read_to_string(path).map_err(io_error(path))?;
    let mut sums = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let (digest, name) = parse_line(line).ok_or_else(|| BundleError::BadLine {
            path: path.to_owned(),
            line: index + 1,
        })?;
        if sums.insert(name.to_owned(), digest.to_owned()).is_some() {
            return Err(BundleError::ListedTwice {
                path: path.to_owned(),
                name: name.to_owned(),
            });
        }
    }
    Ok(sums)
}

fn parse_line(line: &str) -> Option<(&str, &str)> {
    let (digest, name) = line.split_once(' ')?;
    let name = name.strip_prefix([' ', '*'])?;
    let name = name.strip_prefix("payload/").unwrap_or(name);
    let is_digest = digest.len() == 64
        && digest
            .bytes()
            .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    // A name stays in the folder, and in the archive.
    let allowed = |it: u8| it.is_ascii_alphanumeric() || b"-_.+".contains(&it);
    let is_name =
        (1..=200).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(allowed);
    (is_digest && is_name).then_some((digest, name))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let path = path.to_owned();
    move |error| BundleError::Io { path, error }
}
