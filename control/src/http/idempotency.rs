//! `Idempotency-Key`: a client that does not know whether its request arrived sends it again with the same key.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::auth;
use super::caller::Caller;
use super::openapi::MAX_BODY_BYTES;
use crate::access::{self, Role};
use crate::control::Control;
use crate::problem::{Problem, ProblemKind};
use crate::tokens;

const HEADER: &str = "idempotency-key";
/// The most characters of a key.
const MAX_KEY_CHARS: usize = 128;
/// The most bytes of a response that is kept.
const MAX_RESPONSE_BYTES: usize = 256 * 1024;

/// The last part of the paths that order something of a host.
const ORDERS: [&str; 5] = ["drain", "resume", "restart", "hold", "decommission"];

/// Whether a path's response may be kept. Those that show a secret are not repeated.
#[must_use]
pub fn is_repeatable(path: &str) -> bool {
    let path = path.strip_prefix("/api/v1/").unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    path == "releases"
        || (path.starts_with("sandboxes/") && ORDERS.contains(&last))
        || (path.starts_with("fleets/") && last == "capacity")
        || (path.starts_with("orders/") && last == "cancel")
}

/// Whose request it is, and which.
struct Asked {
    token: Vec<u8>,
    key: String,
    fingerprint: Vec<u8>,
}

/// Answers a repeated request as the first one was.
pub async fn repeat(State(control): State<Control>, request: Request, next: Next) -> Response {
    let key = request.headers().get(HEADER);
    let token = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|header| header.to_str().ok());
    let (Some(key), Some(token), &Method::POST, true) = (
        key,
        token,
        request.method(),
        is_repeatable(request.uri().path()),
    ) else {
        return next.run(request).await;
    };
    let is_key = |key: &&str| (1..=MAX_KEY_CHARS).contains(&key.len());
    let Some(key) = key.to_str().ok().filter(is_key).map(str::to_owned) else {
        let detail = format!("`Idempotency-Key` has 1 to {MAX_KEY_CHARS} visible characters");
        return Problem::new(ProblemKind::Malformed, detail).into_response();
    };
    let secret = token
        .split_once(' ')
        .map_or(token, |(_, secret)| secret.trim())
        .to_owned();
    // Only those who may give orders have something kept. The others are refused as always.
    let actor = access::authenticate(
        &control.database,
        &secret,
        auth::peer_address(request.extensions()),
    )
    .await;
    let Some(actor) = actor.ok().filter(|actor| actor.role >= Role::Operator) else {
        return next.run(request).await;
    };
    Caller::prove(request.extensions(), &actor);
    let token = tokens::hash(&secret);
    match once(&control, token, key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn once(
    control: &Control,
    token: Vec<u8>,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES)
        .await
        .map_err(|_| Problem::from(ProblemKind::TooLarge))?;
    let text = format!(
        "{} {}\n{}",
        head.method,
        head.uri,
        String::from_utf8_lossy(&body)
    );
    let asked = Asked {
        token,
        key,
        fingerprint: tokens::hash(&text),
    };
    if let Some(response) = asked.former(control).await? {
        return Ok(response);
    }
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    let (head, body) = response.into_parts();
    let body = to_bytes(body, MAX_RESPONSE_BYTES)
        .await
        .map_err(|_| Problem::from(ProblemKind::Internal))?;
    // What may go well the next time is not kept.
    let is_final = head.status.is_success() || matches!(head.status.as_u16(), 404 | 409 | 422);
    asked
        .keep(control, is_final.then_some((head.status, &body[..])))
        .await;
    Ok(Response::from_parts(head, Body::from(body)))
}

impl Asked {
    /// What was answered before; nothing if this is the first time.
    async fn former(&self, control: &Control) -> Result<Option<Response>, Problem> {
        let client = control.database.client().await?;
        let first = client
            .execute(
                "INSERT INTO idempotency (token_hash, key, fingerprint) VALUES ($1, $2, $3)
                 ON CONFLICT (token_hash, key) DO UPDATE
                    SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, made_at = now()
                    WHERE idempotency.made_at < now() - interval '1 day'",
                &[&self.token, &self.key, &self.fingerprint],
            )
            .await?;
        if first == 1 {
            return Ok(None);
        }
        let row = client
            .query_opt(
                "SELECT fingerprint = $3, status, body FROM idempotency WHERE token_hash = $1 AND key = $2",
                &[&self.token, &self.key, &self.fingerprint],
            )
            .await?;
        let Some(row) = row else {
            return Err(Problem::from(ProblemKind::RequestUnderWay));
        };
        if !row.get::<_, bool>(0) {
            return Err(Problem::from(ProblemKind::IdempotencyKeyReused));
        }
        let Some(status) = row.get::<_, Option<i32>>(1) else {
            return Err(Problem::from(ProblemKind::RequestUnderWay));
        };
        let status = StatusCode::from_u16(status as u16).unwrap_or(StatusCode::OK);
        let body: String = row.get::<_, Option<String>>(2).unwrap_or_default();
        let kind = if status.is_success() {
            "application/json"
        } else {
            "application/problem+json"
        };
        let mut response = (status, body).into_response();
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(Some(response))
    }

    /// Keeps what was answered, or lets the request be sent again.
    async fn keep(&self, control: &Control, answer: Option<(StatusCode, &[u8])>) {
        let Ok(client) = control.database.client().await else {
            return;
        };
        let result = match answer {
            Some((status, body)) => {
                let body = String::from_utf8_lossy(body);
                client
                    .execute(
                        "UPDATE idempotency SET status = $3, body = $4 WHERE token_hash = $1 AND key = $2",
                        &[&self.token, &self.key, &i32::from(status.as_u16()), &body],
                    )
                    .await
            }
            None => {
                client
                    .execute(
                        "DELETE FROM idempotency WHERE token_hash = $1 AND key = $2",
                        &[&self.token, &self.key],
                    )
                    .await
            }
        };
        if let Err(error) = result {
            tracing::warn!(%error, "the response to a request with an Idempotency-Key could not be kept");
        }
    }
}
