//! The drain: the one place that takes orders and decides what becomes of the host's work.

pub mod command;
mod controller;
mod plan;
mod requests;

pub use controller::{ended, run, saved_sources};

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod soak_tests;
