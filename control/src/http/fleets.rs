//! Fleets and what was found in them.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::auth::{Operator, Viewer};
use super::body::{Body, Id};
use super::problems::{ReadProblems, WriteProblems};
use crate::capacity::{self, CapacityChange};
use crate::control::Control;
use crate::problem::{Problem, ProblemBody};
use crate::reaper::{self, OpenFinding};
use crate::reconcile::{self, FleetGroup};

/// The fleets, with their groups as AWS said last.
#[utoipa::path(
    get,
    path = "/api/v1/fleets",
    tag = "fleets",
    responses((status = 200, description = "The fleets.", body = [FleetGroup]), ReadProblems),
    security(("token" = ["viewer"]))
)]
pub async fn list(
    State(control): State<Control>,
    _: Viewer,
) -> Result<Json<Vec<FleetGroup>>, Problem> {
    reconcile::list(&control).await.map(Json)
}

/// What a person should know, the newest first. An entry goes when it is no longer so.
#[utoipa::path(
    get,
    path = "/api/v1/findings",
    tag = "fleets",
    responses((status = 200, description = "What was found.", body = [OpenFinding]), ReadProblems),
    security(("token" = ["viewer"]))
)]
pub async fn findings(
    State(control): State<Control>,
    _: Viewer,
) -> Result<Json<Vec<OpenFinding>>, Problem> {
    reaper::list(&control.database).await.map(Json)
}

/// How many hosts a fleet should have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCapacity {
    /// From the group's minimum to its maximum.
    desired: u32,
    /// Why, in 1 to 256 characters.
    #[schema(min_length = 1, max_length = 256, pattern = r"\S")]
    reason: String,
}

/// Says how many hosts a fleet should have. AWS starts or stops some; scaling may change the number again.
#[utoipa::path(
    post,
    path = "/api/v1/fleets/{id}/capacity",
    tag = "fleets",
    params(("id" = String, Path, description = "The Auto Scaling group's name.", max_length = 255)),
    request_body = NewCapacity,
    responses(
        (status = 200, description = "AWS has taken it.", body = CapacityChange),
        (status = 404, description = "The server has no fleet of this name.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The server makes no AWS calls, or AWS does not show the group.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "AWS does not do it, or did not answer.", body = ProblemBody, content_type = "application/problem+json"),
        WriteProblems
    ),
    security(("token" = ["operator"]))
)]
pub async fn set_capacity(
    State(control): State<Control>,
    Operator(actor): Operator,
    Id(id): Id,
    Body(new): Body<NewCapacity>,
) -> Result<Json<CapacityChange>, Problem> {
    capacity::set(&control, &actor, &id, new.desired, &new.reason)
        .await
        .map(Json)
}
