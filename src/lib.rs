//! One declarative fleet.toml to a whole EC2 fleet of browser workers, as reviewed files.
//!
//! The pipeline is five calls, each of which takes what the one before it made:
//! load, check, resolve, render, write.

pub mod calendar;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod controls;
pub mod cost;
pub mod derive;
pub mod diagnostic;
pub mod fleet;
pub mod graph;
pub mod images;
pub mod load;
pub mod preflight;
pub mod reference;
pub mod render;
pub mod resolve;
pub mod review;
mod terminal;
#[cfg(feature = "comment")]
mod tls;
pub mod write;
