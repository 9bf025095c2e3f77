//! The commands.

mod arguments;
pub mod client;
pub mod exit;
mod print;
mod program;
pub mod table;

pub use program::main;
