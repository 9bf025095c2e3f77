//! Which hosts there are, and how they are.

mod enrol;
mod hearing;
mod heartbeat;
mod hosts;
mod release;

pub use enrol::enrol;
pub use hearing::{hear, keep_hearing};
pub use heartbeat::take;
pub use hosts::{Host, HostDetail, HostQuery, StateChange, get, list};
pub use release::{ReleaseTarget, release};
