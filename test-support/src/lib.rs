//! What the tests of every crate of this workspace share.
//!
//! Without features: other programs, the Python environment, the mock of AWS, and how a test is
//! skipped. With `generator`: fleets, what they render to, and the program itself.
#![allow(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a helper of tests fails its test, with what is wrong as the message"
)]

pub mod folders;
pub mod git;
pub mod judges;
pub mod mock_aws;
pub mod pages;
pub mod problem;
pub mod programs;
pub mod python;
pub mod skip;

pub use skip::{is_ci, is_deep, skip, skipped};

#[cfg(all(feature = "generator", unix))]
pub mod cli;
#[cfg(feature = "generator")]
pub mod fields;
#[cfg(feature = "generator")]
pub mod hcl;
#[cfg(feature = "generator")]
pub mod hostile;
#[cfg(all(feature = "generator", target_os = "linux"))]
pub mod image;
#[cfg(feature = "generator")]
pub mod mutated;
#[cfg(all(feature = "generator", unix))]
pub mod output_fixture;
#[cfg(feature = "generator")]
pub mod pipeline;
#[cfg(target_os = "linux")]
pub mod processes;
#[cfg(feature = "generator")]
pub mod snapshot;
#[cfg(feature = "generator")]
pub mod terraform;
#[cfg(all(feature = "generator", unix))]
pub mod verify;
