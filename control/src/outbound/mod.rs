//! Requests to other servers: AWS and Hatchet.

mod address;
mod boot_clock;
mod send;

pub use address::{Address, AddressError};
pub use boot_clock::BootTime;
pub use send::{Outbound, OutboundResponse, Request, SendError};
