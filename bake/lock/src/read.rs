//! Reading.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;

use crate::FORMAT_VERSION;
use crate::entry::LockedImage;
use crate::file::{ImageKey, ImagesLock};

/// The largest file that is read, in bytes: 20 environments in 30 regions take a quarter of it.
pub const MAX_LOCK_BYTES: u64 = 2 * 1024 * 1024;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is larger than [`MAX_LOCK_BYTES`].
    #[error("it is larger than {MAX_LOCK_BYTES} bytes")]
    TooLarge,
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
}

/// What is wrong in the text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadProblem {
    pub message: String,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// Whether a newer program wrote the file.
    pub is_newer_format: bool,
}

/// Reads a file's text. `None` where there is no file.
///
/// # Errors
/// When it cannot be read, is too large, or is not UTF-8.
pub fn read(path: &Path) -> Result<Option<String>, LockError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    file.take(MAX_LOCK_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_LOCK_BYTES {
        return Err(LockError::TooLarge);
    }
    let text = String::from_utf8(bytes).map_err(|_| LockError::NotText)?;
    Ok(Some(text))
}

#[derive(Deserialize)]
struct VersionOnly {
    version: toml::Spanned<u32>,
}

type ByRegion = BTreeMap<String, LockedImage>;
type ByArchitecture = BTreeMap<String, ByRegion>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(default)]
    image: BTreeMap<String, ByArchitecture>,
}

impl ImagesLock {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is not TOML, was written in another version of the format, or holds something that no
    /// lock has.
    pub fn parse(text: &str) -> Result<Self, ReadProblem> {
        // The version first: in another format other keys may stand, which are no mistakes.
        let VersionOnly { version } = toml::from_str(text).map_err(|error| problem(&error))?;
        if *version.get_ref() != FORMAT_VERSION {
            let found = version.get_ref();
            return Err(ReadProblem {
                message: format!(
                    "the format's version is {found}, and this program reads version {FORMAT_VERSION}"
                ),
                is_newer_format: *found > FORMAT_VERSION,
                span: version.span(),
            });
        }
        let document: Document = toml::from_str(text).map_err(|error| problem(&error))?;
        let mut images = BTreeMap::new();
        for (environment, by_architecture) in document.image {
            for (architecture, by_region) in by_architecture {
                for (region, image) in by_region {
                    let key = ImageKey {
                        environment: environment.clone(),
                        architecture: architecture.clone(),
                        region,
                    };
                    images.insert(key, image);
                }
            }
        }
        Ok(Self { images })
    }
}

fn problem(error: &toml::de::Error) -> ReadProblem {
    ReadProblem {
        message: error.message().lines().collect::<Vec<_>>().join("; "),
        span: error.span().unwrap_or(0..0),
        is_newer_format: false,
    }
}
