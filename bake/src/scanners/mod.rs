//! What other programs find in an image: openscap with the CIS benchmarks, lynis, and systemd.

mod exposure;
mod lynis;
pub mod openscap;
mod runner;
mod scan;

pub use exposure::Exposure;
pub use scan::{Benchmark, LynisIndices, RuleCounts, ScanReport, ScanRequest, Subject, scan};
