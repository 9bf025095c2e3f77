//! The image as builders make it: on a host that runs, with systemd, journald, rsyslog, sudo, cloud-init and sshd, which
//! is then powered off, and started again as a new instance.
//!
//! The host is a container with the disk of a cloud image, in a network of its own. Packer is Packer itself, with its own
//! provisioners over SSH; AWSTOE's actions are what the test makes of the component. An SSM agent of a few lines goes on
//! writing its log.

mod base;
mod builders;
mod host;
pub mod payload;
mod provisioning;
mod settings;
mod verify;
