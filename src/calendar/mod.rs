//! Recurrences and time zones, as the rules and the cost estimate both read them.
//!
//! The time zones are those of the program, never the machine's: the same file comes to the same
//! on every machine.

pub mod cron;
pub mod time_zone;
pub mod zone_names;
