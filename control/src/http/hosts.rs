//! Hosts, sessions and orders.

#![allow(
    unused_qualifications,
    reason = "utoipa's macro repeats the names of parameters"
)]

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::{Operator, Viewer};
use super::body::{Body, Id, Parameters};
use super::problems::{ReadProblems, WriteProblems};
use crate::control::Control;
use crate::orders::{self, Action, FleetOrder, NewOrder};
use crate::problem::{Problem, ProblemBody, ProblemKind};
use crate::registry::{self, Host, HostDetail, HostQuery};
use crate::sessions::{self, Session, SessionQuery};

/// The hosts of a page.
const PAGE: i64 = 100;

/// Which hosts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostParameters {
    /// Those of this Auto Scaling group.
    group: Option<String>,
    /// Those in this state.
    state: Option<String>,
    /// Those whose id, zone, type, state or cause has this text.
    search: Option<String>,
    /// Also those that AWS does not have any more.
    #[serde(default)]
    gone: bool,
    /// Those after this id: the last one of the page before.
    after: Option<String>,
    /// At most so many, 100 when left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// The hosts, by id.
#[utoipa::path(
    get,
    path = "/api/v1/sandboxes",
    tag = "hosts",
    params(HostParameters),
    responses(
        (status = 200, description = "The hosts.", body = [Host]),
        ReadProblems
    ),
    security(("token" = ["viewer"]))
)]
pub async fn list(
    State(control): State<Control>,
    _: Viewer,
    Parameters(parameters): Parameters<HostParameters>,
) -> Result<Json<Vec<Host>>, Problem> {
    let query = HostQuery {
        group: parameters.group.as_deref(),
        state: parameters.state.as_deref(),
        search: parameters.search.as_deref(),
        gone: parameters.gone,
        after: parameters.after.as_deref(),
        limit: parameters.limit.unwrap_or(PAGE),
        ..HostQuery::default()
    };
    for text in [query.group, query.state, query.search, query.after]
        .into_iter()
        .flatten()
    {
        check_text(text)?;
    }
    registry::list(&control.database, &query).await.map(Json)
}

/// PostgreSQL has no text with a zero in it, and nothing that is searched for is long.
fn check_text(text: &str) -> Result<(), Problem> {
    if text.len() > 256 || text.contains('\0') {
        return Err(Problem::new(
            ProblemKind::Malformed,
            "a parameter has 256 bytes at the most",
        ));
    }
    Ok(())
}

/// A host with its history.
#[utoipa::path(
    get,
    path = "/api/v1/sandboxes/{id}",
    tag = "hosts",
    params(("id" = String, Path, description = "The instance's id.", max_length = 128)),
    responses(
        (status = 200, description = "The host.", body = HostDetail),
        (status = 404, description = "No host has this id.", body = ProblemBody, content_type = "application/problem+json"),
        ReadProblems
    ),
    security(("token" = ["viewer"]))
)]
pub async fn get(
    State(control): State<Control>,
    _: Viewer,
    Id(id): Id,
) -> Result<Json<HostDetail>, Problem> {
    registry::get(&control.database, &id).await.map(Json)
}

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
    reason: String,
    /// Seconds after which running tasks are aborted. Left out: they may take their time.
    #[serde(default)]
    within_seconds: Option<u32>,
    /// Seconds within which the host has to begin, an hour when left out.
    #[serde(default)]
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
            orders::give(&control.database, &actor, &id, $action, &new).await.map(Json)
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
    orders::give(&control.database, &actor, &id, action, &order)
        .await
        .map(Json)
}

/// Which orders.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderParameters {
    /// Those of this host.
    host: Option<String>,
    /// Only those that stand.
    #[serde(default)]
    standing: bool,
    /// At most so many, 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
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
    host.map_or(Ok(()), check_text)?;
    let limit = parameters.limit.unwrap_or(PAGE);
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

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionParameters {
    /// Those of this host.
    host: Option<String>,
    /// Only those that run.
    #[serde(default)]
    running: bool,
    /// Those that started before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Timestamp>,
    /// At most so many, 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// The sessions, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "sessions",
    params(SessionParameters),
    responses(
        (status = 200, description = "The sessions.", body = [Session]),
        ReadProblems
    ),
    security(("token" = ["viewer"]))
)]
pub async fn sessions(
    State(control): State<Control>,
    _: Viewer,
    Parameters(parameters): Parameters<SessionParameters>,
) -> Result<Json<Vec<Session>>, Problem> {
    let query = SessionQuery {
        instance: parameters.host.as_deref(),
        running: parameters.running,
        before: parameters.before,
        limit: parameters.limit.unwrap_or(PAGE),
    };
    query.instance.map_or(Ok(()), check_text)?;
    sessions::list(&control.database, &query).await.map(Json)
}
