//! Starts the disk of an image, as EC2 starts an instance: UEFI, an NVMe disk, and a metadata service
//! that says what to do.

mod http_server;
mod metadata;
mod qemu;
mod report;
mod run;
mod timeline;

pub use qemu::{Accelerator, UnknownAccelerator};
pub use report::{BootReport, CloudInit, ScriptResult, Units};
pub use run::{BootOptions, boot, disk_in};
pub use timeline::{ReachedStage, Stage};
