//! What follows from fleet.toml, computed in one place.
//!
//! A rule and a resolver often need the same figure: the largest size of the group, the zones of a
//! fleet that names none, the seconds of a lifecycle hook that is left out. Each such figure, name
//! and default is a plain function here, and both call it. So `validate` never accepts a fleet for
//! which `render` writes something else than the rules have looked at.
//!
//! Functions take the tables of [`crate::fleet`] as they are declared, and read only the registries
//! of [`crate::catalog`] and the calendar besides. They are total: a table that breaks a rule gives
//! some value too, because every rule runs over every fleet.
//!
//! One file per subject:

pub mod access;
pub mod alarms;
pub mod control;
pub mod drain;
pub mod egress;
pub mod identity;
pub mod image;
pub mod image_contents;
pub mod instances;
pub mod network;
pub mod payload;
pub mod proxy;
pub mod scaling;
pub mod secrets;
pub mod subnets;
pub mod terraform;
pub mod user_data;
