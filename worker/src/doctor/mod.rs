//! `valet-worker doctor`: every precondition of the host, one by one.

mod checks;
mod finding;
mod metadata;
mod ports;

pub use checks::examine;
pub use finding::{Finding, table};
