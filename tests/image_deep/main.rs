//! The image as a machine: started under UEFI as EC2 would start it, and looked at from the inside.
//!
//! It needs root, QEMU and the packages that `image boot` names, and takes minutes: no part of
//! `cargo test`, but of `just image-deep`, which writes docs/image-report.md of what it finds.
#![cfg(target_os = "linux")]

mod agent;
mod baked;
mod broken;
mod browser;
mod ended;
mod firewall;
mod live;
mod machine;
mod npm_tree;
mod started;
mod weakened;
mod whole;
