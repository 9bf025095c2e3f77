//! The API over HTTP: thin handlers over the functions of the registry.

mod agents;
mod auth;
mod body;
mod fleets;
mod hosts;
mod idempotency;
mod manage;
mod metrics;
mod openapi;
mod orders;
mod problems;
mod rate_limit;
mod response;
mod serve;

pub use auth::peer_address;
pub use body::Id;
pub use metrics::metrics_router;
pub use openapi::{document, router};
pub use serve::{Limits, serve};
