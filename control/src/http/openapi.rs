//! Every path, and the OpenAPI document that is generated from the same declarations.

use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use valet_protocol::heartbeat_v2;

use super::rate_limit::{self, RateLimits};
use super::{agents, events, fleets, hosts, idempotency, manage, orders, whole};
use crate::control::Control;
use crate::page;
use crate::problem::{Problem, ProblemBody, ProblemKind};

/// The most bytes of a request's body.
pub const MAX_BODY_BYTES: usize = 16 * 1024;
/// The most bytes of a heartbeat: 100 ended sessions and as many tasks with long names.
pub const MAX_HEARTBEAT_BYTES: usize = 128 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "valet-control",
        description = "The control plane of Valet fleets: which hosts there are, how they are, and what they were ordered to do.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemBody))
)]
struct Described;

fn described() -> OpenApiRouter<Control> {
    let agents = OpenApiRouter::new()
        .routes(routes!(agents::heartbeat))
        .layer(DefaultBodyLimit::max(MAX_HEARTBEAT_BYTES));
    let others = OpenApiRouter::new()
        .routes(routes!(agents::enrol))
        .routes(routes!(hosts::list))
        .routes(routes!(hosts::get))
        .routes(routes!(orders::drain))
        .routes(routes!(orders::resume))
        .routes(routes!(orders::restart))
        .routes(routes!(orders::hold))
        .routes(routes!(orders::decommission))
        .routes(routes!(orders::orders))
        .routes(routes!(orders::order))
        .routes(routes!(orders::cancel))
        .routes(routes!(hosts::sessions))
        .routes(routes!(fleets::list))
        .routes(routes!(fleets::set_capacity))
        .routes(routes!(fleets::findings))
        .routes(routes!(events::stream))
        .routes(routes!(manage::release))
        .routes(routes!(manage::list_keys, manage::add_key))
        .routes(routes!(manage::retire_key))
        .routes(routes!(manage::list_tokens, manage::create_token))
        .routes(routes!(manage::revoke_token))
        .routes(routes!(manage::audit_log))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    OpenApiRouter::with_openapi(Described::openapi())
        .merge(agents)
        .merge(others)
}

/// What the server answers.
pub fn router(control: Control) -> Router {
    router_with(control, RateLimits::default())
}

/// The same with other limits of how often somebody may ask.
pub fn router_with(control: Control, limits: RateLimits) -> Router {
    let (router, _) = described().split_for_parts();
    router
        .merge(page::router())
        .route("/api/v1/openapi.json", get(async || Json(document())))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .fallback(async || Problem::from(ProblemKind::PathUnknown).into_response())
        .method_not_allowed_fallback(async || {
            Problem::from(ProblemKind::MethodNotAllowed).into_response()
        })
        .layer(from_fn_with_state(control.clone(), idempotency::repeat))
        .layer(from_fn_with_state(control.clone(), whole::finish))
        .layer(from_fn_with_state(limits, rate_limit::limit))
        .with_state(control)
}

/// Whether the database answers.
async fn ready(State(control): State<Control>) -> Result<&'static str, Problem> {
    let client = control.database.client().await?;
    client.query_one("SELECT 1", &[]).await?;
    Ok("ok\n")
}

/// The OpenAPI document.
///
/// # Panics
///
/// Never: it is made from constants, and a test makes it.
#[must_use]
pub fn document() -> Value {
    let (_, described) = described().split_for_parts();
    let mut document = serde_json::to_value(described).expect("it is JSON");
    let contract = heartbeat_v2::schema();
    let contract = serde_json::to_string(contract.as_value()).expect("it is JSON");
    let contract: Value =
        serde_json::from_str(&contract.replace("#/$defs/", "#/components/schemas/"))
            .expect("it is JSON");
    let schemas = document["components"]["schemas"]
        .as_object_mut()
        .expect("there are schemas");
    for (name, schema) in contract["$defs"].as_object().expect("there are types") {
        schemas.insert(name.clone(), schema.clone());
    }
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "A request that is repeated with the same key within a day is answered as the first one was, and does nothing again.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
    });
    for (path, methods) in document["paths"].as_object_mut().expect("there are paths") {
        if idempotency::is_repeatable(path) {
            let parameters = &mut methods["post"]["parameters"];
            match parameters.as_array_mut() {
                Some(parameters) => parameters.push(key.clone()),
                None => *parameters = json!([key]),
            }
        }
    }
    let bearer = |description: &str| json!({ "type": "http", "scheme": "bearer", "description": description });
    document["components"]["securitySchemes"] = json!({
        "token": bearer("A token of `valet-control token create`. The role that a path needs stands beside it: viewer, operator or admin."),
        "workerKey": bearer("The fleet's key, WORKER_API_KEY."),
        "instanceToken": bearer("What the instance was given when it enrolled."),
    });
    document
}
