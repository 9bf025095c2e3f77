//! The secrets that the host cannot do without: fetched when the agent starts, kept in memory only,
//! and looked at again while it runs.

pub mod core_dumps;
mod distribution;
pub mod environment_file;
mod error;
mod stores;

pub use distribution::{Fetcher, inspect, run};
pub use error::SecretsError;
