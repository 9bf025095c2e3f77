//! What can be wrong with a request, as problem details (RFC 9457) with stable codes.

mod kind;

use std::fmt;

use serde::Serialize;
use tokio_postgres::error::SqlState;
use utoipa::ToSchema;

pub use kind::ProblemKind;

use crate::aws::AwsError;
use crate::leader::LeaseError;

/// Why a request was not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// What is wrong in this case.
    pub detail: String,
}

impl Problem {
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    /// The body of the response.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            r#type: format!("urn:valet:problem:{}", self.kind.code()),
            title: self.kind.title().to_owned(),
            status: self.kind.status(),
            code: self.kind.code().to_owned(),
            detail: self.detail.clone(),
            help: self.kind.help().to_owned(),
        }
    }
}

impl From<ProblemKind> for Problem {
    fn from(kind: ProblemKind) -> Self {
        Self::new(kind, "")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "error[{}]: {}",
            self.kind.code(),
            self.kind.title()
        )?;
        if !self.detail.is_empty() {
            write!(formatter, ": {}", self.detail)?;
        }
        write!(formatter, "\n  = help: {}", self.kind.help())
    }
}

impl std::error::Error for Problem {}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            // 22021: a text has a character, mostly a zero, that a text of the database cannot have.
            Some(database) if database.code() == &SqlState::CHARACTER_NOT_IN_REPERTOIRE => {
                Self::new(
                    ProblemKind::Malformed,
                    "a text has a character that the database does not keep, such as a zero",
                )
            }
            // Classes 08 (connection), 53 (resources), 57 (operator intervention), 25006 (read only): it passes.
            Some(database) if !["08", "53", "57", "25"].contains(&&database.code().code()[..2]) => {
                tracing::error!(
                    code = database.code().code(),
                    message = database.message(),
                    "a statement failed"
                );
                Self::from(ProblemKind::Internal)
            }
            _ => {
                tracing::warn!(%error, "the database does not answer");
                Self::from(ProblemKind::DatabaseUnavailable)
            }
        }
    }
}

impl From<AwsError> for Problem {
    fn from(error: AwsError) -> Self {
        let kind = match &error {
            AwsError::Fenced { .. } => ProblemKind::NotLeading,
            AwsError::Refused { .. } if !error.is_transient() => ProblemKind::AwsRefused,
            AwsError::NoResponse { .. } => ProblemKind::AwsUncertain,
            _ => ProblemKind::AwsUnavailable,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<LeaseError> for Problem {
    fn from(error: LeaseError) -> Self {
        Self::new(ProblemKind::NotLeading, error.to_string())
    }
}

/// Problem details, as `application/problem+json`.
#[derive(Clone, Debug, Serialize, serde::Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:valet:problem:` and the code.
    pub r#type: String,
    /// What is wrong.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable, for programs.
    pub code: String,
    /// What is wrong in this case; may be empty.
    pub detail: String,
    /// What to do.
    pub help: String,
}
