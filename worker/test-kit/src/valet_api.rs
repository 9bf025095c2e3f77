//! The Valet API, as far as the agent calls it: heartbeats by version 1 of the contract, and enrolment and
//! heartbeats by version 2 once it is told to offer that.
//!
//! No public server of either version exists: how it answers is from the contract's own documentation in
//! `valet_protocol::heartbeat` and `valet_protocol::heartbeat_v2`. AWS's signature is not verified here.

mod version2;

use std::io;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use valet_protocol::heartbeat_v2::Order;

use crate::server::Server;
use crate::shared::Shared;
pub use version2::Ledger;

/// Where heartbeats go.
pub const PATH: &str = "/api/v1/sandboxes/heartbeat";

/// One heartbeat that was accepted.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    pub body: Value,
    pub at: Instant,
}

struct Service {
    key: String,
    /// What every heartbeat is answered.
    answer: Value,
    /// A status instead of an answer.
    failing: Option<u16>,
    heartbeats: Vec<Heartbeat>,
    unauthorized: usize,
    refused: usize,
    control: version2::Control,
}

/// The running API.
pub struct ValetApi {
    server: Server,
    service: Shared<Service>,
}

impl ValetApi {
    /// Starts on a free port, and accepts heartbeats with this key.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start(key: &str) -> io::Result<Self> {
        let service = Shared::new(Service {
            key: key.to_owned(),
            answer: json!({}),
            failing: None,
            heartbeats: Vec::new(),
            unauthorized: 0,
            refused: 0,
            control: version2::Control::default(),
        });
        let router = Router::new()
            .route(PATH, post(heartbeat))
            .route(version2::ENROL_PATH, post(version2::enrol))
            .with_state(service.clone());
        Ok(Self {
            server: Server::start(router).await?,
            service,
        })
    }

    /// Where heartbeats are posted to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.server.url())
    }

    /// The server, to be cut, stopped and started again.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What heartbeats are answered from now on.
    pub fn set_answer(&self, answer: Value) {
        self.service.with(|service| service.answer = answer);
    }

    /// Answers every heartbeat with this status, or well again.
    pub fn set_failing(&self, status: Option<u16>) {
        self.service.with(|service| service.failing = status);
    }

    /// Accepts another key from now on, and no longer the old one.
    pub fn set_key(&self, key: &str) {
        self.service.with(|service| service.key = key.to_owned());
    }

    /// Every heartbeat that was accepted.
    #[must_use]
    pub fn heartbeats(&self) -> Vec<Heartbeat> {
        self.service.with(|service| service.heartbeats.clone())
    }

    /// How many heartbeats were accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.service.with(|service| service.heartbeats.len())
    }

    /// How many came without the right key.
    #[must_use]
    pub fn unauthorized(&self) -> usize {
        self.service.with(|service| service.unauthorized)
    }

    /// How many were refused because the API was failing.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.service.with(|service| service.refused)
    }
}

impl ValetApi {
    /// Offers version 2 of the contract, or takes it back as a release that is rolled back does.
    pub fn offer_version_2(&self, offered: bool) {
        self.service
            .with(|service| service.control.offered = offered);
    }

    /// Accepts this key besides, as while a key is rotated.
    pub fn accept_key_too(&self, key: &str) {
        self.service
            .with(|service| service.control.keys.push(key.to_owned()));
    }

    /// Sends this order with every response from now on, or none.
    pub fn set_order(&self, order: Option<Order>) {
        self.service.with(|service| service.control.order = order);
    }

    /// Whether ended sessions are acknowledged.
    pub fn set_acknowledging(&self, acknowledges: bool) {
        self.service
            .with(|service| service.control.forgets_acknowledgements = !acknowledges);
    }

    /// Gives a new token with the next response, and accepts only that one afterwards.
    pub fn renew_token(&self) {
        self.service.with(|service| service.control.renews = true);
    }

    /// Accepts no token any more, as when all of them have ended.
    pub fn expire_tokens(&self) {
        self.service.with(|service| service.control.token = None);
    }

    /// What it knows by version 2.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.service.with(|service| service.control.ledger.clone())
    }
}

async fn heartbeat(
    State(service): State<Shared<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    service.with(|service| {
        if let Some(status) = service.failing {
            service.refused += 1;
            return StatusCode::from_u16(status)
                .unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
                .into_response();
        }
        let shown = headers.get("authorization");
        let shown = shown.and_then(|value| value.to_str().ok());
        if let Some(response) = service.control.heartbeat(shown, &body) {
            return response;
        }
        if shown != Some(&format!("Bearer {}", service.key)) {
            service.unauthorized += 1;
            return StatusCode::UNAUTHORIZED.into_response();
        }
        match serde_json::from_slice(&body) {
            Ok(body) => {
                let at = Instant::now();
                service.heartbeats.push(Heartbeat { body, at });
                Json(service.answer.clone()).into_response()
            }
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    })
}
