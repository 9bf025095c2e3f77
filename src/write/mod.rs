//! Fifth stage: the rendered files against the disk. The one place that writes.
//!
//! Writing compares first and touches only what differs. Each file arrives by a temporary file and
//! a rename, and the manifest comes last, so an interruption leaves every file whole, either old or
//! new, and the next run finishes the work. Nothing is synced to the disk: git repairs what a power
//! failure breaks.
//!
//! One run writes to a folder at a time; another waits. Below the folder no symbolic link is
//! followed, to write or to remove.

mod compare;
mod error;
mod file;
mod lock;
mod manifest;
mod output_dir;
mod own_files;
mod rendering;
mod unmanaged;
mod update;

pub use compare::{Difference, Drift, DriftEntry, check};
pub use error::WriteError;
pub use manifest::{MANIFEST, Manifest, StoredManifest, digest};
pub use output_dir::Obstacle;
pub use own_files::OwnFiles;
pub use rendering::{Rendering, Scope};
pub use unmanaged::{UnmanagedFiles, unmanaged};
pub use update::{WriteOptions, WriteSummary, write};
