//! Orders.

#![allow(
    unused_qualifications,
    reason = "utoipa's macro repeats the names of parameters"
)]

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::{Operator, Viewer};
use super::body::{Body, Id, Parameters};
use super::parameters::{PageLimit, QueryText};
use super::problems::{ReadProblems, WriteProblems};
use crate::control::Control;
use crate::orders::{self, Action, FleetOrder, NewOrder};
use crate::problem::{Problem, ProblemBody};

/// What a restart is of.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RestartOf {
    /// The runtime.
    #[default]
    Runtime,
    /// The runtime, AdsPower and the screen.
    Services,
}

/// A restart that is to be ordered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRestart {
    /// What is restarted, the runtime when left out.
    #[serde(default)]
    of: RestartOf,
    /// Why, in 1 to 256 characters.
    #[schema(min_length = 1, max_length = 256, pattern = r"\S")]
    reason: String,
    /// Seconds after which running tasks are aborted. Left out: they may take their time.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 604_800)]
    within_seconds: Option<u32>,
    /// Seconds within which the host has to begin, an hour when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 604_800)]
    expires_seconds: Option<u32>,
}

macro_rules! order_handler {
    ($(#[$doc:meta])* $name:ident, $path:literal, $action:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            tag = "hosts",
            params(("id" = String, Path, description = "The instance's id.", max_length = 128)),
            request_body = NewOrder,
            responses(
                (status = 200, description = "The order stands. What becomes of it, `GET /api/v1/orders/{id}` says.", body = FleetOrder),
                (status = 404, description = "No host has this id.", body = ProblemBody, content_type = "application/problem+json"),
                (status = 409, description = "The host is gone, or its agent does not know the order.", body = ProblemBody, content_type = "application/problem+json"),
                WriteProblems
            ),
            security(("token" = ["operator"]))
        )]
        pub async fn $name(
            State(control): State<Control>,
            Operator(actor): Operator,
            Id(id): Id,
            Body(new): Body<NewOrder>,
        ) -> Result<Json<FleetOrder>, Problem> {
            orders::give(&control, &actor, &id, $action, &new).await.map(Json)
        }
    };
}

order_handler!(
    /// Orders a host to finish its tasks and take no new ones.
    drain, "/api/v1/sandboxes/{id}/drain", Action::Drain
);
order_handler!(
    /// Orders a host to take tasks again.
    resume, "/api/v1/sandboxes/{id}/resume", Action::Resume
);

/// Orders a host to drain, restart, and take tasks again.
#[utoipa::path(
    post,
    path = "/api/v1/sandboxes/{id}/restart",
    tag = "hosts",
    params(("id" = String, Path, description = "The instance's id.", max_length = 128)),
    request_body = NewRestart,
    responses(
        (status = 200, description = "The order stands.", body = FleetOrder),
        (status = 404, description = "No host has this id.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The host is gone, or its agent does not know the order.", body = ProblemBody, content_type = "application/problem+json"),
        WriteProblems
    ),
    security(("token" = ["operator"]))
)]
pub async fn restart(
    State(control): State<Control>,
    Operator(actor): Operator,
    Id(id): Id,
    Body(new): Body<NewRestart>,
) -> Result<Json<FleetOrder>, Problem> {
    let action = match new.of {
        RestartOf::Runtime => Action::RestartRuntime,
        RestartOf::Services => Action::RestartServices,
    };
    let order = NewOrder {
        reason: new.reason,
        within_seconds: new.within_seconds,
        expires_seconds: new.expires_seconds,
    };
    orders::give(&control, &actor, &id, action, &order)
        .await
        .map(Json)
}

/// A hold that is to be ordered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewHold {
    /// Seconds until the host takes tasks again, a week at the most.
    #[schema(minimum = 1, maximum = 604_800)]
    for_seconds: u32,
    /// Why, in 1 to 256 characters.
    #[schema(min_length = 1, max_length = 256, pattern = r"\S")]
    reason: String,
    /// Seconds after which running tasks are aborted. Left out: they may take their time.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 604_800)]
    within_seconds: Option<u32>,
}

