//! What changes something is not left half done, and what was tried in vain stands in the audit log.

use std::panic::resume_unwind;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::caller::{Caller, RefusedEarly};
use crate::access::Actor;
use crate::audit::{self, Act};
use crate::control::Control;
use crate::problem::{Problem, ProblemKind};

/// Paths of agents, which have no audit log and of which there are many each second.
const OF_AGENTS: [&str; 2] = ["/api/v1/sandboxes/heartbeat", "/api/v1/sandboxes/enrol"];

/// Lets a request that changes something come to its end although its client has gone: what was intended would stand in the
/// audit log without what became of it otherwise.
pub async fn finish(State(control): State<Control>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || OF_AGENTS.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let finished = tokio::spawn(async move {
        let path = request.uri().path().to_owned();
        let caller = request
            .extensions()
            .get::<Caller>()
            .cloned()
            .unwrap_or_default();
        let response = next.run(request).await;
        let refused = response.extensions().get::<RefusedEarly>().copied();
        if let (Some(actor), Some(refused)) = (caller.actor(), refused) {
            note_refused(&control, actor, &path, refused).await;
        }
        response
    });
    match finished.await {
        Ok(response) => response,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_) => Problem::from(ProblemKind::Internal).into_response(),
    }
}

/// Writes down that somebody's request was refused before anything was intended. Not what was wrong with it: that may be a
/// secret in the wrong place.
async fn note_refused(control: &Control, actor: &Actor, path: &str, refused: RefusedEarly) {
    let RefusedEarly(code) = refused;
    let target = format!("POST {path}");
    let act = Act {
        actor,
        action: "http.refused",
        target: &target,
        reason: "",
    };
    if let Err(problem) = audit::note(&control.database, act, "refused", code).await {
        tracing::error!(%problem, "a refused request could not be written to the audit log");
    }
}
