//! A disk that starts by itself under UEFI, for trying an image out.

mod create;
mod machine;
mod partitions;

pub use create::{Disk, FILE, check_architecture, disk_of_layers, make};
