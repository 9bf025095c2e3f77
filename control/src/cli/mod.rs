//! The commands.

mod arguments;
mod dev;
mod logging;
mod run;
mod serve;
mod token;

pub use arguments::Arguments;
pub use run::main;
