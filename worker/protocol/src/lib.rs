//! What `valet-gen` and `valet-worker` agree on.
//!
//! `valet-gen` renders it into the image and the infrastructure, `valet-worker` lives by it. Being
//! one crate, neither can name what the other does not know: an alarm on a metric that no agent
//! sends does not compile, and a configuration that the agent would refuse is refused here first.

pub mod config;
pub mod heartbeat;
pub mod heartbeat_v2;
pub mod instance;
pub mod local_api;
pub mod metrics;
pub mod seconds;
pub mod secrets;
pub mod units;

pub use config::Config;
pub use metrics::WorkerMetric;
pub use seconds::Seconds;
