//! The commands.

mod arguments;
mod client;
mod client_arguments;
mod client_run;
mod dev;
mod logging;
mod run;
mod serve;
mod tables;
mod token;

pub use arguments::Arguments;
pub use run::main;
