//! Keys, tokens, releases and the audit log.

#![allow(
    unused_qualifications,
    reason = "utoipa's macro repeats the names of parameters"
)]

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::{Admin, Operator};
use super::body::{Body, Id, Parameters};
use super::parameters::{PageLimit, QueryText};
use super::problems::{ReadProblems, WriteProblems};
use crate::access::{self, ApiToken, NewToken, Role};
use crate::audit::{self, Act, AuditEntry};
use crate::control::Control;
use crate::keys::{self, WorkerKey};
use crate::problem::{Problem, ProblemBody};
use crate::registry::{self, ReleaseTarget};

/// Which rows of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditParameters {
    /// Those that concern this host, order, key or token.
    #[param(value_type = Option<String>, max_length = 256)]
    target: Option<QueryText>,
    /// Those before this row: the last one of the page before.
    before: Option<i64>,
    /// At most so many, 100 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    #[serde(default)]
    limit: PageLimit<500>,
}

/// The audit log, the newest row first.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    params(AuditParameters),
    responses((status = 200, description = "The rows.", body = [AuditEntry]), ReadProblems),
    security(("token" = ["admin"]))
)]
pub async fn audit_log(
    State(control): State<Control>,
    _: Admin,
    Parameters(parameters): Parameters<AuditParameters>,
) -> Result<Json<Vec<AuditEntry>>, Problem> {
    let target = parameters.target.as_deref();
    let limit = parameters.limit.entries();
    let entries = audit::list(&control.database, target, parameters.before, limit).await?;
    Ok(Json(entries))
}

/// A worker key that is to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewKey {
    /// Its value, of at least 32 characters. Left out: the server makes one.
    #[serde(default)]
    value: Option<String>,
    /// Why, in 1 to 256 characters.
    #[schema(min_length = 1, max_length = 256, pattern = r"\S")]
    reason: String,
}

/// A worker key with its value, which is shown once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedKey {
    #[serde(flatten)]
    key: WorkerKey,
    /// For the secret `WORKER_API_KEY`.
    value: String,
}

/// The worker keys, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/worker-keys",
    tag = "keys",
    responses((status = 200, description = "The keys, without their values.", body = [WorkerKey]), ReadProblems),
    security(("token" = ["admin"]))
)]
pub async fn list_keys(
    State(control): State<Control>,
    _: Admin,
) -> Result<Json<Vec<WorkerKey>>, Problem> {
    keys::list(&control.database).await.map(Json)
}

/// Adds a worker key. Those that are valid stay valid.
#[utoipa::path(
    post,
    path = "/api/v1/worker-keys",
    tag = "keys",
    request_body = NewKey,
    responses(
        (status = 200, description = "The key counts from now on.", body = AddedKey),
        (status = 409, description = "The key exists already.", body = ProblemBody, content_type = "application/problem+json"),
        WriteProblems
    ),
    security(("token" = ["admin"]))
)]
pub async fn add_key(
    State(control): State<Control>,
    Admin(actor): Admin,
    Body(new): Body<NewKey>,
) -> Result<Json<AddedKey>, Problem> {
    let act = Act {
        actor: &actor,
        action: "key.add",
        target: "worker-keys",
        reason: &new.reason,
    };
    let work = keys::add(&control.database, new.value.as_deref());
    let (key, value) =
        audit::record_permitted(&control.database, act, Role::Admin, "", work).await?;
    Ok(Json(AddedKey { key, value }))
}

/// A worker key that is to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetiredKey {
    /// Seconds after which it ends, a year at the most. Hosts that enrolled with it stay enrolled.
    #[schema(maximum = 31_536_000)]
    after_seconds: u32,
    /// Why, in 1 to 256 characters.
    #[schema(min_length = 1, max_length = 256, pattern = r"\S")]
    reason: String,
}

