//! Bodies and queries, refused as problems.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::{Problem, ProblemKind};

/// A body in JSON.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = axum::Json::<T>::from_request(request, state).await;
        body.map(|axum::Json(body)| Self(body))
            .map_err(|rejection: JsonRejection| {
                let kind = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    ProblemKind::TooLarge
                } else {
                    ProblemKind::Malformed
                };
                Problem::new(kind, rejection.body_text())
            })
    }
}

/// The query.
pub struct Parameters<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(query)| Self(query))
            .map_err(|rejection: QueryRejection| {
                Problem::new(ProblemKind::Malformed, rejection.body_text())
            })
    }
}

/// An id in the path.
pub struct Id(pub String);

/// The most bytes of an id.
const MAX_ID_BYTES: usize = 128;

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection: PathRejection| {
                Problem::new(ProblemKind::Malformed, rejection.body_text())
            })?;
        if id.is_empty() || id.len() > MAX_ID_BYTES || id.contains('\0') {
            return Err(Problem::new(
                ProblemKind::Malformed,
                "an id has 1 to 128 bytes",
            ));
        }
        Ok(Self(id))
    }
}
