//! Every text that reaches a rendered file, with a way to set it in a plan.
//!
//! The plan is set and not a fleet.toml: what the rules refuse today they may let pass tomorrow,
//! and rendering is safe whatever they do.

mod field;
mod fixed;
mod free;
mod narrow;
mod plan;
mod set;

pub use field::Field;
pub use fixed::FIXED;
pub use free::FIELDS;
pub use narrow::{COMMANDS, NAMES, RANGES};
pub use plan::plan;