/// Ends a worker key after some time.
#[utoipa::path(
    post,
    path = "/api/v1/worker-keys/{id}/retire",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id.", max_length = 128)),
    request_body = RetiredKey,
    responses(
        (status = 200, description = "The key, with its end.", body = WorkerKey),
        (status = 404, description = "No key has this id.", body = ProblemBody, content_type = "application/problem+json"),
        WriteProblems
    ),
    security(("token" = ["admin"]))
)]
pub async fn retire_key(
    State(control): State<Control>,
    Admin(actor): Admin,
    Id(id): Id,
    Body(body): Body<RetiredKey>,
) -> Result<Json<WorkerKey>, Problem> {
    let act = Act {
        actor: &actor,
        action: "key.retire",
        target: &id,
        reason: &body.reason,
    };
    let work = keys::retire(&control.database, &id, body.after_seconds);
    audit::record_permitted(&control.database, act, Role::Admin, "", work)
        .await
        .map(Json)
}

/// A token with its secret, which is shown once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedToken {
    #[serde(flatten)]
    token: ApiToken,
    /// For `Authorization: Bearer`.
    secret: String,
}

/// The API's tokens, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    tag = "tokens",
    responses((status = 200, description = "The tokens, without their secrets.", body = [ApiToken]), ReadProblems),
    security(("token" = ["admin"]))
)]
pub async fn list_tokens(
    State(control): State<Control>,
    _: Admin,
) -> Result<Json<Vec<ApiToken>>, Problem> {
    access::list(&control.database).await.map(Json)
}

/// Makes a token.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    tag = "tokens",
    request_body = NewToken,
    responses((status = 200, description = "The token.", body = CreatedToken), WriteProblems),
    security(("token" = ["admin"]))
)]
pub async fn create_token(
    State(control): State<Control>,
    Admin(actor): Admin,
    Body(new): Body<NewToken>,
) -> Result<Json<CreatedToken>, Problem> {
    let act = Act {
        actor: &actor,
        action: "token.create",
        target: &new.name,
        reason: "",
    };
    let (token, secret) = audit::record(
        &control.database,
        act,
        access::create(&control.database, &new),
    )
    .await?;
    Ok(Json(CreatedToken { token, secret }))
}

/// Ends a token at once.
#[utoipa::path(
    post,
    path = "/api/v1/tokens/{id}/revoke",
    tag = "tokens",
    params(("id" = String, Path, description = "The token's id.", max_length = 128)),
    responses(
        (status = 200, description = "The token.", body = ApiToken),
        (status = 404, description = "No token has this id.", body = ProblemBody, content_type = "application/problem+json"),
        WriteProblems
    ),
    security(("token" = ["admin"]))
)]
pub async fn revoke_token(
    State(control): State<Control>,
    Admin(actor): Admin,
    Id(id): Id,
) -> Result<Json<ApiToken>, Problem> {
    let act = Act {
        actor: &actor,
        action: "token.revoke",
        target: &id,
        reason: "",
    };
    audit::record(
        &control.database,
        act,
        access::revoke(&control.database, &id),
    )
    .await
    .map(Json)
}

/// A release.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    target: ReleaseTarget,
    /// Seconds for which the release counts, 900 when left out; a day at the most.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86_400)]
    seconds: Option<u32>,
    /// Why, in 1 to 256 characters.
    #[schema(min_length = 1, max_length = 256, pattern = r"\S")]
    reason: String,
}

/// A release that counts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    target: ReleaseTarget,
    seconds: u32,
}

/// Lets a host, or the hosts of a group that ran before the server did, enrol.
#[utoipa::path(
    post,
    path = "/api/v1/releases",
    tag = "hosts",
    request_body = Release,
    responses((status = 200, description = "The release counts.", body = Released), WriteProblems),
    security(("token" = ["operator"]))
)]
pub async fn release(
    State(control): State<Control>,
    Operator(actor): Operator,
    Body(body): Body<Release>,
) -> Result<Json<Released>, Problem> {
    let (ReleaseTarget::Host(target) | ReleaseTarget::Group(target)) = &body.target;
    let act = Act {
        actor: &actor,
        action: "release",
        target,
        reason: &body.reason,
    };
    let seconds = body.seconds.unwrap_or(900);
    let work = registry::release(&control, &body.target, seconds);
    audit::record_permitted(&control.database, act, Role::Operator, "", work).await?;
    Ok(Json(Released {
        target: body.target,
        seconds,
    }))
}
