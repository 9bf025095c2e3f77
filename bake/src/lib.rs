//! Makes a machine image on this machine, with no AWS account: the same files that Packer and EC2
//! Image Builder take, run in a real root file system, and verified before and after.
//!
//! One step per file. The programs of a step run in namespaces of their own ([`sandbox`]), so nothing
//! stays mounted or running, however the process ends. Results are cached by content and appear in
//! their place only when they are whole ([`cache_dir`]).
#![cfg(target_os = "linux")]

mod base;
pub mod boot;
mod cache_dir;
mod disk;
mod error;
mod export_rootfs;
mod image;
mod image_dir;
mod interrupts;
mod prerequisites;
mod provision;
mod report;
mod request;
pub mod sandbox;
pub mod scanners;
mod step_runner;
pub mod suite;
mod verify;

pub use disk::{Disk, check_architecture, disk_of_layers};
pub use error::{BakeError, ErrorKind};
pub use export_rootfs::EXPORT_ROOTFS;
pub use image::bake;
pub use image_dir::{Files, of_environment};
pub use interrupts::Interrupts;
pub use prerequisites::{
    check_machine_for_baking, check_machine_for_booting, check_machine_for_verifying,
};
pub use report::{BakeReport, BeforeAndAfter, Root};
pub use request::BakeRequest;
pub use step_runner::{Event, Step};
pub use verify::{CheckCounts, CheckFormat, verify_root};
