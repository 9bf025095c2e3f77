//! The image as a machine: started under UEFI as EC2 would start it, and looked at from the inside.
//!
//! It needs root, QEMU and the packages that `image boot` names, and takes minutes: no part of
//! `cargo test`, but of `just image-deep`, which writes docs/image-report.md of what it finds.
#![cfg(target_os = "linux")]

#[path = "../image_root/baked.rs"]
#[allow(
    dead_code,
    reason = "a part of it is for those who look at the image itself"
)]
mod baked;
#[path = "../support/mod.rs"]
mod support;

mod agent;
mod browser;
mod ended;
mod firewall;
mod machine;
mod started;
mod weakened;

/// Whether the image that the agent is tried in is audited when it is made.
const IS_AUDITED: bool = false;
