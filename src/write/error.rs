//! Why nothing, or not everything, was written.

use std::io;
use std::path::PathBuf;

use super::output_dir::Obstacle;

/// Why nothing, or not everything, was written. Only [`WriteError::Io`] can come after the first
/// file was written; with every other one the folder is as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Files are in the way that valet-gen did not write.
    #[error("it exists, and valet-gen did not write it")]
    Foreign(Vec<PathBuf>),

    /// Something is in the way that no file or folder can take the place of.
    #[error("{obstacle}")]
    Blocked { path: PathBuf, obstacle: Obstacle },

    /// The manifest is there and is not one.
    #[error("it is not a manifest of valet-gen: {problem}")]
    BrokenManifest { path: PathBuf, problem: String },

    /// The manifest is there and cannot be read.
    #[error("{source}")]
    UnreadableManifest { path: PathBuf, source: io::Error },

    /// A newer valet-gen wrote the folder.
    #[error("valet-gen {written_by} wrote it, and this is the older valet-gen {this}", this = env!("CARGO_PKG_VERSION"))]
    NewerVersion { path: PathBuf, written_by: String },

    /// The folder holds the rendering of another fleet.
    #[error("it holds the fleet `{holds}`, and this fleet is `{fleet}`")]
    OtherFleet {
        folder: PathBuf,
        holds: String,
        fleet: String,
    },

    /// Whole folders of an earlier rendering would be removed, each an environment or the account.
    #[error("fleet.toml no longer has {}", quoted(.environments))]
    Vanishing {
        folder: PathBuf,
        environments: Vec<String>,
        /// How many files would be removed.
        files: usize,
    },

    /// A rendered file would lie outside the folder, which the rules about names rule out.
    #[error("would lie outside the output folder")]
    Outside(String),

    /// The output folder cannot be made.
    #[error("{source}")]
    Folder { path: PathBuf, source: io::Error },

    /// The disk refused.
    #[error("{source}")]
    Io { path: PathBuf, source: io::Error },
}

impl WriteError {
    /// What the error is about: a path on the disk, or one of the rendering.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Foreign(paths) => paths
                .first()
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
            Self::Outside(path) => format!("{path:?}"),
            Self::Blocked { path, .. }
            | Self::BrokenManifest { path, .. }
            | Self::UnreadableManifest { path, .. }
            | Self::NewerVersion { path, .. }
            | Self::OtherFleet { folder: path, .. }
            | Self::Vanishing { folder: path, .. }
            | Self::Folder { path, .. }
            | Self::Io { path, .. } => path.display().to_string(),
        }
    }
}

fn quoted(environments: &[String]) -> String {
    let names: Vec<String> = environments
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    names.join(", ")
}
