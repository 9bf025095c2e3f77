//! The API over HTTP: thin handlers over the functions of the registry.

mod agents;
mod auth;
mod body;
mod caller;
mod events;
mod fleets;
mod hosts;
mod idempotency;
mod manage;
mod metrics;
mod openapi;
mod orders;
mod parameters;
mod problems;
mod rate_limit;
mod response;
mod serve;
mod timed_body;
mod timed_stream;
mod whole;

pub use auth::peer_address;
pub use body::Id;
pub use caller::{Caller, NobodySignedIn, RefusedEarly};
pub use events::respond as respond_with_events;
pub use metrics::{METRICS_LIMITS, metrics_router};
pub use openapi::{document, router, router_with};
pub use rate_limit::RateLimits;
pub use serve::{Limits, serve};
