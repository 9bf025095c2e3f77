//! The one replica that acts on AWS.

mod lead;
mod lease;
mod settings;

pub use lead::{Leadership, keep_leading};
pub use lease::{Lease, LeaseError};
pub use settings::LeaderSettings;
