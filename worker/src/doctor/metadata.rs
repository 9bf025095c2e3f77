//! Whether the metadata service answers with a token and refuses without one, and whether its clock
//! is ours. Asked by hand: the agent's client never asks without a token.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::DATE;
use hyper::{Method, Request, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::finding::{Finding, Unmet};
use crate::http::HttpResponse;
use crate::http_client::HttpClient;
use crate::metadata;
use crate::timeout::within;

/// How long it may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How far the clocks may be apart. Deadlines are computed from AWS's times.
const APART: i64 = 5;

/// Asks it for a token, and for something without one.
pub async fn check() -> Vec<Finding> {
    let token = request(Method::PUT, "/latest/api/token").await;
    let with_token = token.as_ref().map_err(Clone::clone).and_then(|answer| {
        if answer.status.is_success() {
            Ok("it issues a token".to_owned())
        } else {
            Err(Unmet(format!("it issues no token: {}", answer.status)))
        }
    });
    let without = request(Method::GET, "/latest/meta-data/")
        .await
        .and_then(|answer| {
            if answer.status == StatusCode::UNAUTHORIZED {
                Ok("it answers 401 without a token".to_owned())
            } else {
                Err(Unmet(format!(
                    "it answers {} without a token: set http_tokens to required",
                    answer.status
                )))
            }
        });
    vec![
        Finding::new("metadata", "IMDSv2 responds", with_token),
        Finding::new("metadata", "IMDSv1 is disabled", without),
        Finding::new(
            "clock",
            "the clock is accurate",
            token.and_then(|answer| clock(&answer)),
        ),
    ]
}

fn clock(answer: &HttpResponse) -> Result<String, Unmet> {
    let date = answer
        .headers
        .get(DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| rfc2822::parse(date).ok())
        .ok_or_else(|| Unmet("the metadata service's response has no Date header".to_owned()))?;
    let apart = Timestamp::now().duration_since(date.timestamp()).as_secs();
    let detail = format!("{apart} s off the metadata service's clock");
    if apart.abs() <= APART {
        Ok(detail)
    } else {
        Err(Unmet(format!("{detail}: read `chronyc tracking`")))
    }
}

async fn request(method: Method, path: &str) -> Result<HttpResponse, Unmet> {
    let endpoint = metadata::endpoint();
    let http_request = Request::builder()
        .method(method)
        .uri(format!("{endpoint}{path}"))
        .header(metadata::LIFE_HEADER, "60")
        .body(Full::new(Bytes::new()))
        .map_err(|error| Unmet(format!("{endpoint}: {error}")))?;
    within(TIMEOUT, HttpClient::new().send(http_request))
        .await
        .map_err(|error| Unmet(format!("{endpoint}: {error}")))
}
