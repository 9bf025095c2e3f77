//! Which hosts there are, and how they are.

mod enrol;
mod hearing;
mod heartbeat;
mod hosts;
mod listing;
mod pulses;
mod release;
mod summary;

pub(crate) use enrol::announce;
pub use enrol::enrol;
pub use hearing::{hear, keep_hearing};
pub(crate) use heartbeat::plain;
pub use heartbeat::take;
pub use hosts::{Host, HostDetail, HostQuery, HostSort, STATES, StateChange, get, list};
pub use pulses::Pulses;
pub use release::{ReleaseTarget, release};
pub use summary::{FleetSummary, StateTotals, summary};
