//! What the worker agent is tested against: a fake for everything around an instance.
//!
//! Each is a value with a server behind it, on a loopback port or a socket of its own. It keeps
//! what it was asked, its faults can be set while it runs, and it ends with the value. They need a
//! tokio runtime with more than one thread: the agent, which is waited for, talks to them.

pub mod adspower;
pub mod aws;
pub mod boto3;
pub mod clock;
pub mod granting_agent;
pub mod harness;
pub mod hatchet;
pub mod http;
pub mod identity;
pub mod imds;
pub mod moto;
pub mod node;
pub mod novnc;
pub mod server;
pub mod shared;
pub mod squid;
pub mod systemd;
pub mod tls;
pub mod valet_api;
pub mod wait;
pub mod x_server;

pub use test_support::skip;
