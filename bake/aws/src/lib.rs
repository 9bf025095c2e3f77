//! Machine images on AWS: made by EC2 Image Builder or Packer, promoted, rolled back, and deleted
//! when nothing needs them.
//!
//! AWS is the truth. A bake's id, the names and versions of what it makes, and the tokens of its
//! requests follow from its content, so a bake that was interrupted goes on from any machine. What
//! talks to AWS is in [`sdk`], which only the feature `sdk` builds.

mod bake_id;
pub mod dotenv;
mod error;
mod image_documents;
mod journal;
pub mod leftovers;
pub mod packer_output;
mod progress;
mod request;
pub mod retention;
#[cfg(feature = "sdk")]
pub mod sdk;
pub mod tags;
pub mod verify_report;
mod version;

pub use bake_id::{BakeId, Inputs, digest_hex};
pub use error::{AwsError, ErrorKind};
pub use image_documents::{BuildContext, Filled, ImageBuilderDocuments, fill};
pub use journal::{Entry, Journal, JournalError, Start};
pub use progress::ProgressEvent;
pub use request::{AwsBakeRequest, BakedImage, CheckCounts, ImageKey};
pub use version::semantic_version;
