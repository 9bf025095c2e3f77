//! AdsPower's local API: its status, and the browsers that are open.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::server::Server;
use crate::shared::Shared;

/// How the API answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// HTTP 200 that says something is wrong, which is how AdsPower says so.
    Complaining,
    /// The connection is taken and nothing is said.
    Hanging,
}

#[derive(Default)]
struct Service {
    fault: Fault,
    open: usize,
    asked: usize,
}

/// The running API.
pub struct AdsPower {
    server: Arc<Server>,
    service: Shared<Service>,
}

impl AdsPower {
    /// Starts on a free port, with no browser open.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        let service = Shared::<Service>::default();
        let router = Router::new()
            .route("/status", get(status))
            .route("/api/v1/browser/local-active", get(active))
            .with_state(service.clone());
        Ok(Self {
            server: Arc::new(Server::start(router).await?),
            service,
        })
    }

    /// Its server, to be stopped and started again.
    #[must_use]
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// How it answers from now on.
    pub fn set_fault(&self, fault: Fault) {
        self.service.with(|service| service.fault = fault);
    }

    /// How many browsers are open from now on.
    pub fn set_open(&self, browsers: usize) {
        self.service.with(|service| service.open = browsers);
    }

    /// How often its status was asked for.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.service.with(|service| service.asked)
    }
}

async fn status(State(service): State<Shared<Service>>) -> Response {
    let fault = service.with(|service| {
        service.asked += 1;
        service.fault
    });
    match fault {
        Fault::None => Json(json!({ "code": 0, "msg": "success" })).into_response(),
        Fault::Complaining => {
            Json(json!({ "code": -1, "msg": "the service is starting" })).into_response()
        }
        Fault::Hanging => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            Json(json!({})).into_response()
        }
    }
}

async fn active(State(service): State<Shared<Service>>) -> Response {
    let open = service.with(|service| service.open);
    let browsers: Vec<_> = (0..open)
        .map(|number| json!({ "user_id": format!("kit{number}"), "debug_port": "0" }))
        .collect();
    Json(json!({ "code": 0, "msg": "success", "data": { "list": browsers } })).into_response()
}