/// Orders a host to drain, protects it from scale-in, and lets it take tasks again when the time is over.
#[utoipa::path(
    post,
    path = "/api/v1/sandboxes/{id}/hold",
    tag = "hosts",
    params(("id" = String, Path, description = "The instance's id.", max_length = 128)),
    request_body = NewHold,
    responses(
        (status = 200, description = "The order stands, until its time is over or it is cancelled.", body = FleetOrder),
        (status = 404, description = "No host has this id.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The host is gone, its agent does not know the order, or the server makes no AWS calls.", body = ProblemBody, content_type = "application/problem+json"),
        WriteProblems
    ),
    security(("token" = ["operator"]))
)]
pub async fn hold(
    State(control): State<Control>,
    Operator(actor): Operator,
    Id(id): Id,
    Body(new): Body<NewHold>,
) -> Result<Json<FleetOrder>, Problem> {
    let order = NewOrder {
        reason: new.reason,
        within_seconds: new.within_seconds,
        expires_seconds: Some(new.for_seconds),
    };
    orders::give(&control, &actor, &id, Action::Hold, &order)
        .await
        .map(Json)
}

/// A host that is to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDecommission {
    /// Whether its group replaces it; the group becomes smaller by one otherwise.
    replace: bool,
    /// Why, in 1 to 256 characters.
    #[schema(min_length = 1, max_length = 256, pattern = r"\S")]
    reason: String,
    /// Seconds after which it ends even if it has not drained, an hour when left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 604_800)]
    within_seconds: Option<u32>,
}

/// Orders a host to drain, and terminates it. A host that is silent ends when its time is over.
#[utoipa::path(
    post,
    path = "/api/v1/sandboxes/{id}/decommission",
    tag = "hosts",
    params(("id" = String, Path, description = "The instance's id.", max_length = 128)),
    request_body = NewDecommission,
    responses(
        (status = 200, description = "The order stands, until AWS terminates the host.", body = FleetOrder),
        (status = 404, description = "No host has this id.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The host is gone, or the server makes no AWS calls.", body = ProblemBody, content_type = "application/problem+json"),
        WriteProblems
    ),
    security(("token" = ["operator"]))
)]
pub async fn decommission(
    State(control): State<Control>,
    Operator(actor): Operator,
    Id(id): Id,
    Body(new): Body<NewDecommission>,
) -> Result<Json<FleetOrder>, Problem> {
    let order = NewOrder {
        reason: new.reason,
        within_seconds: new.within_seconds,
        expires_seconds: None,
    };
    orders::give_with(
        &control,
        &actor,
        &id,
        Action::Decommission,
        &order,
        Some(new.replace),
    )
    .await
    .map(Json)
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderParameters {
    /// Those of this host.
    #[param(value_type = Option<String>, max_length = 256)]
    host: Option<QueryText>,
    /// Only those that stand.
    #[serde(default)]
    standing: bool,
    /// At most so many, 100 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    #[serde(default)]
    limit: PageLimit<500>,
}

/// The orders, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/orders",
    tag = "orders",
    params(OrderParameters),
    responses(
        (status = 200, description = "The orders.", body = [FleetOrder]),
        ReadProblems
    ),
    security(("token" = ["viewer"]))
)]
pub async fn orders(
    State(control): State<Control>,
    _: Viewer,
    Parameters(parameters): Parameters<OrderParameters>,
) -> Result<Json<Vec<FleetOrder>>, Problem> {
    let host = parameters.host.as_deref();
    let limit = parameters.limit.entries();
    orders::list(&control.database, host, parameters.standing, limit)
        .await
        .map(Json)
}

/// An order, and what became of it.
#[utoipa::path(
    get,
    path = "/api/v1/orders/{id}",
    tag = "orders",
    params(("id" = String, Path, description = "The order's id.", max_length = 128)),
    responses(
        (status = 200, description = "The order.", body = FleetOrder),
        (status = 404, description = "No order has this id.", body = ProblemBody, content_type = "application/problem+json"),
        ReadProblems
    ),
    security(("token" = ["viewer"]))
)]
pub async fn order(
    State(control): State<Control>,
    _: Viewer,
    Id(id): Id,
) -> Result<Json<FleetOrder>, Problem> {
    orders::get(&control.database, &id).await.map(Json)
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reason {
    /// In 1 to 256 characters.
    pub reason: String,
}

/// Takes an order back. A host that has begun goes on with it.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/cancel",
    tag = "orders",
    params(("id" = String, Path, description = "The order's id.", max_length = 128)),
    request_body = Reason,
    responses(
        (status = 200, description = "The order is not sent any more.", body = FleetOrder),
        (status = 404, description = "No order has this id.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The order has come to its end.", body = ProblemBody, content_type = "application/problem+json"),
        WriteProblems
    ),
    security(("token" = ["operator"]))
)]
pub async fn cancel(
    State(control): State<Control>,
    Operator(actor): Operator,
    Id(id): Id,
    Body(body): Body<Reason>,
) -> Result<Json<FleetOrder>, Problem> {
    orders::cancel(&control.database, &actor, &id, &body.reason)
        .await
        .map(Json)
}
