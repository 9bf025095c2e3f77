//! What the host runs for the runtime, and its memory and disk: looked at, restarted, and at last
//! given up together with the host.

mod error;
pub mod health_check;
mod monitor;
pub mod probes;

pub use error::ProbeError;
pub use monitor::{ADSPOWER_TOKEN, Probes, probe_all, run};
