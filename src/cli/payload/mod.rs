//! The programs of the image, collected from where `[image.payload]` says they are.

mod agent;
mod collect;
#[cfg(feature = "comment")]
mod https;

pub use collect::{Fetching, collect};
