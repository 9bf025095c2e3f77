//! The commands.

mod arguments;
mod client;
mod client_arguments;
mod client_run;
mod dev;
mod fleet_arguments;
mod fleet_run;
mod fleet_tables;
mod logging;
mod run;
mod serve;
mod tables;
mod token;

pub use arguments::Arguments;
pub use run::main;
