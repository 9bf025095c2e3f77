//! What goes wrong with the metadata service.

use hyper::StatusCode;

use crate::http::HttpError;
use crate::timeout::TimedOut;

/// Why it is not known what the metadata service has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    #[error("it issues no token: {0}")]
    NoToken(StatusCode),
    #[error("its token has characters that an HTTP header cannot carry")]
    InvalidToken,
    #[error("it returned {0}")]
    Status(StatusCode),
    /// What it has at this path.
    #[error("{0} is not UTF-8 text")]
    NotText(String),
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl From<TimedOut> for MetadataError {
    fn from(error: TimedOut) -> Self {
        Self::Http(error.into())
    }
}
