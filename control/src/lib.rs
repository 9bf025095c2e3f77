//! The control plane of Valet fleets.
//!
//! Hosts enrol with AWS's signed identity document, send heartbeats, and are ordered to drain, resume or restart.
//! [`registry`], [`orders`], [`sessions`], [`keys`] and [`audit`] are what the server does; [`http`] and [`cli`] are two
//! ways to ask for it.

pub mod access;
pub mod alerts;
pub mod audit;
pub mod aws;
pub mod capacity;
pub mod cli;
pub mod config;
pub mod control;
pub mod database;
#[cfg(feature = "dev-fleet")]
pub mod dev_fleet;
pub mod events;
pub mod http;
pub mod identity;
pub mod keys;
pub mod leader;
pub mod orders;
pub mod outbound;
pub mod page;
pub mod postgres;
pub mod problem;
pub mod queue;
pub mod ranges;
pub mod reaper;
pub mod reconcile;
pub mod registry;
pub mod sessions;
pub mod tokens;
