//! What can go wrong while an image is made, and how it is reported to the user.

use std::fmt::Display;
use std::io;
use std::path::Path;

/// Who can set it right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The machine lacks a program or a permission.
    Prerequisite,
    /// The command line is wrong.
    Usage,
    /// A file could not be read or written.
    File,
    /// A program that makes the image failed.
    Step,
    /// Somebody stopped it.
    Interrupted,
}

/// Why there is no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {problem}")]
pub struct BakeError {
    pub kind: ErrorKind,
    /// What it is about.
    pub subject: String,
    pub problem: String,
    /// What to do.
    pub help: String,
}

impl BakeError {
    pub fn new(kind: ErrorKind, subject: impl Display, problem: impl Display, help: &str) -> Self {
        Self {
            kind,
            subject: subject.to_string(),
            problem: problem.to_string(),
            help: help.to_owned(),
        }
    }

    /// A file or a folder that could not be read or written.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let subject = path.display().to_string();
        move |error| {
            Self::new(
                ErrorKind::File,
                subject,
                error,
                "choose a folder with room that root may write to, with --out or --cache",
            )
        }
    }

    /// A run that somebody stopped.
    #[must_use]
    pub fn interrupted() -> Self {
        Self::new(
            ErrorKind::Interrupted,
            "interrupted",
            "nothing was left behind",
            "run it again; what was cached before is still there",
        )
    }
}
