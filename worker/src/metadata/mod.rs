//! The metadata service (IMDSv2), asked with plain requests.
//!
//! The SDK's client keeps its token until that ends by the host's clock, also when the service
//! refuses it: a clock that was set back, or a service that has forgotten its tokens, would leave the
//! host without notices for up to six hours. Here a token that is refused is replaced at once. And
//! the looks at the notices are most of what the agent ever does: a plain request costs it a third of
//! one by the SDK.

mod role;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};
use tokio::sync::Mutex;

use crate::error::chain;
use crate::http::HttpResponse;
use crate::http_client::HttpClient;

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
    role: role::LastCredentials,
}

#[derive(Clone, Debug)]
struct Token {
    value: HeaderValue,
    /// By a clock that nobody sets.
    ends: Instant,
}

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
enum MetadataError {
    /// It has nothing there.
    NotFound,
    /// The rest, in message.
    Other(String),
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
            role: role::LastCredentials::default(),
        }))
    }

    /// What it has at a path. Only 404 means that there is nothing; everything else means that we do
    /// not know.
    ///
    /// # Errors
    ///
    /// Why we do not know, in message.
    pub async fn optional(&self, path: &str) -> Result<Option<String>, String> {
        match self.get(path).await {
            Ok(text) => Ok(Some(text)),
            Err(MetadataError::NotFound) => Ok(None),
            Err(MetadataError::Other(message)) => Err(message),
        }
    }

    /// Asks, and once more where the service could not answer or has refused the token.
    async fn get(&self, path: &str) -> Result<String, MetadataError> {
        let mut answer = self.get_once(path).await;
        if matches!(&answer, Ok(answer) if is_passing(answer.status)) || answer.is_err() {
            answer = self.get_once(path).await;
        }
        let answer = answer.map_err(MetadataError::Other)?;
        match answer.status {
            status if status.is_success() => String::from_utf8(answer.body.into())
                .map_err(|_| MetadataError::Other(format!("{path} is not UTF-8 text"))),
            StatusCode::NOT_FOUND => Err(MetadataError::NotFound),
            status => Err(MetadataError::Other(format!("it returned {status}"))),
        }
    }

    async fn get_once(&self, path: &str) -> Result<HttpResponse, String> {
        let token = self.token().await?;
        let header = (TOKEN_HEADER, token.clone());
        let answer = self.0.send(Method::GET, path, header).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.forget(&token).await;
        }
        Ok(answer)
    }

    /// The token, a new one where there is none that still counts. Who asks meanwhile waits for it.
    async fn token(&self) -> Result<HeaderValue, String> {
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
    async fn new_token(&self) -> Result<Token, String> {
        let asked = Instant::now();
        let answer = self.send(Method::PUT, TOKEN, (LIFE_HEADER, LIFE)).await?;
        if !answer.status.is_success() {
            return Err(format!("it issues no token: {}", answer.status));
        }
        let mut value = HeaderValue::from_maybe_shared(answer.body)
            .map_err(|_| "its token has characters that an HTTP header cannot carry".to_owned())?;
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
    ) -> Result<HttpResponse, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header(name, value)
            .body(Full::new(Bytes::new()))
            .map_err(|error| chain(&error))?;
        match tokio::time::timeout(self.timeout, self.http.send(request)).await {
            Ok(answer) => answer,
            Err(_) => {
                let seconds = self.timeout.as_secs_f64();
                Err(format!("no answer within {seconds} s"))
            }
        }
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
mod tests;
