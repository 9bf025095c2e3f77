//! The local API: a Unix socket on which the runtime takes leases and operators give orders.

pub mod access;
mod activity;
pub mod admission;
mod budget;
pub mod leases;
pub mod peers;
pub mod prometheus;
pub mod responses;
pub mod routes;
mod server;
pub mod sessions;
pub mod status;

pub use server::{Listener, open, run};
