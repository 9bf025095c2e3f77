//! One comment on a pull request: created once, updated by later runs, never over a newer one.

#[cfg(feature = "comment")]
pub mod github;
mod marker;
#[cfg(feature = "comment")]
pub mod post;
mod text;

pub use marker::{Marker, RunOrder};
pub use text::{MAX_COMMENT_CHARACTERS, MAX_SUMMARY_CHARACTERS, body, summary};
