//! The file beside fleet.toml.

use std::path::{Path, PathBuf};

use valet_images_lock::{FILE_NAME, ImagesLock, ReadProblem};

use super::findings::{invalid, newer_format};
use crate::diagnostic::{DiagnosticReport, SourceText};
use crate::load::ReadError;

/// A lock and its text.
#[derive(Clone, Debug)]
pub struct LockFile {
    pub source: SourceText,
    pub lock: ImagesLock,
}

/// Where the lock of a fleet file is.
#[must_use]
pub fn lock_path(fleet: &Path) -> PathBuf {
    fleet.with_file_name(FILE_NAME)
}

impl LockFile {
    /// The text of the lock beside a fleet file. `None` where there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn source(fleet: &Path) -> Result<Option<SourceText>, ReadError> {
        let path = lock_path(fleet);
        let shown = path.display().to_string();
        let text = valet_images_lock::read(&path).map_err(|error| ReadError {
            path: shown.clone(),
            problem: error.to_string(),
            help: "restore the file from version control".to_owned(),
        })?;
        Ok(text.map(|text| SourceText { path: shown, text }))
    }

    /// Reads the lock beside a fleet file. `None` where there is none.
    ///
    /// # Errors
    /// As [`LockFile::source`].
    pub fn read(fleet: &Path) -> Result<Option<Result<Self, DiagnosticReport>>, ReadError> {
        Ok(Self::source(fleet)?.map(Self::parse))
    }

    /// Reads the text of a lock.
    ///
    /// # Errors
    /// A report where the text is not a lock that this program reads.
    pub fn parse(source: SourceText) -> Result<Self, DiagnosticReport> {
        match ImagesLock::parse(&source.text) {
            Ok(lock) => Ok(Self { source, lock }),
            Err(ReadProblem {
                message,
                span,
                is_newer_format,
            }) => {
                let diagnostic = if is_newer_format {
                    newer_format(message, span)
                } else {
                    invalid(&message, span)
                };
                Err(DiagnosticReport::new(source, vec![diagnostic]))
            }
        }
    }
}
