//! Terraform: one root module per environment and one for the account, one file per subject.
//!
//! Everything that only Terraform calls so is here and in `templates/terraform`: addresses, names of
//! resources, and values that its provider takes for "not set". The plan knows none of it.

mod address;
mod context;
mod files;
pub mod helpers;
mod images;
mod instance;
mod module;

pub use context::contexts;
pub use module::{render, templates};
