//! Heartbeats to the Valet API.

mod client;
mod message;
mod negotiation;
mod orders;
mod saved;
mod schedule;
mod version1;
mod version2;

pub use negotiation::run;
