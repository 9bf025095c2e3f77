//! The commands.

mod arguments;
mod client;
mod client_arguments;
mod client_run;
mod complete;
mod dev;
mod events_run;
mod examples;
#[cfg(feature = "dev-fleet")]
#[path = "dev_fleet.rs"]
mod fleet;
#[cfg(not(feature = "dev-fleet"))]
#[path = "no_dev_fleet.rs"]
mod fleet;
mod fleet_arguments;
mod fleet_run;
mod fleet_tables;
mod logging;
mod numbers;
mod run;
mod serve;
mod stream;
mod tables;
mod token;
mod watch;

pub use arguments::{Arguments, command};
pub use run::main;
#[cfg(feature = "dev-fleet")]
pub(crate) use run::print_line;
