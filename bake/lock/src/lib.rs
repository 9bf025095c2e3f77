//! `images.lock`: which machine image each environment launches, by architecture and region.
//!
//! The file stands beside fleet.toml and is committed. `valet-gen bake` is its only writer, so a new
//! image is a small diff that people review; `valet-gen render` turns it into Terraform variables.

mod entry;
mod file;
mod ids;
mod read;
mod write;

pub use entry::{Builder, ChecksSummary, LockedImage, Status};
pub use file::{ImageKey, ImagesLock};
pub use ids::{AmiId, Commit, InvalidText, Name, Sha256, SnapshotId};
pub use read::{LockError, MAX_LOCK_BYTES, ReadProblem, read};
pub use write::{to_text, write};

/// The file's name, beside fleet.toml.
pub const FILE_NAME: &str = "images.lock";

/// The version of the format that this program reads and writes.
pub const FORMAT_VERSION: u32 = 1;
