//! `valet-worker`, the agent inside every instance of a fleet.
//!
//! # How the parts meet
//!
//! Every part is one task, `pub async fn run(host: HostFor<part::...>)`, that ends when
//! [`Host::ending`](host::Host::ending) says so. No part calls another. They meet in three places, all on the
//! [`Host`](host::Host):
//!
//! - **State** ([`state::HostState`], in a `watch` channel): what is known of the host. Each fact has one part that
//!   writes it, by [`HostFor::update`](host::HostFor::update), and any number that wait for it, by
//!   [`Host::wait_until`](host::Host::wait_until). A table in [`StateMut`](state::StateMut)'s file says who writes what,
//!   and nothing else compiles: each part is given a handle of its own. Who only reads holds the host as
//!   [`Shared`](host::Shared).
//! - **Commands** ([`drain::command::DrainCommand`], in an `mpsc` channel): what should become different: drain,
//!   resume, this host is unhealthy. Notices, the local API, the Valet API's orders, services that are down and
//!   SIGTERM all send commands; only the drain takes them, so there is one place that decides.
//! - **Secrets** ([`Host::secret`](host::Host::secret)): values that the agent itself uses. They are in memory and
//!   never in the state, which is logged and shown.
//!
//! The lifecycle state of the host ([`State`](valet_protocol::local_api::State)) is a fact like the others.
//! The start and the drain change it, by `transition` of their handles, which logs each change once with its cause.
//!
//! A guard of `watch::Receiver::borrow` never lives in the same expression as a change: the change
//! waits for the guard, and the guard for the expression's end.

pub use valet_host_state as state;

pub mod api;
pub mod aws;
pub mod backoff;
pub mod cli;
pub mod config_file;
pub mod configure;
pub mod doctor;
pub mod drain;
pub mod ended_sessions;
pub mod error;
pub mod freeze;
pub mod group;
pub mod hatchet;
pub mod heal;
pub mod heartbeat;
pub mod host;
pub mod http;
pub mod http_client;
pub mod identity;
pub mod journal;
pub mod logging;
pub mod metadata;
pub mod metrics;
pub mod metrics_port;
pub mod notices;
pub mod passwd;
pub mod persist;
pub mod process;
pub mod restart_limiter;
pub mod runtime;
pub mod secrets;
pub mod services;
pub mod start;
pub mod supervisor;
pub mod systemd;
pub mod text;
pub mod timeout;
pub mod tls_roots;
pub mod watchdog;

#[cfg(test)]
mod documentation;
#[cfg(test)]
mod testing;
