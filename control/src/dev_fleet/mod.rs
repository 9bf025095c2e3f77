//! A fleet for `valet-control dev --hosts`: real agents around the fakes of their own tests, in a group of a mock of AWS.

mod group;
mod host;
mod needs;
mod play;
mod work;

pub use needs::{DevFleetError, check};
pub use play::{DevFleet, Stage};
