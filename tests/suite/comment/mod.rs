//! `--comment github`, against a fake of GitHub's API: one comment, whatever happens at the same time.

mod fake;
pub mod page;
mod posting;
mod refused;
mod workflow;
