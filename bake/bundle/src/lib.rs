//! The bundle that an image is made from: a tar.zst of the rendered files and of the payload, which are
//! the programs that no package source has. The same input is the same bytes, so the digest names the
//! content.

mod archive;
mod digest;
mod error;
mod folder;
mod payload;

pub use archive::{Bundle, BundleSummary, unpack};
pub use error::BundleError;
pub use folder::archive_folder;
pub use payload::{CHECKSUMS_FILE, PayloadFile, payload_file, read_payload};
