//! `images.lock` in the pipeline: which image each environment launches, and whether fleet.toml still
//! makes it.

mod apply;
mod digest;
mod findings;
mod lock_file;

pub use apply::apply;
pub use digest::{config_sha256, makes_same_image};
pub use findings::{EXPLANATIONS, against_files, against_plan};
pub use lock_file::{LockFile, lock_path};
