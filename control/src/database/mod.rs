//! PostgreSQL: connections, and the schema's versions.

mod connect;
mod migrations;
mod time;

pub use connect::{Database, DatabaseError};
pub use migrations::{grant, migrate};
pub use time::{from_database, to_database};
