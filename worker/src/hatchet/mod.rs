//! The worker as Hatchet sees it: its labels, whether it is paused, when it leaves, and how many
//! tasks wait.
//!
//! The runtime is the worker; the agent only speaks about it. Nothing here registers, listens or
//! sends heartbeats for it.

mod connection;
mod control;
mod dispatcher;
mod fleet;
mod labels;
pub(crate) mod own_worker;
mod poll_schedule;
mod poller;
mod refresh;
pub(crate) mod rest;
mod settings;
mod silence;
mod token;

pub use connection::run;
