//! Hosts and sessions.

#![allow(
    unused_qualifications,
    reason = "utoipa's macro repeats the names of parameters"
)]

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::Viewer;
use super::body::{Id, Parameters};
use super::parameters::{PageLimit, QueryText};
use super::problems::ReadProblems;
use crate::control::Control;
use crate::problem::{Problem, ProblemBody};
use crate::registry::{self, Host, HostDetail, HostQuery};
use crate::sessions::{self, Session, SessionQuery};

/// Which hosts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostParameters {
    /// Those of this Auto Scaling group.
    #[param(value_type = Option<String>, max_length = 256)]
    group: Option<QueryText>,
    /// Those in this state.
    #[param(value_type = Option<String>, max_length = 256)]
    state: Option<QueryText>,
    /// Those whose id, zone, type, state or cause has this text.
    #[param(value_type = Option<String>, max_length = 256)]
    search: Option<QueryText>,
    /// Also those that AWS does not have any more.
    #[serde(default)]
    gone: bool,
    /// Those after this id: the last one of the page before.
    #[param(value_type = Option<String>, max_length = 256)]
    after: Option<QueryText>,
    /// At most so many, 100 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    #[serde(default)]
    limit: PageLimit<1000>,
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
        limit: parameters.limit.entries(),
        ..HostQuery::default()
    };
    registry::list(&control.database, &query).await.map(Json)
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

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionParameters {
    /// Those of this host.
    #[param(value_type = Option<String>, max_length = 256)]
    host: Option<QueryText>,
    /// Only those that run.
    #[serde(default)]
    running: bool,
    /// Those that started before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Timestamp>,
    /// At most so many, 100 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    #[serde(default)]
    limit: PageLimit<500>,
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
        limit: parameters.limit.entries(),
    };
    sessions::list(&control.database, &query).await.map(Json)
}
