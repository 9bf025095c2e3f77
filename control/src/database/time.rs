//! Points in time, as jiff and as PostgreSQL have them.

use std::time::SystemTime;

use jiff::Timestamp;

/// For a statement. A time before 1970, which only a broken clock says, is 1970: PostgreSQL does not go back as far as
/// jiff does.
#[must_use]
pub fn to_database(time: Timestamp) -> SystemTime {
    SystemTime::try_from(time.max(Timestamp::UNIX_EPOCH)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// From a row.
#[must_use]
pub fn from_database(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX)
}
