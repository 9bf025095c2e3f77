//! What the agent knows of its host, without anything that asks or tells somebody: no AWS, no network, no files.
//!
//! [`HostState`] has the facts, and every part of the agent reads all of them. Who writes which, the table in
//! [`StateMut`]'s file says, and the compiler holds it.

mod deadline;
mod drain;
mod group;
mod hatchet;
mod host_state;
mod identity;
mod metrics;
pub mod part;
mod runtime;
mod services;
mod state_mut;
mod tasks;

pub use deadline::{Deadline, SavedDeadline};
pub use drain::{DrainSource, DrainStage, DrainState};
pub use group::Group;
pub use hatchet::{Connection, Hatchet, Queue, UNHEARD};
pub use host_state::HostState;
pub use identity::Identity;
pub use metrics::MetricDelivery;
pub use runtime::{Runtime, RuntimeTarget};
pub use services::{Health, HostFigures, ProbeResult, Service};
pub use state_mut::StateMut;
pub use tasks::{BUCKETS, DurationHistogram, RunningTask, TaskCounters};
