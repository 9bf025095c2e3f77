//! Which hosts exist: AWS says it, once a minute.

mod groups;
mod keep;
mod presence;
mod round;
mod store;

pub use groups::{FleetGroup, list};
pub use keep::keep_reconciling;
pub use presence::{Presence, presence};
pub use round::reconcile;
