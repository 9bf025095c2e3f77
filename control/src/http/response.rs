//! Problems as responses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::caller::RefusedEarly;
use crate::problem::{Problem, ProblemKind};

/// Seconds after which a request may be sent again that met a database that does not answer.
const RETRY_AFTER_SECONDS: u16 = 5;

/// Seconds after which AWS's list has been read anew.
const LISTED_SECONDS: u16 = 15;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self.kind {
            ProblemKind::DatabaseUnavailable
            | ProblemKind::AwsUnavailable
            | ProblemKind::NotLeading
            | ProblemKind::TooManyStreams => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            ProblemKind::InstanceNotListed => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(LISTED_SECONDS));
            }
            ProblemKind::TooManyRequests => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(1));
            }
            ProblemKind::NoToken | ProblemKind::TokenRefused | ProblemKind::WorkerKeyRefused => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        if let Some(refused) = RefusedEarly::of(self.kind) {
            response.extensions_mut().insert(refused);
        }
        response
    }
}
