//! Notices of the instance's end, by the metadata service.

pub mod parse;
mod poll;
pub mod tracker;

pub use poll::run;
