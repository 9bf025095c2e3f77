//! What the tests of rendering, writing and the command line share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod cli;
pub mod fields;
#[cfg(unix)]
pub mod folder;
pub mod hcl;
pub mod hostile;
pub mod pipeline;
mod skip;
#[cfg(unix)]
pub mod verify;

pub use skip::skip;
