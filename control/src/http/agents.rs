//! What agents call.

use axum::Json;
use axum::extract::State;
use valet_protocol::heartbeat_v2::{
    EnrolmentRequest, EnrolmentResponse, Heartbeat, HeartbeatResponse,
};

use super::auth::Bearer;
use super::body::Body;
use crate::control::Control;
use crate::problem::{Problem, ProblemBody};
use crate::registry;

/// An instance enrols.
#[utoipa::path(
    post,
    path = "/api/v1/sandboxes/enrol",
    tag = "agents",
    request_body = ref("#/components/schemas/EnrolmentRequest"),
    responses(
        (status = 200, description = "The instance is enrolled.", body = ref("#/components/schemas/EnrolmentResponse")),
        (status = 401, description = "The key does not count, or the document is not AWS's or of no fleet.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The boot is enrolled by another agent, or the instance was launched too long ago.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The request is not of the contract.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests; `Retry-After` says how long to wait.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer.", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("workerKey" = []))
)]
pub async fn enrol(
    State(control): State<Control>,
    Bearer(key): Bearer,
    Body(request): Body<EnrolmentRequest>,
) -> Result<Json<EnrolmentResponse>, Problem> {
    registry::enrol(&control, &key, &request).await.map(Json)
}

/// A host says how it is.
#[utoipa::path(
    post,
    path = "/api/v1/sandboxes/heartbeat",
    tag = "agents",
    request_body = ref("#/components/schemas/Heartbeat"),
    responses(
        (status = 200, description = "The order that stands, and what is safe.", body = ref("#/components/schemas/HeartbeatResponse")),
        (status = 401, description = "The token does not count: enrol again.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The heartbeat is not of the contract, or its group is no fleet of this server.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests; `Retry-After` says how long to wait.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer.", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("instanceToken" = []))
)]
pub async fn heartbeat(
    State(control): State<Control>,
    Bearer(token): Bearer,
    Body(heartbeat): Body<Heartbeat>,
) -> Result<Json<HeartbeatResponse>, Problem> {
    registry::take(&control, &token, &heartbeat).await.map(Json)
}
