//! What a look at a service finds wrong.

use hyper::StatusCode;

use crate::http::HttpError;
use crate::timeout::TimedOut;

/// Why something is not well.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProbeError {
    /// A port, a socket or a folder.
    #[error("{place}: {reason}")]
    Unreachable { place: String, reason: String },
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// AdsPower allows about one request a second, the runtime's included.
    #[error("AdsPower's rate limit was reached")]
    RateLimited,
    #[error("{path} returned {status}")]
    Status {
        path: &'static str,
        status: StatusCode,
    },
    #[error("{path} returned something other than AdsPower's JSON: {reason}")]
    NotAdsPower { path: &'static str, reason: String },
    #[error("{path} returned code {code}: {message}")]
    AdsPowerCode {
        path: &'static str,
        code: i64,
        message: String,
    },
    #[error("{socket} closed the connection: {reason}")]
    Closed { socket: String, reason: String },
    #[error("{socket} returned {byte}, which is not an X11 reply")]
    NotX11 { socket: String, byte: u8 },
    #[error("/proc/meminfo cannot be read: {0}")]
    MemoryUnreadable(String),
    #[error("/proc/meminfo lacks MemTotal or MemAvailable")]
    MemoryUnknown,
    #[error("{0} is on a file system of size 0")]
    EmptyFileSystem(String),
    /// The percentage of something that is in use, and its limit.
    #[error("{percent:.0} % {of} is in use, and {limit} % is the limit")]
    AboveLimit {
        percent: f64,
        of: &'static str,
        limit: u32,
    },
}
