//! The reference pages, made from the registries and the types, so that they cannot drift.

mod alarms;
mod controls;
mod diagnostics;
mod language;
mod notice;

pub use diagnostics::{explain, explanations};

/// Every page: its file name and its text.
#[must_use]
pub fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("fleet-toml.md", language::page()),
        ("diagnostics.md", diagnostics::page()),
        ("alarms.md", alarms::page()),
        ("controls.md", controls::page()),
    ]
}
