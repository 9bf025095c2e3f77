//! The client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};
use tokio::sync::Mutex;

use super::error::MetadataError;
use super::role::LastCredentials;
use crate::http::{HttpError, HttpResponse};
use crate::http_client::HttpClient;
use crate::timeout::within;

/// Where the service is, unless `AWS_EC2_METADATA_SERVICE_ENDPOINT` says otherwise, as for AWS's own
/// programs.
const ENDPOINT: &str = "http://169.254.169.254";
const ENDPOINT_VARIABLE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

const TOKEN: &str = "/latest/api/token";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";
/// Says how many seconds a token lives: in the question as asked for, in the answer as given.
pub const LIFE_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// How long a token may live at the most, which is what is asked for (EC2 User Guide, "How Instance
/// Metadata Service Version 2 works").
const LIFE: HeaderValue = HeaderValue::from_static("21600");

/// A token that ends within this time is not used any more.
const MARGIN: Duration = Duration::from_mins(2);

/// The metadata service. Clones share one token and one set of credentials.
#[derive(Clone, Debug)]
pub struct Metadata(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: HttpClient,
    endpoint: String,
    timeout: Duration,
    token: Mutex<Option<Token>>,
    last_credentials: LastCredentials,
}

#[derive(Clone, Debug)]
struct Token {
    value: HeaderValue,
    /// By a clock that nobody sets.
    ends: Instant,
}

impl Metadata {
    /// Reads with this client; `timeout` is for one answer.
    #[must_use]
    pub fn new(http: HttpClient, timeout: Duration) -> Self {
        Self::at(endpoint(), http, timeout)
    }

    fn at(endpoint: String, http: HttpClient, timeout: Duration) -> Self {
        Self(Arc::new(Inner {
            http,
            endpoint,
            timeout,
            token: Mutex::default(),
            last_credentials: LastCredentials::default(),
        }))
    }

    /// What it has at a path. Only 404 means that there is nothing; everything else means that we do
    /// not know. It is asked once more where it could not answer or has refused the token.
    ///
    /// # Errors
    ///
    /// Why we do not know.
    pub async fn optional(&self, path: &str) -> Result<Option<String>, MetadataError> {
        let mut answer = self.get_once(path).await;
        if matches!(&answer, Ok(answer) if is_passing(answer.status)) || answer.is_err() {
            answer = self.get_once(path).await;
        }
        let answer = answer?;
        match answer.status {
            status if status.is_success() => match String::from_utf8(answer.body.into()) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(MetadataError::NotText(path.to_owned())),
            },
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(MetadataError::Status(status)),
        }
    }

    async fn get_once(&self, path: &str) -> Result<HttpResponse, MetadataError> {
        let token = self.token().await?;
        let header = (TOKEN_HEADER, token.clone());
        let answer = self.0.send(Method::GET, path, header).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.forget(&token).await;
        }
        Ok(answer)
    }

    /// The token, a new one where there is none that still counts. Who asks meanwhile waits for it.
    async fn token(&self) -> Result<HeaderValue, MetadataError> {
        let mut cached = self.0.token.lock().await;
        if let Some(token) = cached.as_ref()
            && token.ends > Instant::now() + MARGIN
        {
            return Ok(token.value.clone());
        }
        let token = self.0.new_token().await?;
        let value = token.value.clone();
        *cached = Some(token);
        Ok(value)
    }

    /// The credentials that its role was given last.
    pub(super) fn last_credentials(&self) -> &LastCredentials {
        &self.0.last_credentials
    }

    /// Of several that were refused at once only the first gets here before there is a new one.
    async fn forget(&self, refused: &HeaderValue) {
        let mut cached = self.0.token.lock().await;
        if cached.as_ref().is_some_and(|token| token.value == refused) {
            tracing::info!("the metadata service rejected the IMDSv2 token; requesting a new one");
            *cached = None;
        }
    }
}

impl Inner {
    async fn new_token(&self) -> Result<Token, MetadataError> {
        let asked = Instant::now();
        let answer = self.send(Method::PUT, TOKEN, (LIFE_HEADER, LIFE)).await?;
        if !answer.status.is_success() {
            return Err(MetadataError::NoToken(answer.status));
        }
        let mut value =
            HeaderValue::from_maybe_shared(answer.body).map_err(|_| MetadataError::InvalidToken)?;
        value.set_sensitive(true);
        // One that does not say how long it lives is used once.
        let seconds = answer.headers.get(LIFE_HEADER);
        let seconds = seconds.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        let ends = asked + Duration::from_secs(seconds.unwrap_or(0));
        Ok(Token { value, ends })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        (name, value): (&str, HeaderValue),
    ) -> Result<HttpResponse, HttpError> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header(name, value)
            .body(Full::new(Bytes::new()))
            .map_err(|error| HttpError::invalid_request(&error))?;
        within(self.timeout, self.http.send(request)).await
    }
}

/// Where the service is, without a slash at the end.
#[must_use]
pub fn endpoint() -> String {
    let named = std::env::var(ENDPOINT_VARIABLE).ok();
    let endpoint = named.as_deref().unwrap_or(ENDPOINT);
    endpoint.trim_end_matches('/').to_owned()
}

/// Whether the same question may well be answered the next time.
fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::UNAUTHORIZED || status.is_server_error()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
