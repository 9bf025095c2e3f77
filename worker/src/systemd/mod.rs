//! systemd, over D-Bus.

mod client;
mod error;
mod interfaces;
mod unit;
mod unit_spool;

pub use client::Systemd;
pub use error::SystemdError;
pub use unit::{Unit, UnitAction};
