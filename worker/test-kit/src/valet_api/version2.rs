//! Version 2: enrolment, tokens, sequence numbers, orders and acknowledgements.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use valet_protocol::heartbeat_v2::{
    EndedSession, EnrolmentRequest, EnrolmentResponse, Heartbeat, HeartbeatResponse, Order,
    OrderStatus,
};

use super::Service;
use crate::shared::Shared;

/// Where instances enrol.
pub const ENROL_PATH: &str = "/api/v1/sandboxes/enrol";

/// How long a token counts by its own words.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// The control plane of one instance.
#[derive(Default)]
pub struct Control {
    pub offered: bool,
    /// Keys that are accepted besides the first.
    pub keys: Vec<String>,
    pub order: Option<Order>,
    pub forgets_acknowledgements: bool,
    pub renews: bool,
    /// The token that is accepted.
    pub token: Option<String>,
    /// Every token that was given to this boot.
    given: Vec<String>,
    pub ledger: Ledger,
}

/// What the control plane knows.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub enrolments: Vec<EnrolmentRequest>,
    /// Enrolments that were refused because this boot is enrolled.
    pub conflicts: usize,
    pub heartbeats: Vec<(Instant, Heartbeat)>,
    /// Heartbeats whose number was not above the last.
    pub stale: usize,
    /// How often each session was reported as ended, with what was said last.
    pub ended: BTreeMap<String, (usize, EndedSession)>,
    /// Each order's outcomes, in the order in which they were reported first.
    pub orders: BTreeMap<String, Vec<OrderStatus>>,
    /// Bodies that are not of the contract.
    pub malformed: Vec<String>,
}

pub async fn enrol(
    State(service): State<Shared<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    service.with(|service| {
        if !service.control.offered {
            return StatusCode::NOT_FOUND.into_response();
        }
        if let Some(status) = service.failing {
            service.refused += 1;
            let status = StatusCode::from_u16(status);
            return status
                .unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
                .into_response();
        }
        let shown = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|shown| shown.strip_prefix("Bearer "));
        let control = &mut service.control;
        let accepted = |key: &String| shown == Some(key.as_str());
        if !control.keys.iter().chain([&service.key]).any(accepted) {
            service.unauthorized += 1;
            return StatusCode::UNAUTHORIZED.into_response();
        }
        match serde_json::from_slice(&body) {
            Ok(request) => control.enrol(request),
            Err(error) => {
                control.ledger.malformed.push(error.to_string());
                StatusCode::UNPROCESSABLE_ENTITY.into_response()
            }
        }
    })
}

impl Control {
    fn enrol(&mut self, request: EnrolmentRequest) -> Response {
        let known = self
            .ledger
            .enrolments
            .iter()
            .any(|enrolment| enrolment.boot_id == request.boot_id);
        let proven = request
            .previous_token
            .as_ref()
            .is_some_and(|token| self.given.contains(token));
        if known && !proven {
            self.ledger.conflicts += 1;
            return StatusCode::CONFLICT.into_response();
        }
        self.ledger.enrolments.push(request);
        Json(EnrolmentResponse {
            token: self.new_token(),
            token_expires: Timestamp::now() + TOKEN_LIFE,
            interval_seconds: None,
        })
        .into_response()
    }

    fn new_token(&mut self) -> String {
        let token = format!("instance-t0ken-{}", self.given.len());
        self.given.push(token.clone());
        self.token = Some(token.clone());
        token
    }

    /// A heartbeat, if it is one of version 2.
    pub fn heartbeat(&mut self, shown: Option<&str>, body: &[u8]) -> Option<Response> {
        let body: serde_json::Value = serde_json::from_slice(body).ok()?;
        body.get("version")?;
        if !self.offered {
            return Some(StatusCode::NOT_FOUND.into_response());
        }
        let shown = shown.and_then(|shown| shown.strip_prefix("Bearer "));
        if self.token.is_none() || shown != self.token.as_deref() {
            return Some(StatusCode::UNAUTHORIZED.into_response());
        }
        Some(match serde_json::from_value(body) {
            Ok(heartbeat) => Json(self.take(heartbeat)).into_response(),
            Err(error) => {
                self.ledger.malformed.push(error.to_string());
                StatusCode::UNPROCESSABLE_ENTITY.into_response()
            }
        })
    }

    fn take(&mut self, heartbeat: Heartbeat) -> HeartbeatResponse {
        let last = self.ledger.heartbeats.last();
        let last = last.filter(|(_, last)| last.boot_id == heartbeat.boot_id);
        if last.is_some_and(|(_, last)| heartbeat.seq <= last.seq) {
            self.ledger.stale += 1;
        }
        for ended in &heartbeat.ended {
            let entry = self.ledger.ended.entry(ended.id.clone());
            let entry = entry.or_insert((0, ended.clone()));
            *entry = (entry.0 + 1, ended.clone());
        }
        for status in &heartbeat.orders {
            let statuses = self.ledger.orders.entry(status.id.clone()).or_default();
            if statuses.last() != Some(status) {
                statuses.push(status.clone());
            }
        }
        let acknowledged = if self.forgets_acknowledgements {
            Vec::new()
        } else {
            heartbeat
                .ended
                .iter()
                .map(|ended| ended.id.clone())
                .collect()
        };
        self.ledger.heartbeats.push((Instant::now(), heartbeat));
        let token = std::mem::take(&mut self.renews).then(|| self.new_token());
        HeartbeatResponse {
            order: self.order.clone(),
            acknowledged,
            token_expires: token.as_ref().map(|_| Timestamp::now() + TOKEN_LIFE),
            token,
        }
    }
}
