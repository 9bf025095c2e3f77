//! The requests of Image Builder: each is looked up before it is sent, and nothing is made twice.

mod builds;
mod configurations;
mod documents;
mod made;
mod recipes;
mod start;

pub use builds::{Build, amis, builds};
pub use start::ensure_build;
