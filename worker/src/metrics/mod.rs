//! The metrics that the agent sends to CloudWatch.

mod buffer;
mod collect;
mod reporter;
mod send;

pub use reporter::run;
