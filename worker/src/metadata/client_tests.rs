use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials as _;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, put};

use super::*;
use crate::testing;

const ZONE: &str = "us-east-1a";

/// A metadata service that gives tokens and counts them.
#[derive(Debug, Default)]
struct Service {
    tokens: AtomicUsize,
    /// How many of the tokens it has forgotten.
    forgotten: AtomicUsize,
    asked: AtomicUsize,
    /// What every question is answered with, unless it is 0.
    fault: AtomicU16,
    /// How often it still answers so.
    faults: AtomicUsize,
}

impl Service {
    fn fail(&self, status: u16, times: usize) {
        self.fault.store(status, Ordering::SeqCst);
        self.faults.store(times, Ordering::SeqCst);
    }

    fn forget_tokens(&self) {
        let given = self.tokens.load(Ordering::SeqCst);
        self.forgotten.store(given, Ordering::SeqCst);
    }

    fn answer(&self, headers: &HeaderMap, found: impl Into<String>) -> Response {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let token = headers.get(TOKEN_HEADER);
        let token: usize = token.map_or(0, |token| token.to_str().unwrap().parse().unwrap());
        if token <= self.forgotten.load(Ordering::SeqCst) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let left = |left: usize| left.checked_sub(1);
        let faults = &self.faults;
        if faults
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
            .is_ok()
        {
            let fault = self.fault.load(Ordering::SeqCst);
            return StatusCode::from_u16(fault).unwrap().into_response();
        }
        found.into().into_response()
    }
}

/// The service, and a client of it.
async fn service(life: &'static str) -> (Arc<Service>, Metadata) {
    let service = Arc::new(Service::default());
    let token = async move |State(service): State<Arc<Service>>, headers: HeaderMap| {
        assert_eq!(headers[LIFE_HEADER], "21600");
        let number = service.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        ([(LIFE_HEADER, life)], number.to_string())
    };
    let zone = async |State(service): State<Arc<Service>>, headers: HeaderMap| {
        service.answer(&headers, ZONE)
    };
    let role = async |State(service): State<Arc<Service>>, headers: HeaderMap| {
        service.answer(&headers, "valet\n")
    };
    let credentials = async |State(service): State<Arc<Service>>, headers: HeaderMap| {
        let end = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(1);
        let given = format!(
            r#"{{"Code": "Success", "AccessKeyId": "ASIA", "SecretAccessKey": "hidden",
                "Token": "session", "Expiration": "{end}"}}"#
        );
        service.answer(&headers, given)
    };
    let router = Router::new()
        .route(TOKEN, put(token))
        .route("/zone", get(zone))
        .route("/latest/meta-data/iam/security-credentials/", get(role))
        .route(
            "/latest/meta-data/iam/security-credentials/valet",
            get(credentials),
        )
        .with_state(Arc::clone(&service));
    let address = testing::serve(router).await;
    let endpoint = format!("http://{address}");
    let metadata = Metadata::at(endpoint, HttpClient::new(), Duration::from_secs(5));
    (service, metadata)
}

/// Asks for what is there.
async fn zone(metadata: &Metadata) -> String {
    let zone = metadata.optional("/zone").await.unwrap();
    zone.expect("it is there")
}

#[tokio::test]
async fn one_token_serves_until_it_is_refused_and_then_another_at_once() {
    let (service, metadata) = service("21600").await;
    let tokens = || service.tokens.load(Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(zone(&metadata).await, ZONE);
    }
    assert_eq!(tokens(), 1);
    service.forget_tokens();
    // Of several that are refused at once one asks for another.
    let (one, other) = tokio::join!(zone(&metadata), zone(&metadata));
    assert_eq!([one, other], [ZONE; 2]);
    assert_eq!(tokens(), 2);
}

#[tokio::test]
async fn a_token_is_not_used_up_to_its_very_end() {
    // MARGIN.
    let (service, metadata) = service("120").await;
    for _ in 0..2 {
        assert_eq!(zone(&metadata).await, ZONE);
    }
    assert_eq!(service.tokens.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn only_404_means_that_there_is_nothing() {
    let (service, metadata) = service("21600").await;
    assert_eq!(metadata.optional("/elsewhere").await, Ok(None));
    service.fail(500, 1);
    assert_eq!(zone(&metadata).await, ZONE);
    service.fail(503, 2);
    let error = metadata.optional("/zone").await.unwrap_err();
    assert_eq!(
        error,
        MetadataError::Status(StatusCode::SERVICE_UNAVAILABLE)
    );
    assert_eq!(error.to_string(), "it returned 503 Service Unavailable");
    // Nothing about a refusal says that the next one would be answered.
    let before = service.asked.load(Ordering::SeqCst);
    service.fail(403, 2);
    let error = metadata.optional("/zone").await.unwrap_err();
    assert_eq!(error, MetadataError::Status(StatusCode::FORBIDDEN));
    assert_eq!(service.asked.load(Ordering::SeqCst), before + 1);
}

#[tokio::test]
async fn credentials_that_cannot_be_renewed_are_used_on() {
    let (service, metadata) = service("21600").await;
    service.fail(500, usize::MAX);
    let error = metadata.provide_credentials().await.unwrap_err();
    assert!(format!("{error:?}").contains("500"), "{error:?}");
    service.fail(0, 0);
    let first = metadata.provide_credentials().await.unwrap();
    assert_eq!(first.access_key_id(), "ASIA");
    assert_eq!(first.session_token(), Some("session"));
    // They had ended when they were given, and count on.
    assert!(first.expiry().unwrap() > SystemTime::UNIX_EPOCH + since_1970());
    service.fail(500, usize::MAX);
    let again = metadata.provide_credentials().await.unwrap();
    assert_eq!(again.access_key_id(), "ASIA");
    assert!(metadata.fallback_on_interrupt().is_some());
}

fn since_1970() -> Duration {
    let now = jiff::Timestamp::now().as_second();
    Duration::from_secs(now.unsigned_abs())
}
