//! Why there is no bundle.

use std::io;
use std::path::PathBuf;

use crate::payload::CHECKSUMS_FILE;

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("{path}: {error}", path = path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{path}, line {line}: this is not `<SHA-256>  <file name>`", path = path.display())]
    BadLine { path: PathBuf, line: usize },
    #[error("{path}: `{name}` is listed twice", path = path.display())]
    ListedTwice { path: PathBuf, name: String },
    #[error("{path}: it has no line in SHA256SUMS, so nothing says that it is the right file", path = path.display())]
    Unlisted { path: PathBuf },
    #[error("{path}: it is not a regular file", path = path.display())]
    NotAFile { path: PathBuf },
    #[error("{path}: its SHA-256 is {found}, and {by} says {expected}", path = path.display())]
    OtherDigest {
        path: PathBuf,
        /// What says which digest it has to have: `SHA256SUMS` or `fleet.toml`.
        by: &'static str,
        expected: String,
        found: String,
    },
    #[error("the bundle cannot be written: {0}")]
    Write(io::Error),
}

impl BundleError {
    /// The same problem, of what was fetched from this address.
    #[must_use]
    pub fn of(self, address: &str) -> Self {
        match self {
            Self::OtherDigest {
                by,
                expected,
                found,
                ..
            } => Self::OtherDigest {
                path: PathBuf::from(address),
                by,
                expected,
                found,
            },
            other => other,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Io { .. } => "name a folder that can be read, with --payload",
            Self::BadLine { .. } | Self::ListedTwice { .. } => {
                "write the file with `sha256sum * >SHA256SUMS` in the payload folder"
            }
            Self::Unlisted { .. } => {
                "add its line to SHA256SUMS, or take the file out of the payload folder"
            }
            Self::NotAFile { .. } => "put the file itself there, not a link or a folder",
            Self::OtherDigest {
                by: CHECKSUMS_FILE, ..
            } => {
                "fetch the file again, and compare its digest with its publisher's; correct SHA256SUMS only if that is it"
            }
            Self::OtherDigest { .. } => {
                "compare the digest with its publisher's; correct fleet.toml only if that is it"
            }
            Self::Write(_) => "choose a place with room",
        }
    }
}
