//! Why a command that asks AWS has no result.

use std::fmt::Display;

/// What kind of problem it is, which decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line asks for what cannot be done.
    Usage,
    /// A file cannot be read or written.
    File,
    /// A program or a permission of this machine is missing.
    Prerequisite,
    /// It was interrupted before anything was made.
    Interrupted,
    /// It was interrupted, or AWS stopped answering, and goes on with `--resume`.
    Resumable,
    /// The build failed in AWS.
    BuildFailed,
    /// AWS refused a call: credentials, permission, quota, or a request that it does not take.
    Refused,
    /// It would not be safe.
    Unsafe,
    /// Something that was made could not be removed.
    Leftovers,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {problem}")]
pub struct AwsError {
    pub kind: ErrorKind,
    /// What it is about: a call of AWS, a file, a resource.
    pub subject: String,
    pub problem: String,
    /// What to do about it.
    pub help: String,
}

impl AwsError {
    pub fn new(
        kind: ErrorKind,
        subject: impl Display,
        problem: impl Display,
        help: impl Display,
    ) -> Self {
        Self {
            kind,
            subject: subject.to_string(),
            problem: problem.to_string(),
            help: help.to_string(),
        }
    }
}
