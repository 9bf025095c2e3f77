//! `MANIFEST.json`: which files a rendering wrote, so that the next one knows its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Scope, WriteError};
use crate::render::FileSet;

/// The manifest's name in the output folder.
pub const MANIFEST: &str = "MANIFEST.json";

/// What a rendering wrote.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the generator that wrote it.
    pub valet_gen: String,
    /// The SHA-256 of every file in lower-case hexadecimal digits, by its path.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads a folder's manifest; `None` where there is none.
    ///
    /// # Errors
    /// When there is something that is not a manifest.
    pub fn read(folder: &Path) -> Result<Option<Self>, WriteError> {
        let path = folder.join(MANIFEST);
        let broken = |problem: String| WriteError::BrokenManifest {
            path: path.clone(),
            problem,
        };
        if path.is_symlink() {
            return Err(broken("it is a symbolic link".to_owned()));
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken(error.to_string())),
        };
        let manifest: Self =
            serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        // What it names is removed when it is orphaned: nothing outside the folder may be named.
        match manifest.files.keys().find(|path| !is_inside(path)) {
            Some(outside) => Err(broken(format!("it names {outside:?}, outside the folder"))),
            None => Ok(Some(manifest)),
        }
    }

    /// The manifest of a rendering. What the rendering does not cover keeps its old entry.
    #[must_use]
    pub fn of(files: &FileSet, old: Option<&Self>, scope: Scope<'_>) -> Self {
        let kept = old.into_iter().flat_map(|old| &old.files);
        let mut entries: BTreeMap<String, String> = kept
            .filter(|(path, _)| !scope.covers(path))
            .map(|(path, sum)| (path.clone(), sum.clone()))
            .collect();
        let rendered = files.iter().filter(|(path, _)| scope.covers(path));
        entries.extend(rendered.map(|(path, text)| (path.clone(), digest(text.as_bytes()))));
        Self {
            valet_gen: env!("CARGO_PKG_VERSION").to_owned(),
            files: entries,
        }
    }

    /// The manifest to write before files that the old one does not know, so that a run that is
    /// interrupted leaves no file that the next one takes for somebody else's. `None` where the
    /// old one knows them all.
    #[must_use]
    pub fn before(old: Option<&Self>, puts: &[(&str, &str)]) -> Option<Self> {
        let known = old.map(|old| old.files.clone()).unwrap_or_default();
        let mut files = known.clone();
        for (path, text) in puts {
            if !known.contains_key(*path) {
                files.insert((*path).to_owned(), digest(text.as_bytes()));
            }
        }
        (files.len() > known.len()).then(|| Self {
            valet_gen: env!("CARGO_PKG_VERSION").to_owned(),
            files,
        })
    }

    /// The manifest as it is written.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Whether a path stays in the folder that it is joined to.
pub fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && path
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && !part.contains('\\'))
}

/// The SHA-256 in lower-case hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
