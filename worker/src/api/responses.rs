//! How the API answers.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use valet_protocol::local_api::{Refusal, RefusalReason};

/// An answer: whole, or a stream of events.
pub type ApiResponse = Response<BoxBody<Bytes, std::convert::Infallible>>;

/// JSON.
pub fn json<T: Serialize>(status: StatusCode, body: &T) -> ApiResponse {
    // Only a map whose keys are no strings cannot be written, and none of ours is.
    let text = serde_json::to_vec(body).unwrap_or_default();
    whole(status, "application/json", text)
}

/// A text of some kind.
pub fn whole(status: StatusCode, media_type: &'static str, text: impl Into<Bytes>) -> ApiResponse {
    with_body(status, media_type, Full::new(text.into()).boxed())
}

/// Any body.
pub fn with_body(
    status: StatusCode,
    media_type: &'static str,
    body: BoxBody<Bytes, std::convert::Infallible>,
) -> ApiResponse {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    answer.headers_mut().insert(CONTENT_TYPE, media_type);
    answer
}

/// Nothing, and that is right.
#[must_use]
pub fn no_content() -> ApiResponse {
    let mut answer = Response::new(Full::default().boxed());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// No, and why.
pub fn refusal(reason: RefusalReason, message: impl Into<String>) -> ApiResponse {
    let message = message.into();
    let retry_after_seconds = match reason {
        RefusalReason::Draining | RefusalReason::Unhealthy | RefusalReason::Starting => {
            Some(PAUSE_SECONDS)
        }
        RefusalReason::Reassigned => Some(REASSIGNED_SECONDS),
        _ => None,
    };
    let refusal = Refusal {
        reason,
        message,
        retry_after_seconds,
    };
    json(code(reason), &refusal)
}

/// What Hatchet takes to honour a pause: tasks are still sent for one to two seconds. Shorter than
/// `drain.late_assignments_seconds`, so that a drain does not stop a runtime that waits.
const PAUSE_SECONDS: u32 = 2;

/// How long leases are refused after a freeze: a retry that came back at once would be refused again.
const REASSIGNED_SECONDS: u32 = 5;

fn code(reason: RefusalReason) -> StatusCode {
    match reason {
        RefusalReason::Draining
        | RefusalReason::Unhealthy
        | RefusalReason::Starting
        | RefusalReason::Reassigned
        | RefusalReason::NoSlots
        | RefusalReason::NotRegistered
        | RefusalReason::NotResumable => StatusCode::CONFLICT,
        RefusalReason::Malformed => StatusCode::BAD_REQUEST,
        RefusalReason::Forbidden => StatusCode::FORBIDDEN,
        RefusalReason::NotFound => StatusCode::NOT_FOUND,
        RefusalReason::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        RefusalReason::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalReason::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}
