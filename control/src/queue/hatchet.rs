//! Hatchet's REST API, as far as the control plane asks it.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::{HatchetSettings, Queue};
use crate::outbound::{Address, Outbound, Request};

/// The most workers of a page of Hatchet's list. Older engines give all that they heard within a day.
pub const MAX_LISTED_WORKERS: usize = 1000;
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Hatchet gives a worker up that has not been heard for so long.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// A tenant of Hatchet.
pub struct Hatchet {
    outbound: Outbound,
    address: Address,
    tenant: String,
    bearer: HeaderValue,
}

/// Why Hatchet says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HatchetError {
    #[error("Hatchet's token: {0}")]
    Token(String),
    #[error("Hatchet: {0}")]
    NoAnswer(String),
    #[error("Hatchet answers {0}")]
    Status(u16),
    #[error("Hatchet's response cannot be read: {0}")]
    Unreadable(String),
}

/// How Hatchet sees a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerStatus {
    /// It was heard lately, paused or not.
    Active,
    Inactive,
    /// There is none of this id, or nothing is said of it.
    None,
}

/// What a token says by itself. Nothing is verified: it goes to whom it names, who does.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    server_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Worker {
    status: Option<String>,
    last_heartbeat_at: Option<Timestamp>,
}

impl Worker {
    /// How it is at this time by Hatchet's clock; nothing where Hatchet does not say.
    fn at(&self, now: Timestamp) -> Option<WorkerStatus> {
        let is_fresh = self
            .last_heartbeat_at
            .is_some_and(|last| now.duration_since(last) < FRESH);
        Some(match self.status.as_deref()? {
            "ACTIVE" | "PAUSED" if is_fresh => WorkerStatus::Active,
            _ => WorkerStatus::Inactive,
        })
    }
}

#[derive(Deserialize)]
struct WorkerRow {
    metadata: WorkerMetadata,
    #[serde(flatten)]
    worker: Worker,
}

#[derive(Deserialize)]
struct WorkerMetadata {
    id: String,
}

#[derive(Deserialize)]
struct WorkerPage {
    /// None where there is no worker.
    rows: Option<Vec<WorkerRow>>,
}

impl Hatchet {
    /// Reads the token; nothing where there is none. `HATCHET_CLIENT_API_URL` goes before the token's own address.
    ///
    /// # Errors
    ///
    /// What is wrong with the token, which is not repeated.
    pub async fn new(
        settings: &HatchetSettings,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, HatchetError> {
        let token =
            match &settings.token_file {
                Some(file) => {
                    let text = tokio::fs::read_to_string(file).await;
                    Some(text.map_err(|error| {
                        HatchetError::Token(format!("{}: {error}", file.display()))
                    })?)
                }
                None => variable("HATCHET_CLIENT_TOKEN"),
            };
        let Some(token) = token else { return Ok(None) };
        let token = token.trim();
        let claims = claims(token).map_err(|reason| HatchetError::Token(reason.to_owned()))?;
        let url = variable("HATCHET_CLIENT_API_URL").unwrap_or(claims.server_url);
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| HatchetError::Token("no header can carry it".to_owned()))?;
        bearer.set_sensitive(true);
        Ok(Some(Self {
            outbound: Outbound::default(),
            address: Address::parse(&url)
                .map_err(|error| HatchetError::Token(error.to_string()))?,
            tenant: segment(&claims.sub),
            bearer,
        }))
    }

    /// How many tasks of these names wait.
    ///
    /// # Errors
    ///
    /// Why it is not known: above all 429, when too many ask.
    pub async fn queue(&self, tasks: &[String]) -> Result<Queue, HatchetError> {
        let names = tasks.iter().map(|task| ("taskNames", task));
        let query = Serializer::new(String::new()).extend_pairs(names).finish();
        let path = format!("/api/v1/tenants/{}/task-stats?{query}", self.tenant);
        let (body, now) = self.get(path).await?;
        let body: Value = read(&body)?;
        Queue::from_statistics(&body, now).map_err(HatchetError::Unreadable)
    }

    /// How Hatchet sees a worker.
    ///
    /// # Errors
    ///
    /// Why it is not known.
    pub async fn worker(&self, id: &str) -> Result<WorkerStatus, HatchetError> {
        let path = format!("/api/v1/workers/{}", segment(id));
        let (body, now) = match self.get(path).await {
            Err(HatchetError::Status(404)) => return Ok(WorkerStatus::None),
            answered => answered?,
        };
        let worker: Worker = read(&body)?;
        let status = worker.at(now);
        status.ok_or_else(|| HatchetError::Unreadable("it has no status".to_owned()))
    }

    /// A page of the tenant's workers after this many, with how Hatchet sees each. There are [`MAX_LISTED_WORKERS`] of them at
    /// the most, or all that an older engine has.
    ///
    /// # Errors
    ///
    /// Why it is not known.
    pub async fn workers(
        &self,
        offset: usize,
    ) -> Result<Vec<(String, WorkerStatus)>, HatchetError> {
        let path = format!(
            "/api/v1/tenants/{}/worker?limit={MAX_LISTED_WORKERS}&offset={offset}",
            self.tenant
        );
        let (body, now) = self.get(path).await?;
        let page: WorkerPage = read(&body)?;
        let rows = page.rows.unwrap_or_default().into_iter();
        let said = |row: WorkerRow| {
            let status = row.worker.at(now);
            (row.metadata.id, status.unwrap_or(WorkerStatus::None))
        };
        Ok(rows.map(said).collect())
    }

    /// The body of a success, and the time by Hatchet's clock.
    async fn get(&self, path: String) -> Result<(Vec<u8>, Timestamp), HatchetError> {
        let request = Request {
            method: Method::GET,
            path,
            headers: vec![(AUTHORIZATION, self.bearer.clone())],
            body: Vec::new(),
        };
        let response = self
            .outbound
            .send(&self.address, request, TIMEOUT, || true)
            .await
            .map_err(|error| HatchetError::NoAnswer(error.to_string()))?;
        if response.status != StatusCode::OK {
            return Err(HatchetError::Status(response.status.as_u16()));
        }
        let now = response.date().unwrap_or_else(Timestamp::now);
        Ok((response.body.to_vec(), now))
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, HatchetError> {
    serde_json::from_slice(body).map_err(|error| HatchetError::Unreadable(error.to_string()))
}

/// A part of a path, whatever a host calls its worker.
fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
        .replace('.', "%2E")
}

/// The words of errors hold nothing of the token.
fn claims(token: &str) -> Result<Claims, &'static str> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("it does not have the three parts of a JSON Web Token");
    };
    let json = BASE64_URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .map_err(|_| "its payload is not base64url")?;
    serde_json::from_slice(&json).map_err(|_| "it lacks a claim of Hatchet: sub or server_url")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_wrong_with_a_token_is_said_without_it() {
        for token in [
            "hush",
            "hush.hush",
            "a.hush!.c",
            "e30.eyJzdWIiOiJodXNoIn0.c",
        ] {
            let variable = |name: &str| (name == "HATCHET_CLIENT_TOKEN").then(|| token.to_owned());
            let error = Hatchet::new(&HatchetSettings::default(), variable)
                .await
                .err()
                .expect("refused");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        let none = Hatchet::new(&HatchetSettings::default(), |_| None).await;
        assert!(none.is_ok_and(|none| none.is_none()));
    }

    #[test]
    fn a_worker_that_is_called_like_a_path_stays_one_part() {
        assert_eq!(segment("../tenants/x y"), "%2E%2E%2Ftenants%2Fx%20y");
    }
}
