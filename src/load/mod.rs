//! First stage: the text of a fleet.toml to typed tables, one set per environment.
//!
//! The common way is serde alone. Only when a table does not fit its type is the JSON Schema
//! asked, because it names every violation at once where serde stops at the first.

mod deserialize;
mod loaded;
mod read;
mod schema_codes;
mod schema_errors;
mod schema_examples;
mod schema_messages;
mod syntax;
pub mod tree;

pub use crate::fleet::path::Path;
pub use deserialize::load;
pub use loaded::{DEFAULT_ENVIRONMENT, DiscardedSetting, Environment, Loaded};
pub use read::{MAX_SOURCE_BYTES, ReadError, read, read_standard_input};
pub use schema_codes::EXPLANATIONS as SCHEMA_EXPLANATIONS;
pub use tree::SpannedTree;
