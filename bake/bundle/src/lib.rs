//! The bundle that an image is made from: a tar.gz of the rendered files and of the payload, which are
//! the programs that no package source has. The same input is the same bytes, so the digest names the
//! content.

mod archive;
mod digest;
mod error;
mod payload;

pub use archive::{Bundle, BundleSummary};
pub use error::BundleError;
pub use payload::{CHECKSUMS_FILE, PayloadFile, read_payload};
