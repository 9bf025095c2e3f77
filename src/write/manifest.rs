//! `MANIFEST.json`: which files a rendering wrote, so that the next one knows its own.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::WriteError;
use super::rendering::Rendering;

/// The manifest's name in the output folder.
pub const MANIFEST: &str = "MANIFEST.json";

/// What a rendering wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the generator that wrote it.
    pub valet_gen: String,
    /// The fleet's name. Renderings of valet-gen before this field was there have none.
    #[serde(default)]
    pub fleet: Option<String>,
    /// Every file's [`digest`] by its path.
    pub files: BTreeMap<String, String>,
}

/// A manifest as it stands in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredManifest {
    pub manifest: Manifest,
    /// Whether `git merge` left its conflict markers in it. Then it holds what both sides wrote.
    pub is_conflicted: bool,
}

impl Manifest {
    /// Reads a folder's manifest; `None` where there is none.
    ///
    /// # Errors
    /// When there is something that is not a manifest, or cannot be read.
    pub fn read(folder: &Path) -> Result<Option<StoredManifest>, WriteError> {
        let path = folder.join(MANIFEST);
        let broken = |problem: String| WriteError::BrokenManifest {
            path: path.clone(),
            problem,
        };
        if path.is_symlink() {
            return Err(broken("it is a symbolic link".to_owned()));
        }
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|error| broken(error.to_string()))?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(WriteError::UnreadableManifest { path, source });
            }
        };
        let mut stored = if has_conflict(&text) {
            StoredManifest {
                manifest: Self::of_both_sides(&text),
                is_conflicted: true,
            }
        } else {
            StoredManifest {
                manifest: Self::parse(&text).map_err(|error| broken(error.to_string()))?,
                is_conflicted: false,
            }
        };
        stored.manifest.files.values_mut().for_each(name_algorithm);
        // What it names is removed when it is orphaned: nothing outside the folder may be named.
        match stored.manifest.files.keys().find(|path| !is_inside(path)) {
            Some(outside) => Err(broken(format!("it names {outside:?}, outside the folder"))),
            None => Ok(Some(stored)),
        }
    }

    /// A newer version may have written what this one does not know: its version is read all the
    /// same, so that the error is about that.
    fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text).or_else(|error| {
            let value: Value = serde_json::from_str(text)?;
            let version = value["valet_gen"].as_str().unwrap_or_default();
            let lenient = Self {
                valet_gen: version.to_owned(),
                ..Self::default()
            };
            if lenient.is_newer() {
                Ok(lenient)
            } else {
                Err(error)
            }
        })
    }

    /// The union of what the sides of a merge wrote. Each entry stands in a line of its own; of
    /// two entries for one path the last counts, and either makes the file known as rendered.
    fn of_both_sides(text: &str) -> Self {
        let mut manifest = Self::default();
        for line in text.lines() {
            let pair = line.trim().trim_end_matches(',');
            let Ok(pair) = serde_json::from_str::<BTreeMap<String, String>>(&format!("{{{pair}}}"))
            else {
                continue;
            };
            for (key, value) in pair {
                match key.as_str() {
                    "valet_gen" => manifest.valet_gen = newer_of(&manifest.valet_gen, &value),
                    "fleet" => manifest.fleet = Some(value),
                    _ => {
                        manifest.files.insert(key, value);
                    }
                }
            }
        }
        manifest
    }

    /// The manifest of a rendering. What the rendering does not cover keeps its old entry.
    #[must_use]
    pub fn of(rendering: &Rendering<'_>, old: Option<&Self>) -> Self {
        let kept = old.into_iter().flat_map(|old| &old.files);
        let mut files: BTreeMap<String, String> = kept
            .filter(|(path, _)| !rendering.scope.covers(path))
            .map(|(path, sum)| (path.clone(), sum.clone()))
            .collect();
        files.extend(
            rendering
                .files()
                .map(|(path, text)| (path.clone(), digest(text.as_bytes()))),
        );
        Self {
            valet_gen: env!("CARGO_PKG_VERSION").to_owned(),
            fleet: Some(rendering.fleet.to_owned()),
            files,
        }
    }

    /// The manifest to write before files that the old one does not know, so that a run that is
    /// interrupted leaves no file that the next one takes for somebody else's. `None` where the
    /// old one knows them all.
    #[must_use]
    pub fn before(fleet: &str, old: Option<&Self>, puts: &[(&str, &str)]) -> Option<Self> {
        let known = old.map(|old| old.files.clone()).unwrap_or_default();
        let mut files = known.clone();
        for (path, text) in puts {
            if !known.contains_key(*path) {
                files.insert((*path).to_owned(), digest(text.as_bytes()));
            }
        }
        (files.len() > known.len()).then(|| Self {
            valet_gen: env!("CARGO_PKG_VERSION").to_owned(),
            fleet: Some(fleet.to_owned()),
            files,
        })
    }

    /// The fleet that the folder holds, where it is not this one.
    #[must_use]
    pub fn other_fleet(&self, fleet: &str) -> Option<&str> {
        self.fleet.as_deref().filter(|held| *held != fleet)
    }

    /// Whether a newer valet-gen wrote it.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        let this = Version::parse(env!("CARGO_PKG_VERSION"));
        matches!((Version::parse(&self.valet_gen), this), (Ok(its), Ok(this)) if its > this)
    }

    /// The manifest as it is written.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Whether lines of a text are the markers that `git merge` leaves around a conflict. A line of
/// JSON begins with none of them.
fn has_conflict(text: &str) -> bool {
    let begins = |marker: &str| text.lines().any(|line| line.starts_with(marker));
    begins("<<<<<<<") && begins(">>>>>>>")
}

fn newer_of(a: &str, b: &str) -> String {
    match (Version::parse(a), Version::parse(b)) {
        (Ok(first), Ok(second)) if first > second => a.to_owned(),
        _ => b.to_owned(),
    }
}

/// Whether a path stays in the folder that it is joined to.
pub fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && path
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && !part.contains('\\'))
}

/// Manifests of before have digests without the algorithm's name.
fn name_algorithm(digest: &mut String) {
    if !digest.contains(':') {
        digest.insert_str(0, ALGORITHM);
    }
}

const ALGORITHM: &str = "sha256:";

/// `sha256:` and the SHA-256 in lower-case hexadecimal digits. With the algorithm's name before
/// it, no secret scanner takes the digest of a file such as `secrets.tf` for a key.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    format!("{ALGORITHM}{}", hex::encode(Sha256::digest(bytes)))
}
