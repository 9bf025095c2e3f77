//! How many tasks wait, from outside the hosts: so that a fleet without a host can grow.

mod hatchet;
mod publish;
mod settings;
mod stats;

pub use hatchet::{Hatchet, HatchetError, MAX_LISTED_WORKERS, WorkerStatus};
pub use publish::{keep_publishing, publish};
pub use settings::{HatchetSettings, QueueSettings};
pub use stats::Queue;
