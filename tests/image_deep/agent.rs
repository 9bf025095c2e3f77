//! The agent under its own unit: a real systemd, D-Bus and polkit, and the image's own users.
//!
//! The image's layers are booted as a container, with the agent, AdsPower and the runtime where the
//! image has places for them. Nothing that the image brings is replaced but its firewall, which the
//! virtual machine shows: a container that shares a network may not set one. What is outside of an
//! instance is the test kit's, on loopback, in a network that the container and the test share and
//! nobody else sees.

mod apart;
mod container;
mod control_group;
mod host;

mod doctor;
mod ends;
mod heals;
mod killed;
mod orders;
mod peers;
mod polkit;
mod secrets;
mod starts;

// What a build of the image takes as well.
pub use apart::{node_program, ran, worker};
pub use control_group::ControlGroups;
