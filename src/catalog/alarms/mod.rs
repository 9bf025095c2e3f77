//! Every alarm that a fleet has without saying so.
//!
//! One entry gives the Terraform resource, its place on the dashboard, its section in the
//! runbooks and its row in docs/alarms.md.

mod group;
mod host;
mod registry;
mod work;

pub use super::alarm::{Alarm, AlarmAction, Condition, Query, Threshold};
pub use registry::{QUEUE_SATURATED, STOPS_REFRESH, all, find};
